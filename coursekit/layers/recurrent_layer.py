"""What the recurrent layers share: Keras' arguments, masks and cuDNN around the quick loop."""

import keras
import tensorflow as tf

from coursekit.layers.recurrent_cell import gate_products
from coursekit.layers.recurrent_loop import recurrent_loop


class RecurrentLayer:
    """Mixin of a Keras recurrent layer: owns a `RecurrentCell` and runs it with `recurrent_loop`.

    Where a GPU is present and cuDNN can do the work, Keras' own cuDNN path does it.
    Legend: B batch, T steps, D features, U units, G gates.

    Attributes:
        cell_class: the class of the cell.
        cell_name: the name of the cell, the same as in Keras, so that weight files fit both.
    """

    cell_class: type
    cell_name: str

    def __init__(
        self,
        units,
        *,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        activity_regularizer=None,
        use_cudnn="auto",
        name=None,
        trainable=True,
        dtype=None,
        **cell_arguments,
    ):
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f'`use_cudnn` must be "auto", True or False. Received: use_cudnn={use_cudnn}'
            )
        cell = self.cell_class(
            units, name=self.cell_name, trainable=trainable, dtype=dtype, **cell_arguments
        )
        # Past the constructor of keras.layers.LSTM or GRU, which would make a cell of its own.
        keras.layers.RNN.__init__(
            self,
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            activity_regularizer=activity_regularizer,
            name=name,
            trainable=trainable,
            dtype=dtype,
        )
        self.input_spec = keras.InputSpec(ndim=3)
        self.use_cudnn = use_cudnn
        if self.cudnn_obstacle() is None:
            self.supports_jit = False  # XLA cannot compile a model that holds cuDNN's loop

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """(B, T, D) and a mask (B, T) to the last output, all outputs and the last states."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        mask = None if mask is None else tf.cast(mask, tf.bool)
        # Variables, where the layer is stateful, are read here: the loop's gradient needs tensors.
        states = [tf.convert_to_tensor(state) for state in initial_state]
        obstacle = self.cudnn_obstacle()
        if obstacle is not None:
            if self.use_cudnn is True:
                raise ValueError(
                    f"cuDNN cannot run {self.name}: {obstacle}. Received: use_cudnn=True"
                )
            return self.own_loop(sequences, states, mask, training)
        if mask is None:
            return self.cudnn_loop(sequences, states, None, training)
        return tf.cond(
            cudnn_accepts(mask),
            lambda: self.cudnn_loop(sequences, states, mask, training),
            lambda: self.own_loop(sequences, states, mask, training),
        )

    def own_loop(self, sequences, states, mask, training):
        inputs = tf.transpose(sequences, [1, 0, 2])  # (T, B, D)
        keep = None if mask is None else tf.transpose(mask)[:, :, None]  # (T, B, 1)
        if self.go_backwards:
            inputs = tf.reverse(inputs, [0])
            keep = None if keep is None else tf.reverse(keep, [0])
        hidden, states = recurrent_loop(
            self.cell,
            self.input_gates(inputs, training),
            states,
            keep,
            self.cell.state_masks(states[0], training),
            self.return_sequences,
            self.unroll,
        )
        if keep is None:
            shown = None
        elif self.zero_output_for_mask:
            shown = keep
        else:  # before a row's first step there is no output to repeat
            shown = tf.cumsum(tf.cast(keep, tf.int32)) > 0
        last = show(states[0], None if shown is None else shown[-1])  # (B, U)
        if not self.return_sequences:
            return last, last[:, None, :], states
        return last, tf.transpose(show(hidden, shown), [1, 0, 2]), states  # (B, T, U)

    def input_gates(self, inputs, training):
        """(T, B, D) to the inputs' share of each gate, a list of G tensors (T, B, U)."""
        num_gates = self.cell.num_gates
        seen = self.cell.seen_inputs(inputs, training)
        seen = seen if isinstance(seen, list) else [seen] * num_gates
        flat = [tf.reshape(x, [-1, x.shape[-1]]) for x in seen]  # G of (T*B, D)
        gates = gate_products(flat, *self.cell.input_weights(), num_gates)
        shape = tf.shape(inputs)
        gates = [tf.reshape(gate, [shape[0], shape[1], self.units]) for gate in gates]
        return [tf.ensure_shape(gate, [*inputs.shape[:2], self.units]) for gate in gates]

    def cudnn_loop(self, sequences, states, mask, training):
        last, outputs, states = super().inner_loop(sequences, states, mask, training)
        repeats = self.return_sequences and not (self.zero_output_for_mask or self.go_backwards)
        if mask is not None and repeats:  # cuDNN puts zeros after a row's last step
            outputs = tf.where(mask[:, :, None], outputs, states[0][:, None, :])
        return last, outputs, list(states)

    def cudnn_obstacle(self):
        """Why cuDNN cannot run this layer, or None when it can."""
        if self.use_cudnn is False:
            return "use_cudnn is False"
        if not isinstance(self, (keras.layers.LSTM, keras.layers.GRU)):
            return "only LSTM and GRU have a cuDNN path"
        if self.activation is not keras.activations.tanh:
            return "activation is not tanh"
        if self.recurrent_activation is not keras.activations.sigmoid:
            return "recurrent_activation is not sigmoid"
        if not getattr(self, "reset_after", True):
            return "reset_after is False"
        if not self.use_bias:
            return "use_bias is False"
        if self.recurrent_dropout:
            return "recurrent_dropout is not 0"
        if self.unroll:
            return "unroll is True"
        if not tf.config.list_logical_devices("GPU"):
            return "there is no GPU"
        return None

    def get_config(self):
        return {
            **super().get_config(),
            "activity_regularizer": keras.regularizers.serialize(self.activity_regularizer),
            "use_cudnn": self.use_cudnn,
        }


def show(outputs, shown):
    """Zeros where `shown` is False; it is None where everything is shown."""
    return outputs if shown is None else tf.where(shown, outputs, tf.zeros_like(outputs))


def cudnn_accepts(mask):
    """Whether every row of a mask (B, T) has a step and all its padding on the right."""
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    right_padded = tf.sequence_mask(lengths, maxlen=tf.shape(mask)[1])
    return tf.reduce_all(mask == right_padded) & tf.reduce_all(lengths > 0)

"""What the recurrent layers share: the hoisted input product and the loop over time.

    projected = dropout(inputs) @ kernel + bias                      # all steps in one product
    for t in range(T):
        output[t], states = cell.step(projected[:, t], states)       # only the recurrent part

Legend: B batch, T steps, D features, U units, G gates (LSTM 4, GRU 3, simple 1).
"""

import keras
import tensorflow as tf


class RecurrentCell:
    """Mixin of a Keras cell: the step in two parts, `project_inputs` and `step`."""

    num_gates = 1

    def call(self, inputs, states, training=False):
        """One step, (B, D) and the old states to (B, U) and the new states."""
        states_given = states if isinstance(states, (list, tuple)) else [states]
        projected = self.project_inputs(inputs, training=training)
        output, new_states = self.step(projected, states_given, training=training)
        return output, new_states if isinstance(states, (list, tuple)) else new_states[0]

    def input_bias(self):
        """What the input product adds: the bias, or the input's half of it."""
        return self.bias

    def project_inputs(self, inputs, training=False):
        """(B, D) or (B, T, D) to the inputs' share of every gate, (B, G*U) or (B, T, G*U)."""
        masks = None
        if training and self.dropout > 0:
            first_step = inputs[:, 0, :] if len(inputs.shape) == 3 else inputs
            masks = self.get_dropout_mask(first_step)
        if masks is not None and len(inputs.shape) == 3:
            masks = keras.tree.map_structure(lambda mask: mask[:, None, :], masks)
        if isinstance(masks, list):  # a mask for each gate
            kernels = keras.ops.split(self.kernel, self.num_gates, axis=1)
            shares = [(inputs * mask) @ kernel for mask, kernel in zip(masks, kernels, strict=True)]
            projected = keras.ops.concatenate(shares, axis=-1)
        else:
            inputs = inputs if masks is None else inputs * masks
            projected = keras.ops.matmul(inputs, self.kernel)
        return projected + self.input_bias() if self.use_bias else projected

    def recurrent_inputs(self, state, training=False):
        """The state as each gate sees it: one tensor, or one for each gate under dropout."""
        if not (training and self.recurrent_dropout > 0):
            return state
        masks = self.get_recurrent_dropout_mask(state)
        if isinstance(masks, list):
            return [state * mask for mask in masks]
        return state * masks

    def recurrent_product(self, recurrent_inputs, first_gate=0, last_gate=None):
        """(B, U), or one (B, U) for each gate, times the gates' recurrent kernels: (B, gates*U)."""
        last_gate = self.num_gates if last_gate is None else last_gate
        units = self.units
        if not isinstance(recurrent_inputs, list):
            kernel = self.recurrent_kernel[:, first_gate * units : last_gate * units]
            return keras.ops.matmul(recurrent_inputs, kernel)
        products = [
            keras.ops.matmul(
                recurrent_inputs[gate], self.recurrent_kernel[:, gate * units : (gate + 1) * units]
            )
            for gate in range(first_gate, last_gate)
        ]
        return keras.ops.concatenate(products, axis=-1)


class RecurrentLayer:
    """Mixin of a Keras recurrent layer: the loop over hoisted projections."""

    cell_class: type  # the cell that a layer of this class owns
    cell_name: str

    def __init__(
        self,
        units,
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
        if unroll:
            raise ValueError(f"The loop is chosen by the layer. Received: unroll={unroll}")
        cell = self.cell_class(
            units, name=self.cell_name, trainable=trainable, dtype=dtype, **cell_arguments
        )
        keras.layers.RNN.__init__(
            self,
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            zero_output_for_mask=zero_output_for_mask,
            activity_regularizer=activity_regularizer,
            name=name,
            trainable=trainable,
            dtype=dtype,
        )
        self.input_spec = keras.InputSpec(ndim=3)
        self.use_cudnn = use_cudnn

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """(B, T, D) and a mask (B, T) to the last output, all outputs and the last states."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        projected = self.cell.project_inputs(sequences, training=training)  # (B, T, G*U)
        projected = tf.transpose(projected, [1, 0, 2])  # (T, B, G*U)
        keep = None
        if mask is not None:
            keep = tf.transpose(tf.cast(mask, tf.bool))[:, :, None]  # (T, B, 1)
        if self.go_backwards:
            projected = tf.reverse(projected, [0])
            keep = None if keep is None else tf.reverse(keep, [0])

        def step(projected, states):
            return self.cell.step(projected, states, training=training)

        outputs, states = loop_over_steps(
            step, projected, list(initial_state), keep, self.zero_output_for_mask
        )
        return outputs[-1], tf.transpose(outputs, [1, 0, 2]), states


def loop_over_steps(step, projected, states, keep=None, zero_output_for_mask=False):
    """Run `step` over (T, B, G*U); a masked step keeps the states and repeats the output.

    Returns all outputs (T, B, U) and the last states.
    """
    steps = tf.shape(projected)[0]
    output_shape = states[0].shape
    outputs = tf.TensorArray(states[0].dtype, size=steps, element_shape=output_shape)
    rows = tf.TensorArray(projected.dtype, size=steps).unstack(projected)
    keeps = None if keep is None else tf.TensorArray(tf.bool, size=steps).unstack(keep)

    def body(time, outputs, output, *states):
        states = list(states)
        new_output, new_states = step(rows.read(time), states)
        if keeps is not None:
            kept = keeps.read(time)
            old_output = tf.zeros_like(output) if zero_output_for_mask else output
            new_output = tf.where(kept, new_output, old_output)
            new_states = [
                tf.where(kept, new, old) for new, old in zip(new_states, states, strict=True)
            ]
        return (time + 1, outputs.write(time, new_output), new_output, *new_states)

    _, outputs, _, *states = tf.while_loop(
        lambda time, *_: time < steps,
        body,
        (tf.constant(0), outputs, tf.zeros_like(states[0]), *states),
        maximum_iterations=steps,
    )
    return outputs.stack(), states

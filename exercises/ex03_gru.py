"""Unit 3. The gated recurrent unit.

A GRU (Cho et al. 2014) remembers as well as an LSTM with a single state and two gates. The update gate
z decides how much of the old state is kept, the reset gate r how much of it the candidate for the new
state may see. Two forms are in use, and they differ in one place: where the reset gate acts. You
write both, and then a Keras cell that owns its weights and can be either.

Letters for shapes: B sequences in a batch, D features of an input, U units of the state. Arguments
are tensors; they may also be NumPy arrays, and they must not be changed in place. Results have the
dtype of the inputs: float16 in, float16 out.

The weights of the update gate z, the reset gate r and the candidate h stand side by side in this
order, as in Keras: the first U columns belong to z, the next U to r, the last U to h. (PyTorch and
cuDNN have r first.)
"""

import keras
from keras import ops


def gru_step(inputs, state, kernel, recurrent_kernel, bias):
    """One step of a GRU as it was first published: the reset gate acts before the product.

        z = sigmoid(inputs @ kernel_z + state @ recurrent_kernel_z + bias_z)
        r = sigmoid(inputs @ kernel_r + state @ recurrent_kernel_r + bias_r)
        candidate = tanh(inputs @ kernel_h + (r * state) @ recurrent_kernel_h + bias_h)
        new_state = z * state + (1 - z) * candidate

    where `*` multiplies number by number and `kernel_z` is the first third of the columns of
    `kernel`, and so on. With z near one the old state is kept. (Some texts give z the opposite
    meaning; here it is Keras'.)

    Args:
        inputs: (B, D), what each sequence of the batch shows at this step.
        state: (B, U), the state that the step before left.
        kernel: (D, 3U), weights of the input.
        recurrent_kernel: (U, 3U), weights of the state.
        bias: (3U,), added to every row.

    Returns:
        The new state, (B, U).
    """
    raise NotImplementedError("ex03_gru: gru_step is not written yet")


def gru_step_reset_after(inputs, state, kernel, recurrent_kernel, bias):
    """One step of a GRU as Keras and cuDNN run it: the reset gate acts after the product.

        x_z, x_r, x_h = split(inputs @ kernel + input_bias)
        s_z, s_r, s_h = split(state @ recurrent_kernel + recurrent_bias)
        z = sigmoid(x_z + s_z)
        r = sigmoid(x_r + s_r)
        candidate = tanh(x_h + r * s_h)
        new_state = z * state + (1 - z) * candidate

    The state is multiplied once for all gates, so one large product takes the place of three, or of
    two that wait for each other. The recurrent bias is part of what the reset gate scales.

    Args:
        inputs: (B, D), what each sequence of the batch shows at this step.
        state: (B, U), the state that the step before left.
        kernel: (D, 3U), weights of the input.
        recurrent_kernel: (U, 3U), weights of the state.
        bias: (2, 3U); row 0 is the input bias, row 1 the recurrent bias.

    Returns:
        The new state, (B, U).
    """
    raise NotImplementedError("ex03_gru: gru_step_reset_after is not written yet")


class GRUCell(keras.layers.Layer):
    """A GRU step that owns its weights, in the form Keras expects of a cell.

    The cell has three weights, in this order: `kernel` (D, 3U), `recurrent_kernel` (U, 3U), and
    `bias`, whose shape depends on the form of the step. The constructor and the two kernels are
    given; you create the bias and write the call.

    Args:
        units: U, the size of the state.
        reset_after: whether a step is `gru_step_reset_after` (True) or `gru_step` (False).
    """

    def __init__(self, units, reset_after=True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        """Creates the weights. The last one is yours: a bias of the shape that the cell's form of the
        step takes, trainable, and zero at the start. `add_weight` takes `initializer="zeros"`."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], 3 * self.units),
            initializer="glorot_uniform",
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, 3 * self.units),
            initializer="orthogonal",
        )
        raise NotImplementedError("ex03_gru: GRUCell.build is not written yet")

    def call(self, inputs, states, training=None):
        """One step with the cell's own weights. The cell itself remembers nothing between calls.

        Args:
            inputs: (B, D).
            states: `[state]`, a list (or tuple) with one tensor, (B, U).
            training: not needed by this cell; Keras passes it to every cell.

        Returns:
            `(output, [state])`, each (B, U). The output of a GRU is its new state.
        """
        raise NotImplementedError("ex03_gru: GRUCell.call is not written yet")

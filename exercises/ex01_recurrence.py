"""Unit 1. Recurrence and its limits.

A recurrent network reads a sequence one element at a time and keeps what it has read in a state of
fixed size. You write one step of the simplest such network, run it over a batch of padded
sequences, and then measure two of its limits: how little of an early input is left in the last
state, and how many operations have to wait for one another.

Letters for shapes: B sequences in a batch, T steps in time, D features of an input, U units of the
state. Arguments are tensors; they may also be NumPy arrays, and they must not be changed in place.
Results have the dtype of the inputs: float16 in, float16 out.
"""

import tensorflow as tf
from keras import ops


def rnn_step(inputs, state, kernel, recurrent_kernel, bias):
    """One step of a simple recurrent network: mixes what comes in with what is remembered.

        new_state = tanh(inputs @ kernel + state @ recurrent_kernel + bias)

    Args:
        inputs: (B, D), what each sequence of the batch shows at this step.
        state: (B, U), the state that the step before left.
        kernel: (D, U), weights of the input.
        recurrent_kernel: (U, U), weights of the state.
        bias: (U,), added to every row.

    Returns:
        The new state, (B, U).
    """
    raise NotImplementedError("ex01_recurrence: rnn_step is not written yet")


def run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias, padding_mask=None):
    """Runs `rnn_step` over whole sequences, from the first step to the last.

        state[t] = rnn_step(inputs[:, t], state[t - 1], kernel, recurrent_kernel, bias)
        outputs[:, t] = state[t]

    where state[-1] is `initial_state`. The same weights serve every step.

    Masking: sequences of a batch differ in length, so shorter ones are filled up with padding.
    Where `padding_mask[b, t]` is False, row b keeps the state it had, whatever its input says, and
    its output at that step is the kept state once more. Padding may stand anywhere: at the end, at
    the front, in the middle, or in the whole row.

    A Python loop over the T steps is fine, and so is a loop of TensorFlow or Keras. It has to work
    inside `tf.function` too, where T is known and B may not be.

    Args:
        inputs: (B, T, D).
        initial_state: (B, U), the state before the first step.
        kernel: (D, U).
        recurrent_kernel: (U, U).
        bias: (U,).
        padding_mask: Boolean (B, T), True for a real element and False for padding. None means
            that every element is real.

    Returns:
        `(outputs, last_state)`: the states after each step, (B, T, U), and the state after the last
        step, (B, U).
    """
    raise NotImplementedError("ex01_recurrence: run_rnn is not written yet")


def gradient_by_step(inputs, initial_state, kernel, recurrent_kernel, bias):
    """How strongly the last state depends on the input of each step.

    With `last_state` from `run_rnn`,

        gradient = d sum(last_state) / d inputs                     (B, T, D)
        result[t] = sqrt(sum over b and d of gradient[b, t, d] ** 2)

    where sum(last_state) adds up all B * U numbers of the last state. On its way back to step t the
    gradient is multiplied by `recurrent_kernel` and by the slope of tanh once for every step in
    between: factors below one make it vanish, so an early input ("The cat was a wild one ...") can
    hardly teach the network what comes much later ("... He liked to").

    `tf.GradientTape` takes gradients of the sum of whatever it is given; it follows a tensor that is
    not a variable only after `tape.watch(tensor)`.

    Args:
        inputs: (B, T, D), without padding.
        initial_state: (B, U).
        kernel: (D, U).
        recurrent_kernel: (U, U).
        bias: (U,).

    Returns:
        A tensor of one norm for each step, (T,): the first belongs to the first input, the last to the last.
    """
    raise NotImplementedError("ex01_recurrence: gradient_by_step is not written yet")


def sequential_operations(kind, sequence_length, num_layers):
    """How many operations have to wait for one another, however many processors there are.

    One operation is one step of one recurrent layer (`kind="rnn"`), or one attention layer applied
    to all positions at once (`kind="attention"`). An operation can start as soon as the operations
    whose results it needs have finished, and any number of operations can run at the same time:

    - Step t of a recurrent layer needs step t - 1 of its own layer and step t of the layer below.
      A layer does not wait for the layer below to reach the end of the sequence.
    - An attention layer needs the layer below, and nothing of its own layer.

    The result is the number of operations in the longest chain in which each needs the one before:
    the time the whole stack takes when every operation takes one unit of time.

    Args:
        kind: `"rnn"` or `"attention"`.
        sequence_length: T, at least 1.
        num_layers: number of layers stacked on each other, at least 1.

    Returns:
        The length of the longest chain, an int. Two recurrent layers over three steps: 4.

    Raises:
        ValueError: if `kind` is neither of the two; the message ends "Received: kind=..." with the
            value that came in.
    """
    raise NotImplementedError("ex01_recurrence: sequential_operations is not written yet")

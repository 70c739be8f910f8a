"""A loop over time steps: written out where their number is known, else a while loop."""

import tensorflow as tf

LONGEST_UNROLLED = 32  # beyond, building the graph costs more time than it saves


class TimeSteps:
    """The steps of one sequence and the loops over them.

    Inside, a tensor (T, ...) is kept as a *series* that is read and written step by step: a Python
    list of tensors (written out) or a `tf.TensorArray` (while loop). Written out is faster, as
    nothing is copied into and out of arrays, but takes longer to build, and far longer to compile
    with XLA.

    Args:
        example: a tensor (T, ...) that tells the number of steps.
        unroll: write the steps out, however many there are.
    """

    def __init__(self, example, unroll=False):
        static = example.shape[0]
        short = static is not None and (static <= LONGEST_UNROLLED or tf.executing_eagerly())
        self.unrolled = static is not None and (unroll or (short and not compiled_by_xla()))
        self.count = static if self.unrolled else tf.shape(example)[0]

    def split(self, tensor):
        """A tensor (T, ...) to a series."""
        if self.unrolled:
            return tf.unstack(tensor, num=self.count)
        return tf.TensorArray(tensor.dtype, self.count, clear_after_read=False).unstack(tensor)

    def stack(self, series):
        """A series of (B, ...) to a tensor (T, B, ...)."""
        return tf.stack(series) if self.unrolled else series.stack()

    def join(self, series):
        """A series of (B, U) to a tensor (T*B, U)."""
        return tf.concat(series, axis=0) if self.unrolled else series.concat()

    def scan(self, step, inputs, states, num_outputs, reverse=False):
        """Applies `step` to every step's inputs and the states before it.

        Args:
            step: a function of a list of tensors, this step's inputs, and a list of states (B, U).
                Returns the new states and a list of `num_outputs` tensors of the states' shape and
                dtype.
            inputs: list of series.
            states: list of (B, U).
            num_outputs: how many series of outputs there are.
            reverse: run from the last step to the first; outputs stand in the inputs' order.

        Returns:
            The last states and the list of output series.
        """
        if self.unrolled:
            outputs = [[None] * self.count for _ in range(num_outputs)]
            for time in reversed(range(self.count)) if reverse else range(self.count):
                states, written = step([series[time] for series in inputs], states)
                for series, tensor in zip(outputs, written, strict=True):
                    series[time] = tensor
            return states, outputs

        def body(turn, states, outputs):
            time = self.count - 1 - turn if reverse else turn
            new_states, written = step([series.read(time) for series in inputs], states)
            for new, old in zip(new_states, states, strict=True):
                new.set_shape(old.shape)
            outputs = [
                series.write(time, tensor) for series, tensor in zip(outputs, written, strict=True)
            ]
            return turn + 1, new_states, outputs

        outputs = [
            tf.TensorArray(
                states[0].dtype,
                self.count,
                element_shape=states[0].shape,
                clear_after_read=False,
            )
            for _ in range(num_outputs)
        ]
        _, states, outputs = tf.while_loop(
            lambda turn, *_: turn < self.count,
            body,
            (tf.constant(0), list(states), outputs),
            maximum_iterations=self.count,
        )
        return states, outputs


def compiled_by_xla():
    """Whether the function that is being traced will be compiled with XLA."""
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()  # no public way to ask
        if context is not None and context.IsXLAContext():
            return True
        graph = getattr(graph, "outer_graph", None)
    return False

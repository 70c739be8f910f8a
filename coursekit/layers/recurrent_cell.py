"""What the recurrent cells share: Keras' weights, and a step whose matrix products are apart."""

import tensorflow as tf


class RecurrentCell:
    """Mixin of a Keras cell: the class writes its equation in `step`.

    Weights, initialisers, dropout and configuration are those of the Keras cell, so that weights
    move freely between the two. Legend: B batch, T steps, D features, U units, G gates.

    Attributes:
        num_gates: G. The kernels hold the gates side by side, (D, G*U) and (U, G*U).
        apart_gates: the gates that do more with their recurrent product than add it to the
            inputs' share.
        late_gates: the gates, last in order, whose product sees something else than the hidden
            state as it came in.
    """

    num_gates = 1
    apart_gates = ()
    late_gates = ()

    def __init__(self, units, **kwargs):
        if not hasattr(units, "__index__") or units <= 0:
            raise ValueError(f"`units` must be a positive integer. Received: units={units}")
        for name in ("dropout", "recurrent_dropout"):
            rate = kwargs.get(name, 0.0)
            if not 0 <= rate <= 1:
                raise ValueError(f"`{name}` must be between 0 and 1. Received: {name}={rate}")
        super().__init__(units, **kwargs)

    def step(self, inputs, states, product):
        """The equation of the cell.

        Args:
            inputs: the inputs' share of each gate, a list of G tensors (B, U).
            states: list of (B, U), the hidden state first.
            product: a function of a gate's number and of what this gate sees of the hidden state
                (B, U). Returns its product with the gate's recurrent kernel, bias included.

        Returns:
            The list of new states, the hidden state first.
        """
        raise NotImplementedError

    def call(self, inputs, states, training=False):
        nested = isinstance(states, (list, tuple))
        states = list(states) if nested else [states]
        seen = self.seen_inputs(inputs, training)
        shares = gate_products(seen, *self.input_weights(), self.num_gates)
        kernel, bias = self.recurrent_weights()
        masks = self.state_masks(states[0], training)
        early = self.num_gates - len(self.late_gates)
        at_once = None
        if masks is None:  # the gates that see the hidden state itself share one product
            columns = slice(0, early * self.units)
            early_bias = None if bias is None else bias[columns]
            at_once = gate_products(states[0], kernel[:, columns], early_bias, early)

        def product(gate, hidden):
            if at_once is not None and gate < early:
                return at_once[gate]
            columns = slice(gate * self.units, (gate + 1) * self.units)
            hidden = hidden if masks is None else hidden * masks[gate]
            return add_bias(hidden @ kernel[:, columns], None if bias is None else bias[columns])

        new_states = self.step(shares, states, product)
        return new_states[0], new_states if nested else new_states[0]

    def input_weights(self):
        """The kernel (D, G*U) and the bias (G*U,) or None, in the dtype of computation."""
        return tf.convert_to_tensor(self.kernel), self.bias_row(0)

    def recurrent_weights(self):
        """The recurrent kernel (U, G*U) and its own bias (G*U,) or None."""
        return tf.convert_to_tensor(self.recurrent_kernel), self.bias_row(1)

    def bias_row(self, row):
        """The bias of the input product (0) or of the recurrent product (1), or None."""
        if not self.use_bias:
            return None
        bias = tf.convert_to_tensor(self.bias)
        if bias.shape.rank == 2:
            return bias[row]
        return bias if row == 0 else None

    def seen_inputs(self, inputs, training=False):
        """(..., B, D) under dropout: one tensor, or a list with a tensor for each gate."""
        inputs = tf.cast(inputs, self.compute_dtype)
        if not training or self.dropout == 0:
            return inputs
        first = inputs if inputs.shape.rank == 2 else inputs[0]  # the same mask at every step
        masks = self.get_dropout_mask(first)
        if isinstance(masks, list):
            return [inputs * mask for mask in masks]
        return inputs * masks

    def state_masks(self, hidden, training=False):
        """Dropout of the hidden state (B, U): a list with a mask for each gate, or None."""
        if not training or self.recurrent_dropout == 0:
            return None
        masks = self.get_recurrent_dropout_mask(hidden)
        return masks if isinstance(masks, list) else [masks]


def gate_products(seen, kernel, bias, num_gates):
    """The products of all gates, a list of G tensors (N, U).

    Args:
        seen: (N, D), for one product that is then cut in G; or a list of G tensors (N, D), for
            a product for each gate.
        kernel: (D, G*U).
        bias: (G*U,) or None.
        num_gates: G.
    """
    if not isinstance(seen, list):
        return tf.split(add_bias(seen @ kernel, bias), num_gates, axis=-1)
    kernels = tf.split(kernel, num_gates, axis=1)
    biases = [None] * num_gates if bias is None else tf.split(bias, num_gates)
    return [add_bias(x @ k, b) for x, k, b in zip(seen, kernels, biases, strict=True)]


def add_bias(product, bias):
    return product if bias is None else tf.nn.bias_add(product, bias)

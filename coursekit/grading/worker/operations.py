"""What a judge can ask of student code. Runs beside it: nothing here is trusted."""

from typing import Any

import numpy as np
import tensorflow as tf

from coursekit.grading.protocol import Handle, Reply, Request
from coursekit.grading.worker.toys import TOYS
from coursekit.grading.worker.values import Objects

_COTANGENT_SEED = 20


def perform(objects: Objects, request: Request) -> Reply:
    """Answers one request; what the student's code raises passes through."""
    return _OPERATIONS[request.operation](objects, request)


def _call(objects: Objects, request: Request) -> Reply:
    function = objects.find(request.target)
    arguments, keywords = _inputs(objects, request)
    return Reply(objects.to_judge(function(*arguments, **keywords)))


def _numpy(objects: Objects, request: Request) -> Reply:
    function = objects.find(request.target)
    arguments = objects.to_student(list(request.arguments), as_numpy=True)
    keywords = objects.to_student(request.keywords, as_numpy=True)
    value = objects.to_judge(function(*arguments, **keywords))
    pairs = [
        *(
            (f"argument {n + 1}", *pair)
            for n, pair in enumerate(zip(request.arguments, arguments, strict=True))
        ),
        *((f"`{name}`", request.keywords[name], keywords[name]) for name in keywords),
    ]
    mutated = [name for name, before, after in pairs if not _same(before, after)]
    return Reply(value, mutated=mutated)


def _traced(objects: Objects, request: Request) -> Reply:
    dynamic = {str(name): set(axes) for name, axes in request.variant["dynamic"]}
    function, tensors, names = _as_tensor_function(objects, request)
    signature = [
        tf.TensorSpec(
            [None if axis in dynamic.get(name, ()) else n for axis, n in enumerate(tensor.shape)],
            tensor.dtype,
        )
        for tensor, name in zip(tensors, names, strict=True)
    ]
    value = _in_a_graph(
        function, tensors, calls=request.variant["calls"], input_signature=signature
    )
    return Reply(objects.to_judge(value))


def _compiled(objects: Objects, request: Request) -> Reply:
    function, tensors, _ = _as_tensor_function(objects, request)
    return Reply(objects.to_judge(_in_a_graph(function, tensors, jit_compile=True)))


def _in_a_graph(function: Any, tensors: list, calls: int | None = None, **options: Any) -> Any:
    """Without AutoGraph first, which costs most of the time and few answers need."""
    try:
        return _called(tf.function(function, autograph=False, **options), tensors, calls)
    except Exception:
        return _called(tf.function(function, **options), tensors, calls)


def _called(function: Any, tensors: list, calls: int | None) -> Any:
    """The result, or a list of the results of that many calls."""
    return function(*tensors) if calls is None else [function(*tensors) for _ in range(calls)]


def _gradients(objects: Objects, request: Request) -> Reply:
    function = objects.find(request.target)
    arguments, keywords = _inputs(objects, request)
    owner = objects.owner(request.target)
    sources = [
        keywords[name] if isinstance(name, str) else arguments[name]
        for name in request.variant["wrt"]
    ]
    with tf.GradientTape() as tape:
        tape.watch([leaf for leaf in tf.nest.flatten(sources) if _is_float(leaf)])
        result = function(*arguments, **keywords)
        leaves = [leaf for leaf in tf.nest.flatten(result) if tf.is_tensor(leaf)]
        if (chosen := request.variant["output"]) is not None:
            leaves = [leaves[chosen]]
        draw = np.random.default_rng(_COTANGENT_SEED)
        parts = [
            tf.reduce_sum(tf.cast(leaf, tf.float32) * draw.normal(size=leaf.shape))
            for leaf in leaves
            if leaf.dtype.is_floating
        ]
        total = tf.add_n(parts) if parts else tf.zeros(())  # no tensor, no gradient
    weights = [w.value for w in getattr(owner, "trainable_weights", [])]
    found = tape.gradient(total, [sources, weights])
    return Reply(objects.to_judge({"arguments": found[0], "weights": found[1]}))


def _fitted(objects: Objects, request: Request) -> Reply:
    """Adam (Kingma and Ba 2015) on one vector of all weights: a graph for each would cost seconds."""
    target = objects.find(request.target)
    arguments, keywords = _inputs(objects, request)
    labels, sample_weight = objects.to_student(request.variant["data"])
    weights = [w.value for w in objects.owner(request.target).trainable_weights]
    sizes = [int(np.prod(w.shape)) for w in weights]
    mean, square = tf.Variable(tf.zeros(sum(sizes))), tf.Variable(tf.zeros(sum(sizes)))
    function, tensors, _ = _as_tensor_function(objects, request)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

    @tf.function(autograph=False)
    def step(number, *inputs):
        with tf.GradientTape() as tape:
            logits = tf.cast(function(*inputs), tf.float32)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_sum(losses * sample_weight) / tf.reduce_sum(sample_weight)
        gradients = tape.gradient(loss, weights, unconnected_gradients="zero")
        gradient = tf.concat([tf.reshape(part, [-1]) for part in gradients], 0)
        mean.assign(0.9 * mean + 0.1 * gradient)
        square.assign(0.999 * square + 0.001 * gradient**2)
        corrected = tf.sqrt(1 - 0.999**number) / (1 - 0.9**number)
        change = request.variant["learning_rate"] * corrected * mean / (tf.sqrt(square) + 1e-7)
        for weight, part in zip(weights, tf.split(change, sizes), strict=True):
            weight.assign_sub(tf.reshape(part, weight.shape))

    for number in range(request.variant["steps"]):
        step(tf.constant(number + 1.0), *tensors)
    return Reply(objects.to_judge(target(*arguments, **keywords)))


def _make(objects: Objects, request: Request) -> Reply:
    """One of the course's own toys, kept here; the judge gets a handle to it."""
    arguments, keywords = _inputs(objects, request)
    return Reply(objects.keep(TOYS[request.variant["toy"]](*arguments, **keywords)))


def _attribute(objects: Objects, request: Request) -> Reply:
    return Reply(objects.to_judge(objects.find(request.target)))


def _weights_info(objects: Objects, request: Request) -> Reply:
    weights = objects.find(request.target).weights
    rows = [
        [str(w.path), [int(n) for n in w.shape], str(w.dtype), bool(w.trainable)] for w in weights
    ]
    return Reply(rows)


def _inputs(objects: Objects, request: Request) -> tuple[list, dict]:
    return objects.to_student(request.arguments), objects.to_student(request.keywords)


def _as_tensor_function(objects: Objects, request: Request):
    """The call as a function of its tensors alone, and for each the argument it came from."""
    target = objects.find(request.target)
    arguments, keywords = _inputs(objects, request)
    values = [*arguments, *keywords.values()]
    keys = [*map(str, range(len(arguments))), *keywords]
    leaves = [tf.nest.flatten(value) for value in values]
    tensors = [leaf for group in leaves for leaf in group if tf.is_tensor(leaf)]
    names = [
        k for k, group in zip(keys, leaves, strict=True) for leaf in group if tf.is_tensor(leaf)
    ]

    def function(*given):
        remaining = iter(given)
        filled = [
            tf.nest.pack_sequence_as(
                value, [next(remaining) if tf.is_tensor(leaf) else leaf for leaf in group]
            )
            for value, group in zip(values, leaves, strict=True)
        ]
        count = len(arguments)
        return target(*filled[:count], **dict(zip(keywords, filled[count:], strict=True)))

    return function, tensors, names


def _is_float(leaf: Any) -> bool:
    return tf.is_tensor(leaf) and leaf.dtype.is_floating


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return (
            type(after) is np.ndarray
            and before.shape == after.shape
            and before.tobytes() == after.tobytes()
        )
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[k], after[k]) for k in before)
    return isinstance(before, Handle) or before == after


_OPERATIONS = {
    "call": _call,
    "numpy": _numpy,
    "traced": _traced,
    "compiled": _compiled,
    "gradients": _gradients,
    "fitted": _fitted,
    "make": _make,
    "attribute": _attribute,
    "weights_info": _weights_info,
}

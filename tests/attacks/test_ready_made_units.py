"""Real units: what each asks to write cannot be had ready made, and what it allows still can."""

import textwrap

import pytest

from coursekit.course.workspace import find_course
from coursekit.grading.session import grade

COURSE = find_course()

# Unit and what its file does while it is loaded, beside a right solution: one use is enough for the verdict.
USES = {
    "attention-by-another-name": (
        "ex07_attention",
        """
        import keras, tensorflow as tf
        getattr(keras.ops, "dot_product" + "_attention")(*[tf.ones((1, 2, 1, 4))] * 3)
        """,
    ),
    "attention-of-the-backend": (
        "ex07_attention",
        """
        import sys, tensorflow as tf
        vars(sys.modules["keras.src.backend.tensorflow.nn"])["dot_product" + "_attention"](*[tf.ones((1, 2, 1, 4))] * 3)
        """,
    ),
    "attention-as-an-operation": (
        "ex07_attention",
        """
        import sys, tensorflow as tf
        getattr(sys.modules["keras.src.ops.nn"], "DotProduct" + "Attention")()(*[tf.ones((1, 2, 1, 4))] * 3)
        """,
    ),
    "attention-as-a-layer": (
        "ex07_attention",
        """
        import sys
        for name, module in list(sys.modules.items()):
            if name.endswith("multi_head_attention") and name.startswith("keras.src"):
                getattr(module, "MultiHead" + "Attention")(2, 2)
        """,
    ),
    "the-public-name-of-grouped-attention": (
        "ex07_attention",
        "import keras\nkeras.layers.GroupQueryAttention(4, 4, 2)",
    ),
    "the-courses-attention-kept-by-its-package": (
        "ex07_attention",
        "import coursekit\ngetattr(getattr(coursekit, 'lay' + 'ers'), 'causal_mask')(2, 2)",
    ),
    "the-courses-attention-loaded-once-more": (
        "ex07_attention",
        """
        import importlib, sys
        for name in [n for n in sys.modules if n.startswith("coursekit.layers")]:
            del sys.modules[name]
        importlib.import_module("coursekit.lay" + "ers.attention").causal_mask(2, 2)
        """,
    ),
    "the-courses-positions-by-subclasses": (
        "ex06_positions",
        """
        import keras
        found = [keras.layers.Layer]
        for one in found:
            found.extend(one.__subclasses__())
        for one in found:
            if one.__name__ == "SinusoidalPosition" + "Encoding" and one.__module__ != __name__:
                one()
        """,
    ),
    "the-courses-positions-by-a-registered-name": (
        "ex06_positions",
        "import keras\nkeras.saving.get_registered_object('coursekit>LearnedPosition' + 'Embedding')(4)",
    ),
    "the-courses-objectives": (
        "ex05_objective",
        "import importlib\nimportlib.import_module('coursekit.objec' + 'tives').shift_labels([[1, 2]], None)",
    ),
    "the-courses-objectives-after-clearing": (
        "ex05_objective",
        """
        import importlib, sys
        del sys.modules["coursekit.objectives"]
        importlib.import_module("coursekit.objec" + "tives").shift_labels([[1, 2]], None)
        """,
    ),
    "the-courses-models-after-clearing": (
        "ex10_transformer",
        """
        import importlib, sys
        del sys.modules["coursekit.models"]
        importlib.import_module("coursekit.mod" + "els.decoder_transformer").DecoderTransformer
        """,
    ),
    "keras-hub-after-clearing": (
        "ex10_transformer",
        "import importlib, sys\ndel sys.modules['keras_hub']\nimportlib.import_module('keras' + '_hub')",
    ),
    "a-block-by-its-file": (
        "ex09_decoder_block",
        "import importlib\nvars(importlib.import_module('coursekit.layers'))['Decoder' + 'Block'](2, 4)",
    ),
    "a-schedule": (
        "ex11_training",
        "import keras\ngetattr(keras.optimizers.schedules, 'Cosine' + 'Decay')(0.1, 10)",
    ),
    "a-fused-gru": (
        "ex03_gru",
        """
        import tensorflow as tf
        h, x = tf.ones((1, 2)), tf.ones((1, 3))
        weights = {"w_ru": tf.ones((5, 4)), "w_c": tf.ones((5, 2)), "b_ru": tf.ones(4), "b_c": tf.ones(2)}
        tf.raw_ops.GRUBlockCell(x=x, h_prev=h, **weights)
        """,
    ),
}

ALLOWED = {
    "a-cell-of-ones-own-in-keras-loop": (
        "ex02_lstm",
        """
        import keras, tensorflow as tf
        class Own(keras.layers.Layer):
            state_size = 2
            def call(self, inputs, states):
                return inputs, [inputs]
        keras.layers.RNN(Own())(tf.ones((1, 3, 2)))
        dense = keras.saving.serialize_keras_object(keras.layers.Dense(2))
        keras.saving.deserialize_keras_object(dense)(tf.ones((1, 2)))
        """,
    ),
    **{
        f"operations-that-fail-in-{unit}": (
            unit,
            """
            import traceback
            import keras, tensorflow as tf
            from keras import ops
            class Broken(keras.layers.Layer):
                state_size = 2
                def call(self, inputs, states):
                    return ops.matmul(inputs, tf.ones((7, 7))), states
            @tf.function
            def traced(x):
                if tf.reduce_sum(x) > 0:
                    x = tf.matmul(x, tf.ones((9, 9)))
                return x
            for fail in (
                lambda: tf.matmul(tf.ones((2, 3)), tf.ones((2, 3))),
                lambda: tf.add("text", 3),
                lambda: tf.nn.softmax([[None]]),
                lambda: ops.reshape(tf.ones((2, 3)), (7, 7)),
                lambda: ops.concatenate([tf.ones((2, 3)), tf.ones((3, 4))], axis=1),
                lambda: keras.layers.Dense(3)(tf.ones(())),
                lambda: keras.layers.RNN(Broken())(tf.ones((1, 3, 2))),
                lambda: traced(tf.ones((2, 3))),
                lambda: tf.function(lambda x: x @ tf.ones((5, 5)), jit_compile=True)(tf.ones((2, 3))),
                lambda: tf.while_loop(lambda i: i < 3, lambda i: [tf.ones((i, 2))], [tf.constant(0)]),
                lambda: tf.raw_ops.MatMul(a=tf.ones((2, 3)), b=tf.ones((2, 3))),
                lambda: keras.Sequential([keras.layers.Dense(2)]).summary(nonsense=1),
            ):
                try:
                    fail()
                except Exception:
                    traceback.format_exc()
            """,
        )
        for unit in ("ex02_lstm", "ex07_attention")
    },
    "an-earlier-idea-from-the-reference": (
        "ex08_multihead",
        "from coursekit.layers import causal_mask\ncausal_mask(2, 2)",
    ),
    "another-ready-made-layer": (
        "ex07_attention",
        "import keras, tensorflow as tf\nkeras.layers.LSTM(2)(tf.ones((1, 2, 3)))",
    ),
}


def graded(unit, text, arena, tmp_path):
    solution = (COURSE.solutions / f"{unit}.py").read_text("utf-8")
    (tmp_path / f"{unit}.py").write_text(f"{solution}\n\n{textwrap.dedent(text)}\n", "utf-8")
    return grade(tmp_path, [unit], course=COURSE, zygote=arena.zygote, naming=False).units[0]


@pytest.mark.parametrize("use", USES)
def test_what_a_unit_asks_for_cannot_be_had(use, arena_at, tmp_path):
    unit, text = USES[use]
    result = graded(unit, text, arena_at("basic"), tmp_path)
    assert {check.verdict for check in result.checks} <= {"forbidden", "blocked"}, result.checks[
        0
    ].message
    assert result.points == 0
    assert "what this unit asks you to write" in result.checks[0].message


@pytest.mark.slow
@pytest.mark.parametrize("use", ALLOWED)
def test_what_a_unit_allows_works(use, arena_at, tmp_path):
    unit, text = ALLOWED[use]
    result = graded(unit, text, arena_at("basic"), tmp_path)
    assert result.points == 10, result.checks[0].message

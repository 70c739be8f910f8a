"""Using what the unit asks to write, ready made: Keras' own layer, the course's own, TensorFlow's fused operations.

The toy bears the name of a unit that forbids LSTM layers. Each attack goes through another door and says so if
what it finds there works.
"""

import textwrap

from ..attack import BASIC, STRICT, Attack, at_import, in_call

USE = '''
import tensorflow as tf


def use(cell):
    """Whether this thing can do an LSTM's work, called as a cell or as a layer, made or not."""
    x, state = tf.ones((2, 3)), [tf.ones((2, 4)), tf.ones((2, 4))]
    for arguments in ((x, state), (tf.ones((2, 5, 3)),)):
        try:
            made = cell(4) if isinstance(cell, type) else cell
            made(*arguments)
            escaped(cell)
            return
        except Exception:
            pass
'''


def door(body: str, verdict: str = "forbidden", **options) -> tuple[str, str, dict]:
    return in_call(USE + textwrap.dedent(body).strip()), verdict, options


DOORS = {
    "by-another-name": door('import keras\nuse(getattr(keras.layers, "LS" + "TM"))'),
    "by-the-module-it-lies-in": door(
        """
        import importlib
        for name in ("LSTM", "LSTMCell"):
            use(getattr(importlib.import_module("keras.src.layers.rnn." + "lstm"), name))
        """
    ),
    "by-a-parent-module": door(
        """
        import keras
        for name in ("LSTM", "LSTMCell"):
            use(vars(keras.src.layers)[name])
            use(vars(keras.src.layers.rnn)["lstm"].__dict__[name])
        """
    ),
    "by-sys-modules": door('use(sys.modules["keras.src.layers.rnn.lstm"].LSTMCell)'),
    "by-tf-keras": door('use(getattr(getattr(tf, "keras").layers, "LSTMCell"))'),
    "by-the-collector": door(
        """
        import gc
        for thing in gc.get_objects():
            if isinstance(thing, type) and thing.__name__ in ("LSTMCell", "LSTM"):
                use(thing)
        """,
        "failed",  # what the zygote holds is not shown by the collector
    ),
    "by-subclasses": door(
        """
        import keras
        found = [keras.layers.Layer]
        for one in found:
            found.extend(one.__subclasses__())
        for one in found:
            if one.__name__ in ("LSTM", "LSTMCell"):
                use(one)
        """
    ),
    "by-deserialising": door(
        """
        import keras
        for name in ("LSTM", "LSTMCell"):
            try:
                use(keras.layers.deserialize({"class_name": name, "config": {"units": 4}}))
            except Exception:
                pass
            use(keras.saving.deserialize_keras_object(
                {"module": "keras.layers", "class_name": name, "config": {"units": 4}, "registered_name": None}
            ))
        """
    ),
    "by-a-registered-name": door(
        """
        import keras
        for name in ("LSTM", "LSTMCell"):
            use(keras.saving.get_registered_object("coursekit>" + name))
        """
    ),
    "by-a-model-from-json": door(
        """
        import json, keras
        layer = {"module": "keras.layers", "class_name": "LSTM", "config": {"units": 4}, "registered_name": None}
        model = {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": [layer]}, "registered_name": None}
        use(keras.models.model_from_json(json.dumps(model)))
        """
    ),
    "by-a-pickle": door(
        'import pickle\nuse(pickle.loads(b"ckeras.src.layers.rnn.lstm\\nLSTMCell\\n."))'
    ),
    "the-courses-own-by-its-file": door(
        "import importlib\nuse(importlib.import_module('coursekit.layers.lstm_cell').LSTMCell)"
    ),
    "the-courses-own-by-its-package": door(
        "import coursekit\nuse(getattr(getattr(coursekit, 'layers'), 'lstm').LSTM)"
    ),
    "the-courses-own-by-a-user-of-it": door(
        """
        import importlib
        use(importlib.import_module("coursekit.models.recurrent_layers").recurrent_layer("lstm", 4))
        """
    ),
    "a-fused-operation": door(
        """
        x, h = tf.ones((2, 3)), tf.ones((2, 4))
        zeros = tf.zeros((4,))
        found = tf.raw_ops.LSTMBlockCell(
            x=x, cs_prev=h, h_prev=h, w=tf.ones((7, 16)), wci=zeros, wcf=zeros, wco=zeros, b=tf.zeros((16,))
        )
        escaped(found)
        """
    ),
    "a-fused-operation-from-the-wrapper": door(
        """
        x, h = tf.ones((2, 3)), tf.ones((2, 4))
        zeros = tf.zeros((4,))
        raw = tf.raw_ops.LSTMBlockCell
        for function in (raw.__wrapped__, *(c.cell_contents for c in raw.__closure__)):
            if callable(function):
                function(x, h, h, tf.ones((7, 16)), zeros, zeros, zeros, tf.zeros((16,)))
                escaped(function)
        """
    ),
    "a-fused-operation-by-its-module": door(
        """
        from tensorflow.python.ops import gen_rnn_ops
        x, h = tf.ones((2, 3)), tf.ones((2, 4))
        zeros = tf.zeros((4,))
        gen_rnn_ops.lstm_block_cell(x, h, h, tf.ones((7, 16)), zeros, zeros, zeros, tf.zeros((16,)))
        escaped()
        """
    ),
    "the-backends-function": door(
        """
        import keras
        sys.modules["keras.src.backend.tensorflow.rnn"].lstm(
            tf.ones((2, 5, 3)), tf.ones((2, 4)), tf.ones((2, 4)), None, tf.ones((3, 16)), tf.ones((4, 16)),
            tf.ones((16,)), keras.activations.tanh, keras.activations.sigmoid,
        )
        escaped()
        """
    ),
    "an-older-keras-within-tensorflow": door(
        "from tensorflow.python.keras.layers import recurrent\nuse(recurrent.LSTMCell)"
    ),
    "an-even-older-one-within-tensorflow": door(
        """
        from tensorflow.python.keras.layers.legacy_rnn import rnn_cell_impl
        use(rnn_cell_impl.BasicLSTMCell)
        """
    ),
    "by-its-source": door(
        """
        import inspect, keras
        text = inspect.getsource(keras.src.layers.rnn.lstm)
        names = {}
        exec(text, names)
        use(names["LSTMCell"])
        """
    ),
    "by-its-file": door(
        """
        import keras
        place = keras.__file__.replace("__init__.py", "src/layers/rnn/lstm.py")
        names = {}
        exec(open(place).read(), names)
        use(names["LSTMCell"])
        """
    ),
    "by-its-byte-code": door(
        """
        import keras, marshal
        place = keras.__file__.replace("__init__.py", "src/layers/rnn/__pycache__/lstm.cpython-311.pyc")
        names = {"__name__": "mine"}
        exec(marshal.loads(open(place, "rb").read()[16:]), names)
        use(names["LSTMCell"])
        """
    ),
    "by-its-loader": door(
        """
        import keras
        module = keras.src.layers.rnn.lstm
        names = {"__name__": "mine"}
        exec(module.__loader__.get_code(module.__name__), names)
        use(names["LSTMCell"])
        """
    ),
    "by-loading-it-once-more": door(
        """
        import importlib
        for name in ("keras.src.layers.rnn.lstm", "coursekit.layers.lstm_cell"):
            del sys.modules[name]
            use(importlib.import_module(name).LSTMCell)
        """
    ),
    "by-reloading-it": door(
        "import importlib, keras\nuse(importlib.reload(keras.src.layers.rnn.lstm).LSTMCell)"
    ),
    "by-the-code-of-its-methods": door(
        """
        import keras, types
        real = keras.src.layers.rnn.lstm.LSTMCell
        class Mine(keras.layers.Layer):
            pass
        for name, part in vars(real).items():
            if isinstance(part, types.FunctionType):
                function = types.FunctionType(part.__code__, part.__globals__, name, part.__defaults__, part.__closure__)
                setattr(Mine, name, function)
        use(Mine)
        """
    ),
    "by-a-subclass": door(
        """
        import keras
        real = keras.src.layers.rnn.lstm.LSTMCell
        class Mine(real):
            def __init__(self, units):
                keras.layers.Layer.__init__(self)
                self.units = units
        use(Mine)
        """
    ),
    "without-making-it": door(
        """
        import keras
        real = keras.src.layers.rnn.lstm.LSTMCell
        mine = object.__new__(real)
        keras.layers.Layer.__init__(mine)
        mine.recurrent_activation, mine.activation = keras.activations.sigmoid, keras.activations.tanh
        mine.recurrent_kernel, mine.units = tf.ones((4, 16)), 4
        real._compute_carry_and_output_fused(mine, [tf.ones((2, 4))] * 4, tf.ones((2, 4)))
        escaped()
        """
    ),
    "by-taking-the-refusal-off": door(
        """
        import keras
        real = keras.src.layers.rnn.lstm.LSTMCell
        for name in ("__init__", "__call__", "call", "build"):
            try:
                delattr(real, name)
            except AttributeError:
                pass
        use(real)
        """,
        {STRICT: "failed|forbidden", BASIC: "failed|forbidden"},
    ),
}

ATTACKS = [
    *(
        Attack(f"ready-made-{name}", source, verdict, **options)
        for name, (source, verdict, options) in DOORS.items()
    ),
    Attack(
        "ready-made-in-plain-sight", at_import("from keras.layers import LSTM"), ("forbidden",) * 3
    ),
    Attack(
        "ready-made-under-another-name",
        at_import("from tensorflow.keras import layers as l\nMine = l.LSTMCell"),
        ("forbidden",) * 3,
    ),
    Attack(
        "ready-made-from-its-file",
        at_import("from coursekit.layers.lstm_cell import LSTMCell as Mine"),
        ("forbidden",) * 3,
    ),
    Attack(
        "ready-made-all-of-them",
        at_import("from keras.layers import *\nMine = LSTM(3)"),
        "forbidden",
    ),
]

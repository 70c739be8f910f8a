"""Answers that are not what they seem: equal to everything, array protocols, subclasses, odd dtypes and memory."""

from ..attack import Attack, in_call


def returning(body: str) -> str:
    return in_call(body)


ATTACKS = [
    Attack(
        "equal-to-everything",
        returning(
            """
            class Equal:
                __eq__ = __le__ = __ge__ = __lt__ = __gt__ = __bool__ = lambda *a: True
                __sub__ = __rsub__ = __abs__ = __float__ = lambda *a: 0.0
                __hash__ = lambda self: 0
            return Equal()
            """
        ),
    ),
    Attack(
        "array-protocols",
        returning(
            """
            class Array:
                shape, dtype, ndim, size = (3, 4), np.dtype("float32"), 2, 12
                __array__ = lambda self, *a, **k: np.zeros((3, 4), "float32")
                __array_interface__ = {"shape": (3, 4), "typestr": "<f4", "data": (0, True), "version": 3}
                __array_function__ = lambda *a, **k: True
                __array_ufunc__ = lambda *a, **k: True
                __tf_tensor__ = lambda self, *a, **k: 1 / 0
                __len__ = lambda self: 3
                __getitem__ = lambda self, key: self
            return Array()
            """
        ),
    ),
    Attack(
        "ndarray-subclass",
        returning(
            """
            class Equal(np.ndarray):
                __eq__ = lambda *a: True
                tobytes = lambda *a: b""
            return np.zeros((3, 4), "float32").view(Equal)
            """
        ),
    ),
    Attack(
        "float-subclass",
        returning(
            """
            class Liar(float):
                __sub__ = __rsub__ = __abs__ = lambda *a: 0.0
                __le__ = __ge__ = __eq__ = lambda *a: True
                __hash__ = float.__hash__
            return Liar(1)
            """
        ),
    ),
    Attack(
        "list-tuple-dict-str-subclasses",
        returning(
            """
            class L(list):
                __iter__ = lambda self: iter([0.0] * 10**9)
                __len__ = lambda self: 1
            class T(tuple): __len__ = lambda self: 10**9
            class D(dict): items = lambda self: [(self, self)] * 3
            class S(str): __str__ = lambda self: self * 10**6
            return [L([1]), T([1]), D(a=1), S("a")]
            """
        ),
    ),
    Attack(
        "a-property-that-lies-about-its-class",
        returning(
            """
            class Fake:
                __class__ = property(lambda self: np.ndarray)
                shape, dtype = (3, 4), np.dtype("float32")
            return Fake()
            """
        ),
    ),
    Attack(
        "a-class-that-lies-about-its-tensor",
        returning(
            """
            import tensorflow as tf
            class Fake:
                __class__ = property(lambda self: tf.Tensor)
                numpy = lambda self: np.zeros((3, 4), object)
            return Fake()
            """
        ),
    ),
    Attack(
        "a-tensor-whose-numpy-lies",
        returning(
            """
            class Fake:
                __module__ = "keras.src"
                def __array__(self, *a, **k): raise SystemExit(0)
            array = np.empty((3, 4), object)
            array.fill(Fake())
            return array
            """
        ),
    ),
    Attack("nan", returning("return np.full((3, 4), np.nan, 'float32')")),
    Attack(
        "infinities",
        returning("return np.full((3, 4), np.inf, 'float32') * np.array([1, -1] * 2, 'float32')"),
    ),
    Attack("denormals", returning("return np.full((3, 4), 1e-42, 'float32')")),
    Attack("nan-as-a-number", returning("return float('nan')")),
    Attack(
        "complex-and-long-double",
        returning("return [np.ones((3, 4), 'complex64'), np.ones(3, 'longdouble')]"),
    ),
    Attack("object-array", returning("return np.full((3, 4), None, object)")),
    Attack("structured-array", returning("return np.zeros((3, 4), [('a', 'f4'), ('b', 'O')])")),
    Attack("datetimes", returning("return np.zeros((3, 4), 'datetime64[ns]')")),
    Attack("strings", returning("return np.full((3, 4), 'passed')")),
    Attack("a-dtype-with-a-long-name", returning("return np.zeros(1, [('x' * 10**6, 'f4')])")),
    Attack(
        "zero-strides",
        returning("return np.lib.stride_tricks.as_strided(np.zeros(1, 'float32'), (3, 4), (0, 0))"),
    ),
    Attack(
        "zero-strides-of-a-terabyte",
        returning(
            "return np.lib.stride_tricks.as_strided(np.zeros(1, 'float32'), (2**20, 2**18), (0, 0))"
        ),
        verdict="error",
        words="cannot be sent",
    ),
    Attack(
        "negative-strides-and-fortran-order",
        returning("return np.asfortranarray(np.zeros((4, 3), 'float32'))[::-1].T"),
    ),
    Attack("the-other-byte-order", returning("return np.zeros((3, 4), '>f4')")),
    Attack("broadcastable", returning("return np.zeros((1, 1), 'float32')")),
    Attack("a-scalar-array", returning("return np.float32(0)")),
    Attack("one-more-dimension", returning("return inputs[None] * 0")),
    Attack("a-rank-of-64", returning("return np.zeros((1,) * 32, 'float32')")),
    Attack("an-empty-array", returning("return np.zeros((0, 4), 'float32')")),
    Attack(
        "a-bfloat16", returning("import ml_dtypes\nreturn np.zeros((3, 4), ml_dtypes.bfloat16)")
    ),
    Attack("a-huge-integer", returning("return 10**4000")),
    Attack("a-string-of-10-MB", returning("return 'x' * (10 * 2**20)")),
    Attack("a-list-in-itself", returning("found = []\nfound.append(found)\nreturn found"), "error"),
    Attack(
        "a-list-in-itself-many-times",
        returning("found = []\nfound.extend([found] * 9)\nreturn found"),
        "timeout",
    ),
    Attack(
        "a-dict-with-odd-keys",
        returning(
            "return {object: 1, (1, 2): 2, '__class__': 3, 'value': 4, 'failure': {'kind': 'x'}}"
        ),
    ),
    Attack(
        "a-generator-without-end",
        returning("import itertools\nreturn (inputs for _ in itertools.count())"),
    ),
    Attack(
        "a-named-tuple-whose-fields-never-end",
        returning(
            """
            class Endless(tuple):
                _fields = ("a",)
                def __iter__(self):
                    while True:
                        yield 0.0
            return Endless([1])
            """
        ),
        verdict="timeout|out-of-memory",
    ),
    Attack(
        "symbolic-and-ragged-tensors",
        returning(
            """
            import tensorflow as tf, keras
            return [tf.RaggedTensor.from_row_lengths(tf.zeros(3), [1, 2]), keras.KerasTensor((3, 4))]
            """
        ),
    ),
    Attack("a-module-and-a-class", returning("return [os, object, attack, type]")),
    Attack(
        "in-place-to-hide-the-difference",
        returning("inputs[:] = 0\nreturn inputs"),
    ),
]

"""Files that a hand-in writes and loads itself: models, weights, pickles, modules beside it, byte code."""

from ..attack import NO_KERNEL_WALL, STRICT, Attack, at_import, in_call

ATTACKS = [
    Attack(
        "a-module-named-numpy",
        at_import(
            "open('numpy.py', 'w').write('raise SystemExit(0)')\nopen('keras.py', 'w').write('')\nsys.path.insert(0, os.getcwd())\nimport importlib\nimportlib.reload(os)"
        ),
    ),
    Attack(
        "a-conftest-beside-it",
        at_import(
            """
            for name in ("conftest.py", "sitecustomize.py", "usercustomize.py", "x.pth", "pytest.ini", "setup.cfg"):
                open(name, "w").write("import os; print('ESCAPED')\\n")
            os.environ.update(PYTHONPATH=os.getcwd(), PYTHONSTARTUP="conftest.py", PYTHONINSPECT="1", LD_PRELOAD="./x.so")
            """
        ),
    ),
    Attack(
        "byte-code-in-the-cache",
        at_import(
            """
            import importlib.util, marshal
            os.makedirs("__pycache__", exist_ok=True)
            body = importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(compile("print('ESCAPED')", "x", "exec"))
            open("__pycache__/ex02_lstm.cpython-311.pyc", "wb").write(body)
            open("ex02_lstm.pyc", "wb").write(body)
            """
        ),
    ),
    Attack(
        "a-pickle-that-runs",
        in_call(
            """
            import pickle
            class Run:
                def __reduce__(self): return os.system, ("echo ESCAPED",)
            pickle.loads(pickle.dumps(Run()))
            """
        ),
        "forbidden",
    ),
    Attack(
        "a-pickle-as-an-array",
        in_call(
            """
            class Run:
                def __reduce__(self): return os._exit, (0,)
            np.save("x.npy", np.array([Run()], object), allow_pickle=True)
            np.load("x.npy", allow_pickle=True)
            """
        ),
        "crashed",
    ),
    Attack(
        "a-keras-file-with-a-lambda",
        in_call(
            """
            import keras
            model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Lambda(lambda x: (open("@SOLUTION@"), x)[1])])
            model.save("x.keras")
            keras.models.load_model("x.keras", safe_mode=False)(np.zeros((1, 1), "float32"))
            """
        ),
        "forbidden",
    ),
    Attack(
        "an-h5-file-with-external-links",
        in_call(
            """
            import h5py
            size = os.stat("@SOLUTION@").st_size
            with h5py.File("x.h5", "w") as file:
                file.create_dataset("text", (size,), "u1", external=[("@SOLUTION@", 0, size)])
            with h5py.File("x.h5") as file:
                print(file["text"][:].tobytes())
            """
        ),
        {STRICT: "error", "basic": "failed"},
        stopped_at=(STRICT,),
        reason=NO_KERNEL_WALL,
    ),
    Attack(
        "a-saved-model-that-reads",
        in_call(
            """
            import tensorflow as tf
            class Reader(tf.Module):
                @tf.function(input_signature=[])
                def read(self): return tf.io.read_file("@SOLUTION@")
            tf.saved_model.save(Reader(), "model")
            print(tf.saved_model.load("model").read().numpy())
            """
        ),
        {STRICT: "error", "basic": "failed"},
        stopped_at=(STRICT,),
        reason=NO_KERNEL_WALL,
    ),
    Attack(
        "a-library-of-its-own",
        in_call("open('x.so', 'wb').write(b'\\x7fELF' + bytes(60))\nctypes.CDLL('./x.so')"),
        "error",
    ),
    Attack(
        "an-archive-that-climbs",
        in_call(
            """
            import io, tarfile, zipfile
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.addfile(tarfile.TarInfo("@RESULTS@/written"), io.BytesIO())
            packed.seek(0)
            try:
                tarfile.open(fileobj=packed).extractall(filter="fully_trusted")
            except BaseException:
                pass
            """
        ),
        "forbidden",
    ),
]

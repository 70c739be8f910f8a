"""Replays: answers of another check, another run, the public seed; a state kept between checks."""

from ..attack import Attack, at_import, in_call

ATTACKS = [
    Attack(
        "answers-of-the-public-seed",
        in_call(
            "known = np.load(__import__('io').BytesIO(bytes.fromhex('@PUBLIC@')))\nreturn known"
        ),
    ),
    Attack(
        "answers-kept-in-a-file",
        at_import(
            """
            import glob, pickle
            for place in glob.glob("/**/answers.pickle", root_dir="..") + glob.glob("/tmp/**/answers.pickle"):
                if open(place, "rb").read() != str(os.getpid()).encode():
                    escaped(place)
            open("answers.pickle", "wb").write(str(os.getpid()).encode())
            """
        ),
    ),
    Attack(
        "answers-kept-in-a-module",
        in_call(
            """
            import keras
            kept = keras.__dict__.setdefault("kept", [])
            kept.append(inputs)
            return kept[0]
            """
        ),
    ),
    Attack(
        "inputs-guessed-from-the-seed",
        in_call(
            """
            import hashlib
            for seed in range(200):
                digest = hashlib.sha256(f"{seed}/ex02_lstm/test_values".encode()).digest()
                generator = np.random.default_rng(int.from_bytes(digest[:4], "big"))
                if np.array_equal(generator.normal(size=(3, 4)).astype("float32"), inputs):
                    escaped(f"the seed is {seed}")
            """
        ),
    ),
    Attack(
        "the-generator-read-back",
        in_call(
            """
            import random
            state = np.random.get_state()[1][0], random.getstate()[1][0]
            return [int(part) for part in state]
            """
        ),
    ),
    Attack(
        "the-name-of-the-check",
        in_call(
            """
            frame = sys._getframe()
            while frame:
                if any("test_values" in repr(value)[:2000] for value in frame.f_locals.values() if isinstance(value, (str, dict))):
                    escaped()
                frame = frame.f_back
            """
        ),
    ),
]

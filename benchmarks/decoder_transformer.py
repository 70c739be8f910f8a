"""A training step of a decoder transformer against KerasHub and PyTorch, as ratios.

    python benchmarks/decoder_transformer.py [--quick] [--json] [--torch-python PATH]

A step is forward, next-token loss, backward, clipping (but for KerasHub) and AdamW, at 4
layers, 4 heads, 128 wide, context 64, batch 12, 65 tokens. Ours is the step of `coursekit train
language-model`; KerasHub's layers are put together, compiled and fitted as its guide to text generation
does; PyTorch's is a plain GPT of the same architecture, run eagerly and compiled. Each contender is a
process of its own; they take turns, a few steps each (see `turns.py`). Beside the times stands the most
memory that each process has held.
"""

import argparse
import json
import statistics

from turns import (
    Workers,
    add_options,
    answer,
    compare,
    has_module,
    machine,
    peak_megabytes,
    rounds_and_turns,
    seconds,
)

LAYERS, HEADS, WIDTH, CONTEXT, BATCH, VOCABULARY = 4, 4, 128, 64, 12, 65
LEARNING_RATE = 1e-3
PEERS = {
    "keras_hub": "KerasHub as it comes",
    "keras_hub_onednn": "KerasHub with oneDNN",
    "torch": "PyTorch",
    "torch_compiled": "PyTorch, compiled",
}
STEPS = 10  # in one turn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, rounds=4, turns=8)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker)
    result = summarize(*measure(*rounds_and_turns(arguments), arguments.torch_python))
    print(json.dumps(result, indent=2)) if arguments.json else show(result)


# The measurement: worker processes that take turns.


def measure(rounds, turns, torch_python):
    """Times of a step in ms and memory in MB, {contender: [...]}."""
    contenders = {
        "ours": {},
        "keras_hub": {},
        "keras_hub_onednn": {"environment": {"TF_ENABLE_ONEDNN_OPTS": "1"}},
    }
    if has_module(torch_python, "torch"):
        contenders |= {name: {"python": torch_python} for name in ("torch", "torch_compiled")}
    times, memory = {}, {}
    for _ in range(rounds):
        with Workers(__file__, contenders) as workers:
            for _ in range(turns):
                for name, worker in workers.items():
                    times.setdefault(name, []).append(worker.ask("step"))
            for name, worker in workers.items():
                memory.setdefault(name, []).append(worker.ask("memory"))
    return times, memory


def work(name):
    make = {"ours": our_step, "torch": torch_step, "torch_compiled": torch_step}
    step = make.get(name, keras_hub_step)(name)
    for _ in range(5):
        step()

    def respond(case):
        if case == "memory":
            return peak_megabytes()
        return statistics.median(seconds(step) for _ in range(STEPS)) * 1e3

    answer(respond)


def text():
    import numpy as np

    return np.random.default_rng(0).integers(1, VOCABULARY, 200_000)


def our_step(_):
    from types import SimpleNamespace

    from coursekit.training.language_model import make_language_model
    from coursekit.training.language_model_settings import LanguageModelSettings
    from coursekit.training.language_model_task import LanguageModelTask

    settings = LanguageModelSettings(
        num_layers=LAYERS,
        num_heads=HEADS,
        hidden_dim=WIDTH,
        sequence_length=CONTEXT,
        batch_size=BATCH,
        positions="learned",
        steps=1_000_000,
    )
    ids = text().astype("int32")
    data = SimpleNamespace(train=ids, held_out=ids[: 10 * CONTEXT], translations=None)
    task = LanguageModelTask(settings, data, make_language_model(settings, VOCABULARY))
    done = 0

    def step():
        nonlocal done
        sums = task.make_steps(done, [LEARNING_RATE])
        done += 1
        return float(sums[0])

    return step


def keras_hub_step(_):
    import keras
    import keras_hub
    import numpy as np
    import tensorflow as tf

    inputs = keras.Input((None,), dtype="int32")
    x = keras_hub.layers.TokenAndPositionEmbedding(VOCABULARY, CONTEXT, WIDTH, mask_zero=True)(
        inputs
    )
    for _ in range(LAYERS):
        x = keras_hub.layers.TransformerDecoder(
            4 * WIDTH, HEADS, activation="gelu", normalize_first=True
        )(x)
    model = keras.Model(inputs, keras.layers.Dense(VOCABULARY)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(LEARNING_RATE), loss)
    windows = np.lib.stride_tricks.sliding_window_view(text(), CONTEXT + 1)[:: CONTEXT + 1]
    data = tf.data.Dataset.from_tensor_slices((windows[:, :-1], windows[:, 1:]))
    data = data.repeat().batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    batches = iter(data)
    model.train_on_batch(*next(batches))  # builds the model and the function that `fit` runs
    return lambda: float(model.train_function(batches)["loss"])


def torch_step(name):
    import torch
    from plain_gpt import PlainGPT
    from torch.nn import functional as F

    model = PlainGPT(VOCABULARY, CONTEXT, LAYERS, HEADS, WIDTH)
    forward = torch.compile(model) if name == "torch_compiled" else model
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE)
    ids = torch.from_numpy(text())

    def step():
        starts = torch.randint(len(ids) - CONTEXT, (BATCH,))
        windows = torch.stack([ids[s : s + CONTEXT + 1] for s in starts])
        logits = forward(windows[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), windows[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


# The result.


def summarize(times, memory):
    """Medians, tokens a second, and ratios to ours with quartiles."""
    contenders = {}
    for name, of_one in times.items():
        milliseconds = statistics.median(of_one)
        contenders[name] = {
            "ms": milliseconds,
            "tokens_per_s": BATCH * CONTEXT / milliseconds * 1e3,
            "peak_mb": statistics.median(memory[name]),
        }
        if name != "ours":
            contenders[name] |= compare(of_one, times["ours"])
    return {
        "shape": {
            "layers": LAYERS,
            "heads": HEADS,
            "width": WIDTH,
            "context": CONTEXT,
            "batch": BATCH,
            "vocabulary": VOCABULARY,
        },
        **machine(),
        "contenders": contenders,
    }


def show(result):
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"Training step: {LAYERS} layers, {HEADS} heads, {WIDTH} wide, context {CONTEXT}, "
        f"batch {BATCH}"
    )
    table.add_column("")
    for heading in ("ms", "tokens/s", "their time / ours", "peak memory, MB"):
        table.add_column(heading, justify="right")
    for name, row in result["contenders"].items():
        ratio = "-"
        if name != "ours":
            low, high = row["quartiles"]
            ratio = f"{row['ratio']:.2f} ({low:.2f}-{high:.2f})"
        table.add_row(
            PEERS.get(name, "ours"),
            f"{row['ms']:.1f}",
            f"{row['tokens_per_s']:,.0f}",
            ratio,
            f"{row['peak_mb']:.0f}",
        )
    console = Console(width=max(Console().width, 120))
    console.print(table)
    if "torch" not in result["contenders"]:
        console.print("PyTorch is not installed here: pip install torch, or give --torch-python.")


if __name__ == "__main__":
    main()

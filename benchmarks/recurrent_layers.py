"""A training step of the recurrent layers against Keras and PyTorch, as ratios.

    python benchmarks/recurrent_layers.py [--quick] [--json] [--torch-python PATH]

A step is forward, mean squared error, backward and SGD, at B 64, T 20, D 128, U 256. Each contender
runs in a process of its own, the way it comes: Keras with its own `fit` step and TensorFlow's
defaults, ours with `import coursekit`, which turns oneDNN on. The processes take turns, a few steps
each, so that all see the same machine; a ratio is taken within a turn, and the median over all
turns is printed with its quartiles. A process can be lucky with where its memory lies: every round starts
new ones. Beside it stands the time that the arithmetic alone needs, at the speed that the machine
reaches in a large matrix product.
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
    rounds_and_turns,
    seconds,
)

B, T, D, U = 64, 20, 128, 256
GATES = {"lstm": 4, "gru": 3, "gru_reset_before": 3, "lstm_unknown_length": 4}
TORCH = {"lstm": "LSTM", "gru": "GRU", "lstm_unknown_length": "LSTM"}
PEERS = {
    "keras": "Keras as it comes",
    "keras_onednn": "Keras with oneDNN",
    "torch": "PyTorch",
}
STEPS = 5  # in one turn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, rounds=4, turns=8)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker)
    times, speeds = measure(*rounds_and_turns(arguments), arguments.torch_python)
    result = summarize(times, speeds)
    print(json.dumps(result, indent=2)) if arguments.json else show(result)


# The measurement: worker processes that take turns.


def measure(rounds, turns, torch_python):
    """Times in ms, {case: {contender: [one median for each turn]}}, and products' GFLOP/s."""
    contenders = {
        "ours": {},
        "keras": {},
        "keras_onednn": {"environment": {"TF_ENABLE_ONEDNN_OPTS": "1"}},
    }
    if has_module(torch_python, "torch"):
        contenders["torch"] = {"python": torch_python}
    times = {case: {} for case in GATES}
    speeds = {}
    for _ in range(rounds):
        with Workers(__file__, contenders) as workers:
            for _ in range(turns):
                for name, worker in workers.items():
                    speeds.setdefault(name, []).append(worker.ask("product"))
                for case in GATES:
                    for name, worker in workers.items():
                        if name != "torch" or case in TORCH:
                            times[case].setdefault(name, []).append(worker.ask(case))
    return times, speeds


def work(name):
    """The life of a worker: a line with a case in, a line with a number out."""
    make, product = torch_contender() if name == "torch" else keras_contender(name)
    steps = {case: make(case) for case in (TORCH if name == "torch" else GATES)}
    for step in steps.values():
        for _ in range(3):
            step()
    product()

    def respond(case):
        if case == "product":
            return 2 * 2048**3 / seconds(product) / 1e9
        return statistics.median(seconds(steps[case]) for _ in range(STEPS)) * 1e3

    answer(respond)


def keras_contender(name):
    if name == "ours":
        from coursekit import layers
    import keras
    import tensorflow as tf

    if name != "ours":
        layers = keras.layers

    def make(case):
        form = {"reset_after": False} if case == "gru_reset_before" else {}
        layer = getattr(layers, case.split("_")[0].upper())
        model = keras.Sequential([layer(U, return_sequences=True, **form)])
        model.compile(keras.optimizers.SGD(0.01), "mse")
        batch = tf.random.normal((B, T, D)), tf.random.normal((B, T, U))
        data = tf.data.Dataset.from_tensors(
            (*batch, tf.shape(batch[0]), tf.shape(batch[1]))
        ).repeat()
        if case == "lstm_unknown_length":  # as from a pipeline with buckets of lengths
            data = data.map(
                lambda x, y, *shapes: (tf.reshape(x, shapes[0]), tf.reshape(y, shapes[1]))
            )
            data = data.map(
                lambda x, y: (
                    tf.ensure_shape(x, (None, None, D)),
                    tf.ensure_shape(y, (None, None, U)),
                )
            )
        else:
            data = data.map(lambda x, y, *_: (x, y))
        batches = iter(data)
        model.train_on_batch(*batch)  # builds the model and the function that `fit` runs
        return lambda: float(model.train_function(batches)["loss"])

    matrix = tf.random.normal((2048, 2048))
    product = tf.function(lambda: tf.reduce_sum((matrix @ matrix)[0]))
    return make, lambda: float(product())


def torch_contender():
    import torch

    def make(case):
        layer = getattr(torch.nn, TORCH[case])(D, U, batch_first=True)
        optimizer = torch.optim.SGD(layer.parameters(), 0.01)
        inputs, targets = torch.randn(B, T, D), torch.randn(B, T, U)

        def step():
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(layer(inputs)[0], targets)
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    matrix = torch.randn(2048, 2048)
    return make, lambda: (matrix @ matrix)[0].sum().item()


# The result.


def summarize(times, speeds):
    """Medians, ratios to ours with quartiles, and the machine's limit."""
    best = max(statistics.median(of_one) for of_one in speeds.values())
    cases = {}
    for case, by_contender in times.items():
        ours = by_contender["ours"]
        flop = 2 * B * T * GATES[case] * U * (2 * D + 3 * U)  # no gradient of the inputs
        cases[case] = {"ours_ms": statistics.median(ours), "limit_ms": flop / best / 1e6}
        for peer, theirs in by_contender.items():
            if peer == "ours":
                continue
            cases[case][peer] = {"ms": statistics.median(theirs), **compare(theirs, ours)}
    return {
        "shape": {"B": B, "T": T, "D": D, "U": U},
        **machine(),
        "gflop_per_s": {name: statistics.median(of_one) for name, of_one in speeds.items()},
        "cases": cases,
    }


def show(result):
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Training step at B {B}, T {T}, D {D}, U {U}: their time / ours")
    table.add_column("layer")
    table.add_column("ours, ms", justify="right")
    for title in PEERS.values():
        table.add_column(title, justify="right")
    table.add_column("arithmetic alone, ms", justify="right")
    for case, row in result["cases"].items():
        cells = []
        for peer in PEERS:
            if peer in row:
                low, high = row[peer]["quartiles"]
                cells.append(f"{row[peer]['ratio']:.2f} ({low:.2f}-{high:.2f})")
            else:
                cells.append("-")
        name = case.replace("_", " ").replace("lstm", "LSTM").replace("gru", "GRU")
        table.add_row(name, f"{row['ours_ms']:.1f}", *cells, f"{row['limit_ms']:.1f}")
    console = Console(width=max(Console().width, 120))
    console.print(table)
    speeds = ", ".join(f"{name} {speed:.0f}" for name, speed in result["gflop_per_s"].items())
    console.print(
        f"GFLOP/s in a product of 2048 x 2048 matrices: {speeds}. Cores: {result['cores']}."
    )
    if "torch" not in result["gflop_per_s"]:
        console.print("PyTorch is not installed here: pip install torch, or give --torch-python.")


if __name__ == "__main__":
    main()

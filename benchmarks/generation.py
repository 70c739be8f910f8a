"""Cached generation against KerasHub's, as ratios, and how it grows with the length of the text.

    python benchmarks/generation.py [--quick] [--json] [--torch-python PATH]

From 8 tokens of prompt to texts of 32 to 512 tokens, greedily, for one sequence and for eight, with 4
layers, 4 heads, 128 wide, 65 tokens. Ours is `TextGenerator.generate`, KerasHub's the `generate` of a
`GPT2CausalLM` of these sizes; a plain PyTorch GPT without a cache (it reads everything again for each
token) stands beside them where PyTorch is installed. Each contender is a process of its own; they take
turns, one text each (see `turns.py`). The first text of a length waits for a compiler, once; the
table says how long.
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

LAYERS, HEADS, WIDTH, CONTEXT, VOCABULARY, PROMPT = 4, 4, 128, 512, 65, 8
LENGTHS = (32, 64, 128, 256, 512)
BATCHES = (1, 8)
PEERS = {"keras_hub": "KerasHub", "torch_uncached": "PyTorch, no cache"}
LONGEST_UNCACHED = 256


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, rounds=3, turns=5)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker)
    lengths = (32, 256) if arguments.quick else LENGTHS
    result = summarize(*measure(*rounds_and_turns(arguments), lengths, arguments.torch_python))
    print(json.dumps(result, indent=2)) if arguments.json else show(result)


# The measurement: worker processes that take turns.


def measure(rounds, turns, lengths, torch_python):
    """Seconds {(batch, length): {contender: [...]}}, of the first texts too; memory in MB."""
    contenders = {"ours": {}, "keras_hub": {}}
    if has_module(torch_python, "torch"):
        contenders["torch_uncached"] = {"python": torch_python}
    cases = [(batch, length) for batch in BATCHES for length in lengths]
    times = {case: {} for case in cases}
    first = {case: {} for case in cases}
    memory = {}
    for _ in range(rounds):
        with Workers(__file__, contenders) as workers:
            for turn in range(turns + 1):
                for case in cases:
                    for name, worker in workers.items():
                        if name == "torch_uncached" and case[1] > LONGEST_UNCACHED:
                            continue
                        kept = times if turn else first
                        spent = worker.ask("{} {}".format(*case))
                        kept[case].setdefault(name, []).append(spent)
            for name, worker in workers.items():
                memory.setdefault(name, []).append(worker.ask("memory"))
    return times, first, memory


def work(name):
    make = {"ours": ours, "keras_hub": keras_hub, "torch_uncached": torch_uncached}
    write = make[name]()

    def respond(case):
        if case == "memory":
            return peak_megabytes()
        batch, length = map(int, case.split())
        return seconds(lambda: write(batch, length))

    answer(respond)


def prompts(batch):
    import numpy as np

    return np.random.default_rng(0).integers(0, VOCABULARY, (batch, PROMPT)).astype("int32")


def ours():
    from coursekit.generation.text_generation import TextGenerator
    from coursekit.models import DecoderTransformer

    model = DecoderTransformer(VOCABULARY, CONTEXT, LAYERS, HEADS, WIDTH)
    generator = TextGenerator(model)
    return lambda batch, length: generator.generate(prompts(batch), length - PROMPT)


def keras_hub():
    import keras_hub
    import numpy as np

    backbone = keras_hub.models.GPT2Backbone(
        VOCABULARY, LAYERS, HEADS, WIDTH, 4 * WIDTH, dropout=0.0, max_sequence_length=CONTEXT
    )
    model = keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)
    model.compile(sampler="greedy")

    def write(batch, length):
        token_ids = np.pad(prompts(batch), [(0, 0), (0, length - PROMPT)])
        given = np.arange(length) < PROMPT
        inputs = {
            "token_ids": token_ids,
            "padding_mask": np.tile(given, (batch, 1)).astype("int32"),
        }
        return np.asarray(model.generate(inputs, stop_token_ids=None)["token_ids"])

    return write


def torch_uncached():
    import torch
    from plain_gpt import PlainGPT

    model = PlainGPT(VOCABULARY, CONTEXT, LAYERS, HEADS, WIDTH).eval()

    def write(batch, length):
        token_ids = torch.from_numpy(prompts(batch)).long()
        return model.continue_greedily(token_ids, length - PROMPT)

    return write


# The result.


def summarize(times, first, memory):
    """Tokens a second, and ratios to ours with quartiles."""
    cases = []
    for (batch, length), by_contender in times.items():
        tokens = batch * (length - PROMPT)
        row = {"batch": batch, "length": length}
        for name, spent in by_contender.items():
            row[name] = {
                "tokens_per_s": tokens / statistics.median(spent),
                "first_s": statistics.median(first[batch, length][name]),
            }
            if name != "ours":
                row[name] |= compare(spent, by_contender["ours"])
        cases.append(row)
    return {
        "shape": {
            "layers": LAYERS,
            "heads": HEADS,
            "width": WIDTH,
            "context": CONTEXT,
            "prompt": PROMPT,
            "vocabulary": VOCABULARY,
        },
        **machine(),
        "peak_mb": {name: statistics.median(of_one) for name, of_one in memory.items()},
        "cases": cases,
    }


def show(result):
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Greedy generation from {PROMPT} tokens: tokens/s; their time / ours")
    table.add_column("sequences")
    table.add_column("length")
    table.add_column("ours", justify="right")
    table.add_column("first text, s", justify="right")
    for title in PEERS.values():
        table.add_column(title, justify="right")
        table.add_column("ratio", justify="right")
    for row in result["cases"]:
        ours = row["ours"]
        cells = [f"{ours['tokens_per_s']:,.0f}", f"{ours['first_s']:.1f}"]
        for peer in PEERS:
            if peer in row:
                low, high = row[peer]["quartiles"]
                cells.append(f"{row[peer]['tokens_per_s']:,.0f}")
                cells.append(f"{row[peer]['ratio']:.1f} ({low:.1f}-{high:.1f})")
            else:
                cells += ["-", "-"]
        table.add_row(str(row["batch"]), str(row["length"]), *cells)
    console = Console(width=max(Console().width, 120))
    console.print(table)
    peaks = ", ".join(f"{name} {peak:.0f}" for name, peak in result["peak_mb"].items())
    console.print(f"Peak memory, MB: {peaks}. Cores: {result['cores']}.")
    if "torch_uncached" not in result["peak_mb"]:
        console.print("PyTorch is not installed here: pip install torch, or give --torch-python.")


if __name__ == "__main__":
    main()

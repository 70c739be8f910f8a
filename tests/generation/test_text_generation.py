"""The loop that writes: against a plain one, row by row, across windows, and how often it compiles."""

import numpy as np
import pytest

from coursekit.errors import UserError
from coursekit.generation.sampling import GREEDY, Sampling, chances_of, next_token_probabilities
from coursekit.generation.text_generation import TextGenerator
from coursekit.generation.writing import window_start
from tests.generation.small_models import NextIs, OneHead

PROMPTS = [[1, 2, 3], [4, 12, 4] * 14, [5, 6, 7, 8, 9]]
SAMPLINGS = [GREEDY, Sampling(0.7), Sampling(1.5, top_k=4), Sampling(top_p=0.6)]


@pytest.fixture(scope="module")
def model():
    model = OneHead(sequence_length=80)
    model.build()
    return model


@pytest.fixture(scope="module")
def cached(model):
    return TextGenerator(model, use_cache=True)


@pytest.fixture(scope="module")
def uncached(model):
    return TextGenerator(model, use_cache=False)


def plainly(model, prompt, length, sampling, seed=0, context=80):
    """Token by token, with NumPy: the definition."""
    text = list(prompt)
    for chance in chances_of(seed, length):
        start = window_start(len(text) - 1, context)
        logits = model(np.array([text[start:]]))[:, -1]
        probabilities = next_token_probabilities(logits, sampling).numpy()[0].astype("float64")
        if sampling.top_k or sampling.top_p:
            # Sampled among the candidates, the likeliest first.
            order = np.argsort(-probabilities, kind="stable")
        else:
            order = np.arange(len(probabilities))
        place = np.argmax(np.cumsum(probabilities[order]) > chance)
        text.append(int(np.argmax(probabilities) if sampling.greedy else order[place]))
    return text


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_a_row_is_written_as_the_plain_loop_writes_it(model, cached, sampling):
    for seed, prompt in enumerate(PROMPTS[:2]):
        received = cached.generate([prompt], 12, sampling, seed)
        assert received.tolist() == [plainly(model, prompt, 12, sampling, seed)]


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_a_row_does_not_know_what_stands_beside_it(cached, uncached, sampling):
    together = cached.generate(PROMPTS, 20, sampling, seed=3)
    assert together.dtype == np.int32
    assert together.shape == (3, 42 + 20)
    for row, prompt in enumerate(PROMPTS):
        (alone,) = cached.generate([prompt], 20, sampling, seed=3 + row)
        assert (together[row, : len(alone)] == alone).all()
        assert (together[row, len(alone) :] == 0).all()
        assert alone[: len(prompt)].tolist() == prompt
    assert (uncached.generate(PROMPTS, 20, sampling, seed=3) == together).all()
    reordered = cached.generate(PROMPTS[::-1], 20, sampling, seed=[5, 4, 3])
    assert (reordered[::-1] == together).all()


def test_the_same_seed_writes_the_same_text(cached):
    first, again, other = (
        cached.generate(PROMPTS[:1] * 3, 30, Sampling(), seed=seed) for seed in (7, 7, 8)
    )
    assert (first == again).all()
    assert (first[1:] == other[:2]).all()
    assert len({tuple(row) for row in first.tolist()}) == 3
    short = cached.generate(PROMPTS[:1] * 3, 10, Sampling(), seed=7)
    assert (first[:, : short.shape[1]] == short).all()


def test_written_in_pieces_it_is_the_same(cached):
    whole = cached.generate(PROMPTS, 20, Sampling(), seed=1)
    for size in (1, 7):
        writing = cached.begin(PROMPTS, 20, Sampling(), seed=1)
        rows = [[], [], []]
        while not writing.done:
            for text, new in zip(rows, writing.more(size), strict=True):
                text.extend(new)
        assert (writing.token_ids == whole).all()
        assert rows == [
            whole[row, len(prompt) : len(prompt) + 20].tolist()
            for row, prompt in enumerate(PROMPTS)
        ]


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize(
    "context", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 40))]
)
def test_a_window_forgets_the_older_half(use_cache, context):
    model = OneHead(sequence_length=context, seed=1)
    model.build()
    generator = TextGenerator(model, use_cache=use_cache)
    prompts = [[1, 2, 3], list(range(10)) * 5]
    received = generator.generate(prompts, 60, overflow="window")
    for row, prompt in enumerate(prompts):
        expected = plainly(model, prompt, 60, GREEDY, context=context)
        assert received[row, : len(expected)].tolist() == expected
        assert (received[row, len(expected) :] == 0).all()


def test_the_window_keeps_at_least_half_a_context():
    for context in range(1, 12):
        for position in range(60):
            read = position - window_start(position, context) + 1
            assert read <= context
            assert read > context // 2 or read == position + 1


def test_a_text_that_just_fits_needs_no_window(cached):
    fits = cached.generate([[1, 2, 3]], 77)
    assert fits.shape == (1, 80)
    assert (cached.generate([[1, 2, 3]], 100, overflow="window")[:, :80] == fits).all()


def successors():
    chain = [0, 0, 0, 4, 5, 2, 7, 3, 8]  # 6 -> 7 -> 3 -> 4 -> 5 -> 2; 8 -> 8
    return NextIs(chain)


def test_a_row_that_has_stopped_emits_padding():
    generator = TextGenerator(successors())
    received = generator.generate([[6], [8, 8, 8], [5]], 8, stop_ids=(2,), pad_id=1)
    assert received.tolist() == [
        [6, 7, 3, 4, 5, 2, 1, 1, 1, 1, 1],
        [8, 8, 8, *[8] * 8],
        [5, 2, *[1] * 9],
    ]
    # A stop id in the prompt, or one that its first token would be, ends as much as it should.
    received = generator.generate([[2, 6], [4]], 3, stop_ids=(2, 5, 7), pad_id=1)
    assert received.tolist() == [[2, 6, 7, 1, 1], [4, 5, 1, 1, 1]]


def test_a_batch_that_has_finished_stops():
    writing = TextGenerator(successors()).begin([[6], [5]], 50, stop_ids=(2,))
    assert writing.more(100) == [[7, 3, 4, 5, 2], [2]]
    assert writing.done
    assert writing.position == 5
    assert writing.more(100) == [[], []]


def test_a_row_can_be_ended():
    writing = TextGenerator(successors()).begin([[6], [8]], 6)
    assert writing.more(2) == [[7, 3], [8, 8]]
    writing.end(1)
    assert writing.more(50) == [[4, 5, 2, 0], []]
    assert writing.token_ids.tolist() == [[6, 7, 3, 4, 5, 2, 0], [8, 8, 8, 0, 0, 0, 0]]
    assert writing.done


def test_forbidden_ids_are_never_written():
    generator = TextGenerator(successors(), forbidden_ids=(7, 8))
    for sampling in (GREEDY, Sampling(5.0)):
        received = generator.generate([[6], [8]], 30, sampling)[:, 1:]
        assert not set(received.ravel().tolist()) & {7, 8}


def test_nothing_to_write(cached):
    assert cached.generate([[1, 2], [3]], 0).tolist() == [[1, 2], [3, 0]]


def test_one_graph_serves_all_prompts_seeds_and_temperatures(model):
    generator = TextGenerator(model, use_cache=True)
    generator.generate([[1, 2, 3]], 5, Sampling(0.5))
    assert generator.traces == 1
    for length in (1, 2, 9, 30):
        prompt = [length % 13] * length
        generator.generate([prompt], 60 - length, Sampling(0.5 + length), seed=length)
        generator.generate([prompt], 4, Sampling(), stop_ids=range(length % 4))
    assert generator.traces == 1
    for length in (33, 40, 50):  # longer than a piece: what reads pieces is one more
        generator.generate([[2] * length], 64 - length, Sampling())
    assert generator.traces == 2
    generator.generate([[2] * 70], 9, Sampling())  # a longer cache
    assert generator.traces == 4
    generator.generate([[1, 2, 3]], 5, GREEDY)
    assert generator.traces == 5
    generator.generate([[1, 2, 3]] * 2, 5, GREEDY)
    assert generator.traces == 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prompts": []}, "empty"),
        ({"prompts": [[1], []]}, "empty"),
        ({"prompts": [[1] * 81]}, "longer than the context of 80 tokens.*81 tokens"),
        ({"prompts": [[1] * 80]}, "fills the context of 80"),
        ({"prompts": [[1], [1] * 70]}, "at most 10 new ones.*70 tokens of prompt, 11 new ones"),
        ({"prompts": [[1, 13]]}, "from 0 to 12.*Received: 13"),
        ({"prompts": [[-1]]}, "from 0 to 12.*Received: -1"),
        ({"stop_ids": (2, 13)}, "stop id is from 0 to 12.*Received: 13"),
        ({"stop_ids": (-1,)}, "stop id is from 0 to 12.*Received: -1"),
        ({"max_new_tokens": -1}, "max_new_tokens=-1"),
        ({"overflow": "crop"}, "overflow='crop'"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": [1, 2]}, "2 for 1 rows"),
    ],
)
def test_what_cannot_be_written(cached, arguments, said):
    with pytest.raises(UserError, match=said) as refused:
        cached.generate(**{"prompts": [[1]], "max_new_tokens": 11} | arguments)
    assert "\n" not in str(refused.value)

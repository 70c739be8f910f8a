"""Unit 12. Generating text.

A language model answers each sequence with logits for the token that comes next. To write text, turn
the logits into probabilities, choose a token, append it, and ask again. You write the choice
(temperature, top-k, top-p, sampling), the loop for a batch of prompts of different lengths, and the
cache that saves a transformer from computing the keys and values of the whole text anew for every
token.

Letters for shapes: B sequences in a batch, V tokens in the vocabulary, N attention heads, T new
tokens, S places in the cache, H numbers in a query or key, Hv in a value. Token ids are int32; logits,
probabilities and whatever else is a number are float32. In a mask True means a real token. Arguments
are tensors; they may also be NumPy arrays, and they must not be changed in place. Python may look at
values everywhere but in `attend_with_cache`, which has to work inside `tf.function`, where all shapes
are known and no values are.
"""

import math

import keras
from keras import ops

PAD = 0


def next_token_probabilities(logits, temperature=1.0):
    """Probabilities of the next token.

        probabilities = softmax(logits / temperature)

    A temperature below 1 sharpens the distribution, one above 1 flattens it. Logits may be very large
    (10000 and more) and may be -infinity, which gives a probability of zero.

    Args:
        logits: (B, V).
        temperature: float, above 0.

    Returns:
        (B, V), each row with sum one.
    """
    raise NotImplementedError("ex12_generation: next_token_probabilities is not written yet")


def keep_top_k(probabilities, k):
    """Keeps the k most probable tokens of each row; all others get zero.

    What is kept is divided by its sum, so that each row has sum one again. Exactly k tokens are kept: of
    tokens with equal probabilities the one with the smaller id comes first. A k of V or more keeps
    everything.

    Args:
        probabilities: (B, V), each row with sum one and at least k values above zero.
        k: int, at least 1.

    Returns:
        (B, V): tokens stay at their places.
    """
    raise NotImplementedError("ex12_generation: keep_top_k is not written yet")


def keep_top_p(probabilities, p):
    """Keeps the fewest tokens whose probabilities add up to at least p; all others get zero.

    The most probable tokens are kept, of each row as many as it needs: also the one with which the sum
    reaches p, and none after it. In other words, a token is kept if those before it have together less
    than p. Where the sum is exactly p, it has been reached. The most probable token is always kept.
    What is kept is divided by its sum. Of tokens with equal probabilities the one with the smaller id
    comes first.

    Args:
        probabilities: (B, V), each row with sum one.
        p: float, above 0 and at most 1.

    Returns:
        (B, V): tokens stay at their places.
    """
    raise NotImplementedError("ex12_generation: keep_top_p is not written yet")


def sample(probabilities, seed):
    """Draws one token for each row, with the given probabilities.

    Rows are drawn independently of each other. The same arguments always give the same draw, whatever
    has been drawn before; another seed gives another draw. A token of probability zero is never
    drawn.

    `keras.random.categorical(log_probabilities, 1, seed=seed)` draws from logarithms; that of zero is
    -infinity, which is fine there.

    Args:
        probabilities: (B, V), each row with sum one.
        seed: int, 0 or more.

    Returns:
        Token ids, int (B,).
    """
    raise NotImplementedError("ex12_generation: sample is not written yet")


def generate(
    next_logits,
    prompt_ids,
    prompt_mask,
    max_length,
    stop_id,
    temperature=0.0,
    top_k=None,
    top_p=None,
    seed=0,
):
    """Continues a batch of prompts, token by token.

    Prompts have different lengths and are padded at the end; the mask says where a prompt ends,
    whatever ids stand in the padding. Each row goes on directly after its own last token, with nothing
    in between:

        prompt_ids  5 6 7        result  5 6 7 a b STOP PAD
                    8 - -                8 c d e f g    h

    A row ends when it has written `stop_id`, which stays in the result, or when it has `max_length`
    tokens, prompt included. A `stop_id` in the prompt ends nothing, and neither does any other
    token, PAD included. After its end a row has PAD. As soon as every row has ended, `next_logits` is
    not called any more.

    How a token is chosen from its logits: with temperature 0 it is the one with the largest logit.
    Otherwise it is drawn: probabilities with the temperature, then `keep_top_k` unless `top_k` is None,
    then `keep_top_p` unless `top_p` is None, then `sample`. The whole text depends on nothing but the
    arguments, so the same seed gives the same text; each step of it draws anew, so no two steps may
    use the same seed: step n can take `seed + n`.

    Args:
        next_logits: called as `next_logits(token_ids, padding_mask)` with ids (B, T) and a Boolean mask
            (B, T). It returns logits (B, T, V); those at t answer what comes after `token_ids[:, t]`,
            and depend on nothing that stands after it. T may be any number from 1 to `max_length`.
        prompt_ids: (B, P), at least one token in each row.
        prompt_mask: Boolean (B, P).
        max_length: int, at least P.
        stop_id: int.
        temperature: float, 0 or more.
        top_k: int or None.
        top_p: float or None.
        seed: int.

    Returns:
        Token ids, int (B, max_length).
    """
    raise NotImplementedError("ex12_generation: generate is not written yet")


def attend_with_cache(query, key, value, cache, index):
    """Causal attention of new tokens to themselves and to all that came before.

    The cache holds the keys and values of the tokens so far, in two arrays of fixed size. The T new
    tokens stand at the places index, index + 1, ..., index + T - 1:

        keys[:, :, index : index + T] = key          (in a copy of the cache)
        values[:, :, index : index + T] = value
        scores[t, s] = query[t] . keys[s] / sqrt(H)      where s <= index + t, and no other s
        output[t] = sum over s of softmax(scores[t])[s] * values[s]

    T is many when a prompt is read and 1 when a token is written. Places after the last new token have
    not been written yet: whatever number stands there, it is not attended to, and it stays.

    Args:
        query: (B, N, T, H).
        key: (B, N, T, H).
        value: (B, N, T, Hv).
        cache: `(keys, values)`, (B, N, S, H) and (B, N, S, Hv).
        index: how many places are filled; a Python int or a scalar int32 tensor. index + T is at most S.

    Returns:
        `(output, cache)`: (B, N, T, Hv), and the new `(keys, values)` of the same shapes as before.
    """
    raise NotImplementedError("ex12_generation: attend_with_cache is not written yet")

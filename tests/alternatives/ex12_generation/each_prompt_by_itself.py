"""Each prompt is continued alone; inverse of the cumulative sum for drawing; loops over heads."""

import keras
import numpy as np
from keras import ops

PAD = 0


def next_token_probabilities(logits, temperature=1.0):
    logits = ops.convert_to_tensor(logits)
    logits = logits / temperature - ops.max(logits / temperature, axis=-1, keepdims=True)
    return ops.exp(logits) / ops.sum(ops.exp(logits), axis=-1, keepdims=True)


def renormalise(probabilities):
    return probabilities / ops.sum(probabilities, axis=1, keepdims=True)


def keep_top_k(probabilities, k):
    probabilities = ops.convert_to_tensor(probabilities)
    size = probabilities.shape[1]
    earlier = ops.tril(ops.ones((size, size)), -1)  # [v, w]: w comes before v
    larger = probabilities[:, None, :] > probabilities[:, :, None]
    equal = (probabilities[:, None, :] == probabilities[:, :, None]) & (earlier > 0)
    rank = ops.sum(ops.cast(larger | equal, "int32"), axis=-1)
    return renormalise(ops.cast(rank < k, "float32") * probabilities)


def keep_top_p(probabilities, p):
    probabilities = ops.convert_to_tensor(probabilities)
    size = probabilities.shape[1]
    earlier = ops.tril(ops.ones((size, size)), -1)
    larger = probabilities[:, None, :] > probabilities[:, :, None]
    equal = (probabilities[:, None, :] == probabilities[:, :, None]) & (earlier > 0)
    before = ops.sum(ops.where(larger | equal, probabilities[:, None, :], 0.0), axis=-1)
    return renormalise(ops.where(before < p, probabilities, 0.0))


def sample(probabilities, seed):
    probabilities = np.array(probabilities, dtype=np.float64)
    sums = probabilities.cumsum(axis=1)
    number = np.random.RandomState(seed).random_sample((len(sums), 1)) * sums[:, -1:]
    return (sums <= number).sum(axis=1)


def continue_one(next_logits, tokens, max_length, stop_id, temperature, top_k, top_p, seed):
    while len(tokens) < max_length:
        logits = next_logits(ops.array([tokens], "int32"), ops.ones((1, len(tokens)), "bool"))[0, -1:]
        if temperature == 0:
            token = int(np.argmax(logits))
        else:
            left = next_token_probabilities(logits, temperature)
            left = left if top_k is None else keep_top_k(left, top_k)
            left = left if top_p is None else keep_top_p(left, top_p)
            token = int(sample(left, seed.integers(2**31))[0])
        tokens.append(token)
        if token == stop_id:
            break
    return tokens + [PAD] * (max_length - len(tokens))


def generate(next_logits, prompt_ids, prompt_mask, max_length, stop_id,
             temperature=0.0, top_k=None, top_p=None, seed=0):
    generator = np.random.default_rng(seed)
    lengths = np.array(prompt_mask).sum(axis=1)
    texts = [
        continue_one(next_logits, np.array(ids)[:n].tolist(), max_length, stop_id,
                     temperature, top_k, top_p, generator)
        for ids, n in zip(prompt_ids, lengths)
    ]
    return ops.array(texts, dtype="int32")


def attend_with_cache(query, key, value, cache, index):
    heads, new = query.shape[1], query.shape[2]
    start = ops.stack([0, 0, ops.cast(index, "int32"), 0])
    keys, values = (
        ops.slice_update(old, start, given) for old, given in zip(cache, (key, value))
    )
    places = ops.arange(keys.shape[2], dtype="float32")
    last = ops.cast(index, "float32") + ops.arange(new, dtype="float32")
    bias = ops.where(places[None] > last[:, None], float("-inf"), 0.0)  # (T, S)
    outputs = []
    for head in range(heads):
        scores = ops.matmul(query[:, head], ops.transpose(keys[:, head], (0, 2, 1)))
        scores = scores / ops.sqrt(ops.cast(query.shape[-1], "float32")) + bias
        outputs.append(ops.matmul(ops.softmax(scores), values[:, head]))
    return ops.stack(outputs, axis=1), (keys, values)

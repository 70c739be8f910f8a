"""NumPy for all that runs eagerly; row by row; a boolean matrix product writes the cache."""

import math

import keras
import numpy as np
import tensorflow as tf

PAD = 0


def next_token_probabilities(logits, temperature=1.0):
    scaled = np.array(logits, dtype=np.float64) / temperature
    weights = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def keep_top_k(probabilities, k):
    result = np.zeros_like(probabilities)
    for row, values in enumerate(np.array(probabilities)):
        best = sorted(range(len(values)), key=lambda token: (-values[token], token))[:k]
        result[row, best] = values[best] / values[best].sum()
    return result


def keep_top_p(probabilities, p):
    result = np.zeros_like(probabilities)
    for row, values in enumerate(np.array(probabilities)):
        kept, total = [], 0.0
        for token in np.argsort(-values, kind="stable"):
            kept.append(token)
            total += values[token]
            if total >= p:
                break
        result[row, kept] = values[kept] / values[kept].sum()
    return result


def sample(probabilities, seed):
    generator = np.random.default_rng(seed)
    ids = []
    for row in np.array(probabilities, dtype=np.float64):
        ids.append(generator.choice(len(row), p=row / row.sum()))
    return np.array(ids, dtype=np.int32)


def generate(next_logits, prompt_ids, prompt_mask, max_length, stop_id,
             temperature=0.0, top_k=None, top_p=None, seed=0):
    prompt_ids, prompt_mask = np.array(prompt_ids), np.array(prompt_mask)
    rows = [ids[mask].tolist() for ids, mask in zip(prompt_ids, prompt_mask)]
    writing = [len(row) < max_length for row in rows]
    step = 0
    while any(writing):
        length = max(map(len, rows))
        token_ids = np.array([row + [PAD] * (length - len(row)) for row in rows], dtype=np.int32)
        mask = np.array([[True] * len(row) + [False] * (length - len(row)) for row in rows])
        logits = np.array(next_logits(token_ids, mask))
        logits = logits[np.arange(len(rows)), [len(row) - 1 for row in rows]]
        if temperature == 0:
            chosen = logits.argmax(axis=-1)
        else:
            chosen = next_token_probabilities(logits, temperature)
            if top_k is not None:
                chosen = keep_top_k(chosen, top_k)
            if top_p is not None:
                chosen = keep_top_p(chosen, top_p)
            chosen = sample(chosen, 7919 * seed + step)
        for number, row in enumerate(rows):
            if writing[number]:
                row.append(int(chosen[number]))
                writing[number] = row[-1] != stop_id and len(row) < max_length
        step += 1
    return np.array([row + [PAD] * (max_length - len(row)) for row in rows], dtype=np.int32)


def attend_with_cache(query, key, value, cache, index):
    query = tf.convert_to_tensor(query)
    new, size = query.shape[2], cache[0].shape[2]
    places = tf.one_hot(index + tf.range(new), size)  # (T, S)
    free = 1.0 - tf.reduce_sum(places, axis=0)[:, None]  # (S, 1)
    keys, values = (
        old * free + tf.einsum("ts,bntd->bnsd", places, given)
        for old, given in zip(cache, (key, value))
    )
    scores = tf.einsum("bnth,bnsh->bnts", query, keys) / math.sqrt(query.shape[3])
    hidden = tf.range(size)[None, :] > (index + tf.range(new))[:, None]
    scores -= 1e9 * tf.cast(hidden, tf.float32)
    return [tf.einsum("bnts,bnsv->bntv", tf.nn.softmax(scores), values), [keys, values]]

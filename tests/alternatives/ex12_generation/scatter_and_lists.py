"""Top-k by repeated maximum, top-p by a threshold per row; a list of columns; the cache by scatter."""

import keras
import tensorflow as tf
from keras import ops

PAD = 0


def next_token_probabilities(logits, temperature=1.0):
    return keras.activations.softmax(ops.multiply(logits, 1.0 / temperature))


def keep_top_k(probabilities, k):
    left, mask = ops.convert_to_tensor(probabilities), 0.0
    for _ in range(min(k, left.shape[1])):
        best = ops.one_hot(ops.argmax(left, axis=1), left.shape[1])
        mask, left = mask + best, ops.where(best > 0, -1.0, left)
    kept = probabilities * mask
    return kept / ops.sum(kept, axis=1)[:, None]


def keep_top_p(probabilities, p):
    left, kept, total = ops.convert_to_tensor(probabilities), 0.0, 0.0
    for _ in range(left.shape[1]):
        best = ops.one_hot(ops.argmax(left, axis=1), left.shape[1])
        wanted = best * ops.cast(total < p, "float32")
        kept = kept + wanted * probabilities
        total = ops.sum(kept, axis=1, keepdims=True)
        left = ops.where(best > 0, -1.0, left)
    return kept / total


def sample(probabilities, seed):
    logits = tf.math.log(tf.convert_to_tensor(probabilities))
    return tf.random.stateless_categorical(logits, 1, seed=(seed, seed + 1))[:, 0]


def generate(next_logits, prompt_ids, prompt_mask, max_length, stop_id,
             temperature=0.0, top_k=None, top_p=None, seed=0):
    prompt_ids = ops.convert_to_tensor(prompt_ids)
    prompt_mask = ops.convert_to_tensor(prompt_mask)
    batch, longest = prompt_ids.shape
    columns, masks = [prompt_ids[:, 0]], [prompt_mask[:, 0]]
    alive = [True] * batch
    shortest = int(ops.min(ops.sum(ops.cast(prompt_mask, "int32"), axis=1)))
    for place in range(1, max_length):
        inside = prompt_mask[:, place] if place < longest else ops.zeros((batch,), "bool")
        prompt = prompt_ids[:, place] if place < longest else ops.zeros((batch,), "int32")
        longest_row_is_full = longest == max_length
        if place < shortest:
            new = prompt
        elif not any(a or (longest_row_is_full and bool(i)) for a, i in zip(alive, inside)):
            new, inside = ops.where(inside, prompt, PAD), inside
        else:
            logits = next_logits(ops.stack(columns, 1), ops.stack(masks, 1))[:, place - 1]
            if temperature == 0.0:
                new = ops.argmax(logits, -1)
            else:
                q = next_token_probabilities(logits, temperature)
                if top_k:
                    q = keep_top_k(q, top_k)
                if top_p:
                    q = keep_top_p(q, top_p)
                new = sample(q, seed * max_length + place)
            new = ops.cast(new, "int32")
            new = ops.where(ops.convert_to_tensor(alive), new, PAD)
            written = ops.where(inside, -1, new)
            mask = ops.logical_or(inside, ops.convert_to_tensor(alive))
            alive = [a and int(w) != stop_id for a, w in zip(alive, written)]
            new, inside = ops.where(inside, prompt, new), mask
        columns.append(new)
        masks.append(inside)
    return ops.stack(columns, axis=1)


def attend_with_cache(query, key, value, cache, index):
    rows = tf.range(query.shape[2])[:, None] + tf.cast(index, tf.int32)

    def written(old, new):
        old = tf.transpose(old, [2, 0, 1, 3])  # places first
        updated = tf.tensor_scatter_nd_update(old, rows, tf.transpose(new, [2, 0, 1, 3]))
        return tf.transpose(updated, [1, 2, 0, 3])

    keys, values = written(cache[0], key), written(cache[1], value)
    scores = ops.einsum("...th,...sh->...ts", query / query.shape[-1] ** 0.5, keys)
    allowed = ops.cast(ops.arange(keys.shape[2])[None] < rows + 1, "float32")
    weights = ops.exp(scores - ops.max(scores + (allowed - 1) * 1e9, axis=-1, keepdims=True))
    weights = ops.where(allowed > 0, weights, 0.0)
    weights = weights / ops.sum(weights, axis=-1, keepdims=True)
    return ops.einsum("...ts,...sv->...tv", weights, values), (keys, values)

"""The model reads the whole buffer every time; tf.nn.top_k; a threshold for top-p; Gumbel noise."""

import keras
import tensorflow as tf
from keras import ops

PAD = 0


def next_token_probabilities(logits, temperature=1.0):
    return tf.exp(tf.nn.log_softmax(tf.convert_to_tensor(logits) / temperature))


def keep_top_k(probabilities, k):
    probabilities = tf.convert_to_tensor(probabilities)
    vocabulary_size = probabilities.shape[-1]
    values, ids = tf.math.top_k(probabilities, min(k, vocabulary_size))
    values = values / tf.reduce_sum(values, axis=-1, keepdims=True)
    return tf.einsum("bk,bkv->bv", values, tf.one_hot(ids, vocabulary_size))


def keep_top_p(probabilities, p):
    probabilities = tf.convert_to_tensor(probabilities)
    values, ids = tf.math.top_k(probabilities, probabilities.shape[-1])
    needed = tf.cumsum(values, axis=-1, exclusive=True) < p
    rows = tf.range(tf.shape(ids)[0])[:, None] + tf.zeros_like(ids)
    kept = tf.scatter_nd(
        tf.stack([rows, ids], axis=-1), tf.where(needed, values, 0.0), tf.shape(probabilities)
    )
    return tf.math.divide(kept, tf.reduce_sum(kept, axis=-1, keepdims=True))


def sample(probabilities, seed):
    probabilities = tf.convert_to_tensor(probabilities)
    noise = tf.random.stateless_uniform(probabilities.shape, [seed, 1], minval=1e-20)
    return tf.argmax(tf.math.log(probabilities) - tf.math.log(-tf.math.log(noise)), axis=-1)


def choose(logits, temperature, top_k, top_p, seed):
    if not temperature:
        return tf.math.top_k(logits, 1).indices[:, 0]
    probabilities = next_token_probabilities(logits, temperature)
    probabilities = keep_top_k(probabilities, top_k) if top_k else probabilities
    probabilities = keep_top_p(probabilities, top_p) if top_p else probabilities
    return tf.cast(sample(probabilities, seed), tf.int32)


def generate(next_logits, prompt_ids, prompt_mask, max_length, stop_id,
             temperature=0.0, top_k=None, top_p=None, seed=0):
    prompt_ids, prompt_mask = ops.convert_to_tensor(prompt_ids), ops.convert_to_tensor(prompt_mask)
    batch, longest = prompt_ids.shape
    lengths = tf.reduce_sum(tf.cast(prompt_mask, tf.int32), axis=1)
    text = tf.pad(prompt_ids * tf.cast(prompt_mask, prompt_ids.dtype), [[0, 0], [0, max_length - longest]])
    ended = lengths >= max_length
    draw = seed * 1000
    while not tf.reduce_all(ended):
        mask = tf.sequence_mask(lengths, max_length)
        logits = next_logits(text, mask)
        logits = tf.gather(logits, tf.minimum(lengths, max_length) - 1, batch_dims=1)
        chosen = choose(logits, temperature, top_k, top_p, draw)
        draw += 1
        index = tf.boolean_mask(tf.stack([tf.range(batch), lengths], axis=1), ~ended)
        text = tf.tensor_scatter_nd_update(text, index, tf.boolean_mask(chosen, ~ended))
        lengths += tf.cast(~ended, tf.int32)
        ended |= (chosen == stop_id) | (lengths >= max_length)
    return text


def attend_with_cache(query, key, value, cache, index):
    query, key, value = (tf.convert_to_tensor(array) for array in (query, key, value))
    keys, values = (tf.convert_to_tensor(array) for array in cache)
    end = index + query.shape[2]
    keys = tf.concat([keys[:, :, :index], key, keys[:, :, end:]], axis=2)
    values = tf.concat([values[:, :, :index], value, values[:, :, end:]], axis=2)
    # Only what is filled takes part; within it the last query sees everything.
    scores = tf.matmul(query, keys[:, :, :end], transpose_b=True) * query.shape[-1] ** -0.5
    triangle = tf.linalg.band_part(tf.ones([query.shape[2], end]), -1, index)
    scores = tf.where(triangle > 0, scores, tf.float32.min)
    return tf.matmul(tf.nn.softmax(scores), values[:, :, :end]), (keys, values)

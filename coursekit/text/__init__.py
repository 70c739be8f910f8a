"""Sentence pairs, real and drawn from a grammar; tokenizers; batches for training."""

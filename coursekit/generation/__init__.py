"""Decoding: turns a model's next-token logits into sequences."""

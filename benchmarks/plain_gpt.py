"""The same decoder in PyTorch, in the style of a plain GPT: what the benchmarks compare with."""

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, hidden_dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.norm_1 = nn.LayerNorm(hidden_dim)
        self.query_key_value = nn.Linear(hidden_dim, 3 * hidden_dim)
        self.output = nn.Linear(hidden_dim, hidden_dim)
        self.norm_2 = nn.LayerNorm(hidden_dim)
        self.up = nn.Linear(hidden_dim, 4 * hidden_dim)
        self.down = nn.Linear(4 * hidden_dim, hidden_dim)

    def forward(self, x):
        x = x + self.attention(self.norm_1(x))
        return x + self.down(F.gelu(self.up(self.norm_2(x))))

    def attention(self, x):
        batch, length, width = x.shape
        heads = (batch, length, self.num_heads, width // self.num_heads)
        parts = self.query_key_value(x).split(width, dim=-1)
        query, key, value = (part.view(heads).transpose(1, 2) for part in parts)  # (B, N, T, H)
        y = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(y.transpose(1, 2).reshape(batch, length, width))


class PlainGPT(nn.Module):
    """Learned positions, pre-norm blocks, a final norm, and an output tied to the embedding."""

    def __init__(self, vocabulary_size, sequence_length, num_layers, num_heads, hidden_dim):
        super().__init__()
        self.sequence_length = sequence_length
        self.tokens = nn.Embedding(vocabulary_size, hidden_dim)
        self.positions = nn.Embedding(sequence_length, hidden_dim)
        self.blocks = nn.ModuleList([Block(hidden_dim, num_heads) for _ in range(num_layers)])
        self.norm = nn.LayerNorm(hidden_dim)
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, token_ids):
        positions = torch.arange(token_ids.shape[1], device=token_ids.device)
        x = self.tokens(token_ids) + self.positions(positions)
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T

    @torch.no_grad()
    def continue_greedily(self, token_ids, new_tokens):
        """Reads everything again for each token."""
        for _ in range(new_tokens):
            logits = self(token_ids[:, -self.sequence_length :])[:, -1]
            token_ids = torch.cat([token_ids, logits.argmax(-1, keepdim=True)], dim=1)
        return token_ids

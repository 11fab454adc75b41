"""How much work a computation is, from its shapes alone, and which roof it stands under.

B = sequences, T = new tokens, S = tokens in the cache, Hq and Hkv = query and key heads, d = head_dim. Every tensor
is read or written once: what a kernel moves beyond that is its own affair, and shows as a lower rate.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    flops: float
    bytes: float


@dataclass(frozen=True)
class Roofs:
    """What the card does at best, measured in the same run: a copy, read and write counted, and a bf16 matmul."""

    bytes_per_second: float
    flops_per_second: float

    def is_memory_bound(self, work):
        return work.bytes / self.bytes_per_second >= work.flops / self.flops_per_second


def decode(batch, heads, kv_heads, tokens, head_dim, element_bytes):
    """One new token attends to S. bf16: 4 B Hkv S d for keys and values, 4 B Hq d for queries and context."""
    return Work(flops=4 * batch * heads * tokens * head_dim,
                bytes=2 * element_bytes * batch * head_dim * (kv_heads * tokens + heads))


def prefill(batch, heads, kv_heads, tokens, qk_dim, v_dim, element_bytes):
    """Causal attention of S tokens to themselves: half of the square, for scores and for context."""
    return Work(flops=batch * heads * tokens ** 2 * (qk_dim + v_dim),
                bytes=element_bytes * batch * tokens * (heads + kv_heads) * (qk_dim + v_dim))


def latent_decode(batch, heads, tokens, latent, rope, element_bytes):
    """One new token on S latents that all heads share: with 512 + 64 bf16 that is 1152 bytes for each."""
    width = latent + rope
    return Work(flops=2 * batch * heads * tokens * (width + latent),
                bytes=element_bytes * batch * (width * tokens + heads * (width + latent)))


def rope_append(batch, heads, kv_heads, new_tokens, head_dim, element_bytes):
    """Queries, keys and values read and written once, keys and values into the cache; the table's rows as floats."""
    return Work(flops=3 * batch * new_tokens * (heads + kv_heads) * head_dim,
                bytes=2 * element_bytes * batch * new_tokens * (heads + 2 * kv_heads) * head_dim
                + 4 * new_tokens * head_dim)

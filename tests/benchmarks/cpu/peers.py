"""PyTorch's and NumPy's ways to the same results. Each gets tensors in the layout that suits it best, contiguous:
queries (B, H, T, d), keys and values (B, H_kv, S, d). G = H / H_kv, the heads of a group."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from shared.problem import Unsupported, one_line

TORCH = tuple(int(part) for part in torch.__version__.split(".")[:2])


def repeat_kv(x, n_rep):
    """(B, H_kv, S, d) -> (B, H, S, d), as Llama's code does it: a copy."""
    batch, heads, tokens, width = x.shape
    return x[:, :, None].expand(batch, heads, n_rep, tokens, width).reshape(batch, heads * n_rep, tokens, width)


def future(n_queries, n_keys):
    """True for keys after the query."""
    return torch.ones(n_queries, n_keys, dtype=torch.bool).triu(1 + n_keys - n_queries)


def eager(queries, keys, values, scale):
    """The usual code: keys and values repeated, then matmul, softmax, matmul."""
    n_rep = queries.shape[1] // keys.shape[1]
    keys, values = repeat_kv(keys, n_rep), repeat_kv(values, n_rep)
    scores = torch.matmul(queries, keys.transpose(2, 3)) * scale
    if queries.shape[2] > 1:
        scores = scores.masked_fill(future(queries.shape[2], keys.shape[2]), -math.inf)
    return torch.matmul(torch.softmax(scores, dim=-1), values)


def grouped(queries, keys, values, scale):
    """The heads of a group are rows of one product: nothing is repeated."""
    batch, heads, n_queries, width = queries.shape
    kv_heads, n_keys = keys.shape[1:3]
    rows = queries.reshape(batch * kv_heads, -1, width)
    scores = torch.baddbmm(rows.new_empty(1, 1, 1), rows, keys.flatten(0, 1).transpose(1, 2), beta=0, alpha=scale)
    if n_queries > 1:
        scores.view(-1, n_queries, n_keys).masked_fill_(future(n_queries, n_keys), -math.inf)
    return torch.bmm(torch.softmax(scores, dim=-1), values.flatten(0, 1)).view(batch, heads, n_queries, -1)


def sdpa(queries, keys, values, scale):
    """scaled_dot_product_attention on keys and values that are repeated already."""
    return F.scaled_dot_product_attention(queries, keys, values, is_causal=queries.shape[2] > 1, scale=scale)


def repeat_and_sdpa(queries, keys, values, scale):
    n_rep = queries.shape[1] // keys.shape[1]
    return sdpa(queries, repeat_kv(keys, n_rep), repeat_kv(values, n_rep), scale)


def grouped_sdpa(queries, keys, values, scale):
    """scaled_dot_product_attention, which repeats keys and values by itself."""
    if TORCH < (2, 5):
        raise Unsupported(f"enable_gqa came with PyTorch 2.5, this is {torch.__version__}")
    return F.scaled_dot_product_attention(queries, keys, values, is_causal=queries.shape[2] > 1, scale=scale, enable_gqa=True)


def flex():
    """flex_attention, compiled. Its block mask is made once for a size, and not timed."""
    if TORCH < (2, 5):
        raise Unsupported(f"flex_attention came with PyTorch 2.5, this is {torch.__version__}")
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    attend, masks = torch.compile(flex_attention, dynamic=False), {}

    def run(queries, keys, values, scale):
        sizes = queries.shape[2], keys.shape[2]
        if sizes not in masks:
            offset = sizes[1] - sizes[0]
            masks[sizes] = create_block_mask(lambda b, h, q, k: q + offset >= k, None, None, *sizes, device="cpu")
        return attend(queries, keys, values, block_mask=masks[sizes], scale=scale, enable_gqa=True)
    return run


def numpy_grouped(queries, keys, values, scale):
    """The grouped form with np.matmul, on arrays that share the tensors' memory."""
    batch, heads, n_queries, width = queries.shape
    kv_heads, n_keys = keys.shape[1:3]
    rows = queries.numpy().reshape(batch, kv_heads, -1, width)
    scores = np.matmul(rows, keys.numpy().swapaxes(2, 3)) * np.float32(scale)
    if n_queries > 1:
        scores.reshape(batch, kv_heads, -1, n_queries, n_keys)[..., future(n_queries, n_keys).numpy()] = -np.inf
    scores -= scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores, out=scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    return torch.from_numpy(np.matmul(weights, values.numpy())).view(batch, heads, n_queries, -1)


# --- latent attention, one new token: queries (B, T, H, d), caches (B, S, ...)

def naive_einsums(queries, keys, values, scale):
    scores = torch.einsum("bthd,bshd->bths", queries, keys)
    return torch.einsum("bths,bshd->bthd", torch.softmax(scores * scale, dim=-1), values)


def absorbed_einsums(queries, queries_pe, latents, latents_pe, scale):
    scores = torch.einsum("bthc,bsc->bths", queries, latents) + torch.einsum("bthr,bsr->bths", queries_pe, latents_pe)
    return torch.einsum("bths,bsc->bthc", torch.softmax(scores * scale, dim=-1), latents)


def absorbed_bmm(queries, cache, scale, latent):
    """Latents and positions in one cache (B, S, latent + rope): two products."""
    batch, tokens, heads, width = queries.shape
    rows = queries.view(batch, tokens * heads, width)
    scores = torch.baddbmm(rows.new_empty(1, 1, 1), rows, cache.transpose(1, 2), beta=0, alpha=scale)
    return torch.bmm(torch.softmax(scores, dim=-1), cache[:, :, :latent]).view(batch, tokens, heads, latent)


# --- a layer of Llama

def rotate(x, turned):
    """x (B, T, H, d): neighbours are a complex number, which the table's number multiplies."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turned[None, :, None, :]).flatten(-2)


def rotation_table(length, head_dim, theta):
    freqs = 1.0 / (theta ** (torch.arange(0, head_dim, 2).float() / head_dim))
    angle = torch.outer(torch.arange(length).float(), freqs)
    return torch.polar(torch.ones_like(angle), angle)


class Layer:
    """The caches are (B, H_kv, S, d), in which `attend` reads each head without gaps."""

    def __init__(self, weights, caches, head_dim, theta, attend):
        self.wq, self.wk, self.wv, self.wo = weights
        self.cache_k, self.cache_v = [cache.transpose(1, 2).contiguous() for cache in caches]
        self.head_dim, self.attend = head_dim, attend
        self.table = rotation_table(self.cache_k.shape[2], head_dim, theta).to(
            torch.complex128 if self.wq.dtype == torch.float64 else torch.complex64)

    def __call__(self, x, start):
        stop = start + x.shape[1]
        queries, keys, values = [F.linear(x, weight).unflatten(-1, (-1, self.head_dim)) for weight in (self.wq, self.wk, self.wv)]
        turned = self.table[start:stop]
        self.cache_k[:, :, start:stop] = rotate(keys, turned).transpose(1, 2)
        self.cache_v[:, :, start:stop] = values.transpose(1, 2)
        context = self.attend(rotate(queries, turned).transpose(1, 2), self.cache_k[:, :, :stop], self.cache_v[:, :, :stop],
                              self.head_dim ** -0.5)
        return F.linear(context.transpose(1, 2).flatten(2), self.wo)


def reason_of(error):
    """Why a peer has no time, in one line."""
    return ("" if isinstance(error, Unsupported) else f"{type(error).__name__}: ") + one_line(error)

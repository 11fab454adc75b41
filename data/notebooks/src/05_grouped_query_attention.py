# %% [markdown] title
# # Chapter 5: Grouped-query attention and the KV cache
#
# A model that writes keeps the keys and values of all it has read. Two ideas make that bearable: compute them once (the
# cache), and make fewer of them than there are queries (the groups).
#
# `./walk 5` shows the same tensors in C++, under the same names. `./walk 5 --compare FILE.ipynb` sets your own version of these cells
# beside them.

# %% sizes
import math
from types import SimpleNamespace

import torch
from torch import nn

torch.set_grad_enabled(False)  # nothing is trained here, and prints stay free of grad_fn
dim, n_heads, n_kv_heads, head_dim = 6, 4, 2, 2
max_batch, max_seq = 2, 6

# %% [markdown] layer
# ## Fewer keys than queries
#
# Three tokens, the layer, and a fourth token for later, drawn in this order. `wk` and `wv` have half the rows of `wq`.

# %% layer
torch.manual_seed(123)
x = torch.randn(1, 3, dim)
wq = nn.Linear(dim, n_heads * head_dim, bias=False)
wk = nn.Linear(dim, n_kv_heads * head_dim, bias=False)
wv = nn.Linear(dim, n_kv_heads * head_dim, bias=False)
wo = nn.Linear(n_heads * head_dim, dim, bias=False)
x_next = torch.randn(1, 1, dim)
print(x)
print(wk.weight)

# %% [markdown] project
# Axes: batch, token, head, number. Only the count of heads differs between queries and the rest.

# %% project
def in_heads(x):
    return x.unflatten(-1, (-1, head_dim))


xq, xk, xv = in_heads(wq(x)), in_heads(wk(x)), in_heads(wv(x))
print(xq)
print(xk)
print(xv)

# %% [markdown] share
# ## Keep, and share out
#
# New keys are written behind those that are there, and all of them are read back. Query head *h* uses key head
# *h // n_rep*: neighbours share, so every head is repeated in place, not the whole list of heads.

# %% keys
def keep(cache, new, start_pos):
    B, T = new.shape[:2]
    cache[:B, start_pos:start_pos + T] = new
    return cache[:B, :start_pos + T]


def share(x):
    return x.repeat_interleave(n_heads // n_kv_heads, dim=2)


cache_k = torch.zeros(max_batch, max_seq, n_kv_heads, head_dim)
cache_v = torch.zeros(max_batch, max_seq, n_kv_heads, head_dim)
keys, values = share(keep(cache_k, xk, start_pos=0)), share(keep(cache_v, xv, start_pos=0))
print(keys)

# %% [markdown] attend
# ## Attend
#
# Chapter 4 from here on. The mask knows where the new tokens stand: query *i* is at `start_pos + i`.

# %% scores
def hide_future(scores, start_pos):
    T, S = scores.shape[-2:]
    later = torch.arange(S) > start_pos + torch.arange(T)[:, None]
    return scores.masked_fill(later, -torch.inf)


attn_scores = xq.transpose(1, 2) @ keys.permute(0, 2, 3, 1)
print(attn_scores)
masked = hide_future(attn_scores, start_pos=0)
print(masked)

# %% weights
def weigh(masked):
    return torch.softmax(masked / math.sqrt(head_dim), dim=-1)


attn_weights = weigh(masked)
print(attn_weights)

# %% output
head_context = attn_weights @ values.transpose(1, 2)
print(head_context)
output = wo(head_context.transpose(1, 2).flatten(2))
print(output)

# %% [markdown] cache
# ## What was kept
#
# The cache has room for six tokens of two sequences. Three are taken, in the first.

# %% cache
print(cache_k[:1])

# %% [markdown] step
# ## One token more
#
# Only the new token is projected. It looks at all four keys; with one query nothing lies in the future, and the mask hides
# nothing.

# %% step
step = SimpleNamespace()
step.start_pos = x.shape[1]
step.xq, step.xk, step.xv = in_heads(wq(x_next)), in_heads(wk(x_next)), in_heads(wv(x_next))
step.keys = share(keep(cache_k, step.xk, step.start_pos))
step.values = share(keep(cache_v, step.xv, step.start_pos))
step.attn_scores = step.xq.transpose(1, 2) @ step.keys.permute(0, 2, 3, 1)
step.attn_weights = weigh(hide_future(step.attn_scores, step.start_pos))
step.output = wo((step.attn_weights @ step.values.transpose(1, 2)).transpose(1, 2).flatten(2))
print(step.xq)
print(step.attn_weights)
print(step.output)

# %% [markdown] fused
# PyTorch's own attention on all four tokens at once gives the same last row.

# %% all-at-once
both = torch.cat([x, x_next], dim=1)
q, k, v = in_heads(wq(both)), share(in_heads(wk(both))), share(in_heads(wv(both)))
context = nn.functional.scaled_dot_product_attention(*[part.transpose(1, 2) for part in (q, k, v)], is_causal=True)
assert torch.allclose(wo(context.transpose(1, 2).flatten(2))[:, 3:], step.output, atol=1e-6)

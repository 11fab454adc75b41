# %% [markdown] title
# # Chapter 6: Rotary positions and Llama's attention
#
# Attention alone knows no order. RoPE reads pairs of numbers as points in the plane and turns them, farther for every
# token: then a score depends on how far apart two words stand.
#
# `./walk 6` shows the same tensors in C++, under the same names. `./walk 6 --compare FILE.ipynb` sets your own version of these cells
# beside them.

# %% layer
import math
from types import SimpleNamespace

import torch
from torch import nn

torch.set_grad_enabled(False)
dim, n_heads, n_kv_heads, head_dim = 6, 2, 1, 4
max_seq, theta = 5, 10000.0

torch.manual_seed(123)
x = torch.randn(1, 3, dim)
wq = nn.Linear(dim, n_heads * head_dim, bias=False)
wk = nn.Linear(dim, n_kv_heads * head_dim, bias=False)
wv = nn.Linear(dim, n_kv_heads * head_dim, bias=False)
wo = nn.Linear(n_heads * head_dim, dim, bias=False)
x_next = torch.randn(1, 1, dim)

# %% [markdown] freqs
# ## A position is an angle
#
# A head of four numbers is two pairs. The first turns by a radian for each token, the second by a hundredth.

# %% freqs
def frequencies(width):
    return theta ** -(torch.arange(0, width, 2) / width)


freqs = frequencies(head_dim)
print(freqs)

# %% [markdown] table
# Row *m* of the table is for position *m*. Complex numbers of length 1 turn what they are multiplied with; those of position 0
# turn nothing.

# %% table
def turns(freqs):
    angles = torch.outer(torch.arange(max_seq), freqs)
    return torch.polar(torch.ones_like(angles), angles)


freqs_complex = turns(freqs)
print(freqs_complex)

# %% [markdown] turning
# ## Turn queries and keys
#
# Neighbours, columns 2i and 2i + 1, are one complex number. Values are not turned.

# %% project
def in_heads(x):
    return x.unflatten(-1, (-1, head_dim))


xq, xk, xv = in_heads(wq(x)), in_heads(wk(x)), in_heads(wv(x))
print(xq)

# %% complex
def as_complex(x):
    return torch.view_as_complex(x.unflatten(-1, (-1, 2)))


xq_complex = as_complex(xq)
print(xq_complex)

# %% rotate
def rotate(x, table, start_pos):
    here = table[start_pos:start_pos + x.shape[1], None]  # the same for all heads of a token
    return torch.view_as_real(as_complex(x) * here).flatten(-2)


xq_rotated = rotate(xq, freqs_complex, start_pos=0)
xk_rotated = rotate(xk, freqs_complex, start_pos=0)
print(xq_rotated)
print(xk_rotated)

# %% [markdown] attend
# ## Attend
#
# Chapter 5 with turned queries and keys. A key is turned once, by its own position, and is kept as it is then.

# %% scores
def keep(cache, new, start_pos):
    B, T = new.shape[:2]
    cache[:B, start_pos:start_pos + T] = new
    return cache[:B, :start_pos + T]


def share(x):
    return x.repeat_interleave(n_heads // n_kv_heads, dim=2)


cache_k = torch.zeros(1, max_seq, n_kv_heads, head_dim)
cache_v = torch.zeros(1, max_seq, n_kv_heads, head_dim)
keys, values = share(keep(cache_k, xk_rotated, start_pos=0)), share(keep(cache_v, xv, start_pos=0))
attn_scores = xq_rotated.transpose(1, 2) @ keys.permute(0, 2, 3, 1)
print(attn_scores)

# %% weights
def weigh(scores, start_pos):
    T, S = scores.shape[-2:]
    later = torch.arange(S) > start_pos + torch.arange(T)[:, None]
    return torch.softmax(scores.masked_fill(later, -torch.inf) / math.sqrt(head_dim), dim=-1)


attn_weights = weigh(attn_scores, start_pos=0)
print(attn_weights)

# %% output
output = wo((attn_weights @ values.transpose(1, 2)).transpose(1, 2).flatten(2))
print(output)

# %% [markdown] step
# ## One token more
#
# It stands at position 3, so row 3 of the table turns it.

# %% step
step = SimpleNamespace()
step.start_pos = x.shape[1]
step.xq, step.xk, step.xv = in_heads(wq(x_next)), in_heads(wk(x_next)), in_heads(wv(x_next))
step.xq_rotated = rotate(step.xq, freqs_complex, step.start_pos)
step.xk_rotated = rotate(step.xk, freqs_complex, step.start_pos)
step.keys = share(keep(cache_k, step.xk_rotated, step.start_pos))
step.values = share(keep(cache_v, step.xv, step.start_pos))
step.attn_scores = step.xq_rotated.transpose(1, 2) @ step.keys.permute(0, 2, 3, 1)
step.attn_weights = weigh(step.attn_scores, step.start_pos)
step.output = wo((step.attn_weights @ step.values.transpose(1, 2)).transpose(1, 2).flatten(2))
print(step.xq_rotated)
print(step.attn_weights)
print(step.output)

# %% [markdown] distance
# ## Only the distance counts
#
# A query at 2 and a key at 0 score like the same query at 3 and the same key at 1. Values in their turned form would not
# have this property, which is why they are left alone.

# %% distance
query, key = xq[:, :1], xk[:, 1:2]


def score(m, n):
    return (rotate(query, freqs_complex, m) * rotate(key, freqs_complex, n)).sum(dim=-1)


assert torch.allclose(score(2, 0), score(3, 1), atol=1e-6)
assert not torch.allclose(score(2, 0), score(1, 0), atol=1e-2)

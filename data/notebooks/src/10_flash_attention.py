# %% [markdown] title
# # Chapter 10: Flash attention
#
# The same numbers as chapter 3, in another order of work. Online softmax sees the scores in blocks and never needs a whole row of
# them. So attention can be computed in tiles, and the matrix of all scores never exists.
#
# `./walk 10` shows the same tensors in C++, under the same names. `./walk 10 --compare FILE.ipynb` compares your own version of
# these cells with them.

# %% sizes
import math
from types import SimpleNamespace

import torch

torch.set_grad_enabled(False)
T, d, block = 6, 3, 2

# %% [markdown] head
# ## One head
#
# Six tokens of three numbers. The last token sees all six keys; `context_vec` is what everything else must equal.

# %% drawn
torch.manual_seed(746)
queries = torch.randn(T, d)
keys = torch.randn(T, d)
values = torch.randn(T, d)
print(queries)
print(keys)
print(values)

# %% plain
all_scores = queries @ keys.T / math.sqrt(d)
scores = all_scores[-1]
attn_weights = torch.softmax(scores, dim=-1)
context_vec = attn_weights @ values
print(scores)
print(attn_weights)
print(context_vec)

# %% [markdown] online
# ## Online softmax
#
# `m` is the largest score so far, `l` the sum of `exp(score - m)`, and `acc` the sum of `exp(score - m) * value`. When a block
# raises `m`, the factor `alpha` corrects both sums. The functions work for one query and for many: `scores` is `(..., N)`.

# %% online-softmax
def no_keys_yet(*rows):
    return SimpleNamespace(m=torch.full(rows, -torch.inf), l=torch.zeros(rows), acc=torch.zeros(*rows, d))


def see_block(state, scores, values):
    m = torch.maximum(state.m, scores.amax(dim=-1))
    alpha = torch.exp(state.m - m)
    p = torch.exp(scores - m[..., None])
    l = state.l * alpha + p.sum(dim=-1)
    acc = state.acc * alpha[..., None] + p @ values
    return SimpleNamespace(scores=scores, m=m, alpha=alpha, p=p, l=l, acc=acc)


def finish(state):
    return state.acc / state.l[..., None]

# %% first
first = see_block(no_keys_yet(), scores[:block], values[:block])
print(first.scores)
print(first.m)
print(first.p)
print(first.l)
print(first.acc)

# %% second
second = see_block(first, scores[block:2 * block], values[block:2 * block])
print(second.scores)
print(second.m)
print(second.alpha)
print(second.p)
print(second.l)
print(second.acc)

# %% third
third = see_block(second, scores[2 * block:], values[2 * block:])
print(third.scores)
print(third.m)
print(third.alpha)
print(third.p)
print(third.l)
print(third.acc)

# %% finished
online_context = finish(third)
print(online_context)

# %% equal
assert torch.allclose(online_context, context_vec, atol=1e-6)

# %% [markdown] merging
# ## Merging
#
# Two halves of the keys, each with an `m` of its own. The common `m` is the larger one, and each half is corrected by its `alpha`.

# %% halves
left = see_block(no_keys_yet(), scores[:3], values[:3])
right = see_block(no_keys_yet(), scores[3:], values[3:])
print(left.m)
print(left.l)
print(left.acc)
print(right.m)
print(right.l)
print(right.acc)

# %% merged
def merge(a, b):
    m = torch.maximum(a.m, b.m)
    alpha_a = torch.exp(a.m - m)
    alpha_b = torch.exp(b.m - m)
    l = a.l * alpha_a + b.l * alpha_b
    acc = a.acc * alpha_a + b.acc * alpha_b
    return SimpleNamespace(m=m, alpha_a=alpha_a, alpha_b=alpha_b, l=l, acc=acc)


merged = merge(left, right)
merged_context = finish(merged)
print(merged.m)
print(merged.alpha_a)
print(merged.alpha_b)
print(merged.l)
print(merged.acc)
print(merged_context)

# %% contexts
left_context = finish(left)
right_context = finish(right)
print(left_context)
print(right_context)

# %% merged-equal
assert torch.allclose(merged_context, context_vec, atol=1e-6)

# %% [markdown] tiles
# ## Tiles
#
# Two queries meet two keys at a time. `tiles` keeps every tile by its first query and its first key.

# %% tiled-attention
def tiled_attention(queries, keys, values):
    tiles, context = {}, torch.empty(T, d)
    for first_query in range(0, T, block):
        state = no_keys_yet(block)
        for first_key in range(0, T, block):
            if first_key >= first_query + block:  # every key is later than every query
                continue
            i = torch.arange(first_query, first_query + block)
            j = torch.arange(first_key, first_key + block)
            scores = queries[i] @ keys[j].T / math.sqrt(d)
            masked = scores.masked_fill(j > i[:, None], -torch.inf)
            state = see_block(state, masked, values[j])
            state.scores, state.masked = scores, masked
            tiles[first_query, first_key] = state
        context[first_query:first_query + block] = finish(state)
    return tiles, context

# %% diagonal
tiles, tiled_context = tiled_attention(queries, keys, values)
diagonal = tiles[0, 0]
print(diagonal.scores)
print(diagonal.masked)
print(diagonal.m)
print(diagonal.p)
print(diagonal.l)
print(diagonal.acc)

# %% below
below = tiles[2, 0]
print(below.scores)
print(below.m)
print(below.l)
print(below.acc)

# %% corner
corner = tiles[2, 2]
print(corner.masked)
print(corner.m)
print(corner.alpha)
print(corner.p)
print(corner.l)
print(corner.acc)

# %% tiled
print(tiled_context)

# %% tiled-equal
causal = all_scores.masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)
assert torch.allclose(tiled_context, torch.softmax(causal, dim=-1) @ values, atol=1e-6)

# %% [markdown] title
# # Chapter 9: One attention, every model
#
# Most models since Llama make other choices at the same places of one attention. This notebook writes that attention once, with a
# switch for each choice, and changes one choice at a time.
#
# `./walk 9` shows the same tensors in C++, under the same names. `./walk 9 --compare FILE.ipynb` compares your own version of
# these cells with them.

# %% sizes
import math
from types import SimpleNamespace

import torch
from torch import nn

torch.set_grad_enabled(False)
T, dim, n_heads, head_dim = 6, 5, 2, 4
width = n_heads * head_dim
buckets, max_distance = 8, 16
eps = 1e-6

# %% [markdown] drawn
# ## The text and the weights
#
# The modules draw their weights in the order in which they are constructed: first the text and the token after it, then the
# projections, and then what only some models have.

# %% drawn
torch.manual_seed(1820)
x, x_next = torch.randn(1, T, dim), torch.randn(1, 1, dim)
q_proj = nn.Linear(dim, width)
k_proj = nn.Linear(dim, width)
v_proj = nn.Linear(dim, width)
o_proj = nn.Linear(width, dim, bias=False)
q_norm, k_norm = (torch.empty(head_dim).uniform_(0.5, 1.5) for _ in range(2))
sink_scores = torch.randn(n_heads)
distance_table = nn.Embedding(buckets, n_heads).weight
gate_proj = nn.Linear(dim, width)
whole_q_norm, whole_k_norm = (torch.empty(width).uniform_(0.5, 1.5) for _ in range(2))
print(x)

# %% [markdown] stages
# ## The stages
#
# Norms and rotations of queries and keys, from the projections to their last form.

# %% norms
def rms_norm(x):
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + eps)


def norm_heads(x, weight):
    return rms_norm(x) * weight


def norm_heads_plus_one(x, weight):
    return rms_norm(x) * (1 + weight)


def norm_whole_width(x, weight):
    return (rms_norm(x.flatten(2)) * weight).view_as(x)

# %% rotations
def frequencies(rotary_dim):
    return 10000.0 ** -(torch.arange(0, rotary_dim, 2) / rotary_dim)


def rotate(x, start_pos, freqs, attention_factor=1.0):
    """The first numbers of each head, in pairs (i, i + rotary_dim / 2)."""
    angles = torch.outer(torch.arange(start_pos, start_pos + x.shape[1]), freqs)[:, None]
    cos, sin = angles.cos() * attention_factor, angles.sin() * attention_factor
    rotary_dim = 2 * len(freqs)
    rotated, rest = x[..., :rotary_dim], x[..., rotary_dim:]
    a, b = rotated.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], dim=-1)

# %% [markdown] scores
# Scores: a cap, a bias by distance, a mask. `i` is the query's position and `j` the key's.

# %% scores
def soft_cap(scores, c):
    return c * torch.tanh(scores / c)


slopes = torch.tensor([2 ** (-8 * (h + 1) / n_heads) for h in range(n_heads)])


def add_alibi(scores, i, j):
    return scores + slopes[:, None, None] * (j - i)


def bucket(distance):
    """An encoder's bucket: half of them for later keys, and half of these for near ones."""
    half, near = buckets // 2, buckets // 4
    first = half if distance > 0 else 0
    distance = abs(distance)
    if distance < near:
        return first + distance
    further = int(math.log(distance / near) / math.log(max_distance / near) * (half - near))
    return first + min(near + further, half - 1)


def add_distance_bias(scores, i, j):
    rows = torch.tensor([[bucket(int(distance)) for distance in row] for row in j - i])
    return scores + distance_table[rows].permute(2, 0, 1)


def hidden(i, j, causal, window):
    later = j > i if causal else torch.zeros_like(j > i)
    return later if window is None else later | (j <= i - window)


def softmax_with_sinks(scores):
    sinks = sink_scores[None, :, None, None].expand(*scores.shape[:3], 1)
    return torch.cat([scores, sinks], dim=-1).softmax(dim=-1)[..., :-1]

# %% [markdown] attention
# ## One attention
#
# Each argument is a choice. A cache has the old keys and values that the window still shows.

# %% attention
def in_heads(x):
    return x.unflatten(-1, (-1, head_dim))


def attend(x, start_pos=0, cache=None, norm=None, freqs=None, attention_factor=1.0, scale=head_dim**-0.5, cap=None, bias=None,
           causal=True, window=None, padding=None, softmax=None, gated=False, norm_weights=(q_norm, k_norm)):
    made = SimpleNamespace()
    made.q, made.k, made.v = in_heads(q_proj(x)), in_heads(k_proj(x)), in_heads(v_proj(x))
    if gated:
        both = torch.cat([made.q, in_heads(gate_proj(x))], dim=-1)  # as one projection of twice the width gives them
        made.q, made.gate = both.chunk(2, dim=-1)
    q, k = made.q, made.k
    if norm:
        q, k = norm(q, norm_weights[0]), norm(k, norm_weights[1])
        made.q_normed = q
    if freqs is not None:
        q, k = rotate(q, start_pos, freqs, attention_factor), rotate(k, start_pos, freqs, attention_factor)
        made.q_rotated = q

    keys, values = (k, made.v) if cache is None else (torch.cat([cache.k, k], dim=1), torch.cat([cache.v, made.v], dim=1))
    made.keys, made.values = keys, values
    i = torch.arange(start_pos, start_pos + x.shape[1])[:, None]
    j = torch.arange(start_pos + x.shape[1] - keys.shape[1], start_pos + x.shape[1])
    scores = made.attn_scores = q.transpose(1, 2) @ keys.permute(0, 2, 3, 1) * scale
    if cap:
        scores = made.capped = soft_cap(scores, cap)
    if bias:
        scores = made.biased = bias(scores, i, j)
    scores = scores.masked_fill(hidden(i, j, causal, window), -torch.inf)
    if padding is not None:
        scores = scores.masked_fill(padding, -torch.inf)
    made.attn_weights = softmax(scores) if softmax else scores.softmax(dim=-1)
    combined = (made.attn_weights @ values.transpose(1, 2)).transpose(1, 2).flatten(2)
    if gated:
        combined = combined * torch.sigmoid(made.gate.flatten(2))
    made.output = o_proj(combined)
    return made

# %% plain
plain = attend(x)
q, k, v, attn_scores, attn_weights, output = plain.q, plain.k, plain.v, plain.attn_scores, plain.attn_weights, plain.output
print(q)
print(k)
print(v)
print(attn_scores)
print(attn_weights)
print(output)

# %% [markdown] layouts
# ## Projections: the same rows in another order
#
# A fused matrix has all queries, all keys, all values; or query, key and value of head 0, then of head 1.

# %% layouts
parts = [q_proj(x), k_proj(x), v_proj(x)]
by_blocks = torch.cat(parts, dim=-1)
by_heads = SimpleNamespace(columns=torch.cat([in_heads(part) for part in parts], dim=-1).flatten(2))
first_by_blocks, first_by_heads = by_blocks[0, 0], by_heads.columns[0, 0]
by_heads.q = by_heads.columns.view(1, T, n_heads, 3 * head_dim)[..., :head_dim]
print(first_by_blocks)
print(first_by_heads)
print(by_heads.q)

# %% [markdown] biases
# A bias on the keys alone adds the same number to all scores of a query, and the softmax does not see it.

# %% biases
def weights_with(k_bias):
    keys = in_heads(x @ k_proj.weight.T + k_bias)
    scores = q.transpose(1, 2) @ keys.permute(0, 2, 3, 1) / math.sqrt(head_dim)
    return scores.masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf).softmax(dim=-1)


assert torch.allclose(weights_with(0 * k_proj.bias), weights_with(10 * k_proj.bias), atol=1e-5)

# %% [markdown] qk-norm
# ## Scores that grow: QK norm and soft cap

# %% qk-norm
freqs = frequencies(head_dim)
normed = attend(x, norm=norm_heads, freqs=freqs)
print(normed.q_normed)
print(normed.q_rotated)
print(normed.attn_weights)

# %% other-norms
plus_one = attend(x, norm=norm_heads_plus_one, freqs=freqs)
whole = attend(x, norm=norm_whole_width, norm_weights=(whole_q_norm, whole_k_norm), freqs=freqs)
print(plus_one.q_normed)
print(whole.q_normed)

# %% soft-cap
soft = attend(x, cap=0.5)
print(soft.capped)
print(soft.attn_weights)

# %% [markdown] sinks
# ## Sinks
#
# Each row sums to less than 1.

# %% sinks
sinks = attend(x, softmax=softmax_with_sinks)
print(sinks.attn_weights)
print(sinks.output)

# %% sums
assert (sinks.attn_weights.sum(dim=-1) < 1).all()

# %% [markdown] window
# ## Which keys a query sees

# %% window
window = attend(x, freqs=freqs, window=3)
print(window.attn_weights)

# %% both-ways
attention_mask = torch.tensor([1, 1, 1, 1, 1, 0])
both_ways = attend(x, causal=False, padding=attention_mask == 0)
print(both_ways.attn_weights)

# %% [markdown] positions
# ## Positions

# %% partial
partial = attend(x, freqs=frequencies(2))
print(partial.q_rotated)

# %% alibi
alibi = attend(x, bias=add_alibi)
print(slopes)
print(alibi.biased)

# %% distance
distance = attend(x, bias=add_distance_bias, causal=False, scale=1.0)
print(distance.biased)

# %% [markdown] stretched
# longrope: each frequency has a divisor, and cos and sin have a factor. The text is longer than the original 4 tokens.

# %% stretched
original, longest = 4, 16
long_factor = torch.tensor([1.0, 4.0])
attention_factor = math.sqrt(1 + math.log(longest / original) / math.log(original))
stretched = attend(x, freqs=freqs / long_factor, attention_factor=attention_factor)
print(stretched.attn_scores)

# %% [markdown] gate
# ## The output gate

# %% gate
gated = attend(x, gated=True)
print(gated.gate)
print(gated.output)

# %% [markdown] step
# ## One token more
#
# The cache of a window of 3 has the keys and values of the last tokens. The seventh token has position 6, although the cache
# has fewer rows.

# %% step
cache = SimpleNamespace(k=window.keys[:, -2:], v=window.values[:, -2:])
step = attend(x_next, start_pos=6, cache=cache, freqs=freqs, window=3)
print(step.attn_weights)
print(step.output)

# %% agree
at_once = attend(torch.cat([x, x_next], dim=1), freqs=freqs, window=3)
assert torch.allclose(at_once.output[:, -1:], step.output, atol=1e-6)

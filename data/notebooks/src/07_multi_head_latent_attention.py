# %% [markdown] title
# # Chapter 7: Multi-head latent attention
#
# DeepSeek keeps of each token one small latent, from which every head could make its key and value, and then does not make
# them at all. Both forms are computed here, the one that makes them (naive) and the one that does not (absorbed), and they
# agree.
#
# `./walk 7` shows the same tensors in C++, under the same names. `./walk 7 --compare FILE.ipynb` sets your own version of these cells
# beside them.

# %% layer
from types import SimpleNamespace

import torch
from torch import nn

torch.set_grad_enabled(False)
dim, n_heads, q_rank, c = 8, 2, 6, 5  # c: width of the latent
nope, rope, v_width = 3, 2, 4         # of a head: key without position, key with position, value
max_seq = 5

torch.manual_seed(156)
x = torch.randn(1, 3, dim)
wq_a = nn.Linear(dim, q_rank, bias=False)
wq_b = nn.Linear(q_rank, n_heads * (nope + rope), bias=False)
wkv_a = nn.Linear(dim, c + rope, bias=False)
wkv_b = nn.Linear(c, n_heads * (nope + v_width), bias=False)
wo = nn.Linear(n_heads * v_width, dim, bias=False)
x_next = torch.randn(1, 1, dim)
wq = nn.Linear(dim, n_heads * (nope + rope), bias=False)  # for queries without a latent
print(x)

# %% [markdown] queries
# ## Down to a latent and up again
#
# Queries pass through a latent of their own, with a norm between: each token's numbers are divided by their root mean
# square. (The norm's weights are all 1 here.)

# %% queries
def norm(y):
    return y * torch.rsqrt(y.square().mean(dim=-1, keepdim=True) + 1e-6)


def in_heads(x):
    return x.unflatten(-1, (n_heads, -1))


q_latent = wq_a(x)
q_normed = norm(q_latent)
q = in_heads(wq_b(q_normed))
print(q_latent)
print(q_normed)
print(q)

# %% [markdown] query-parts
# A query's first part asks about content, the second about position.

# %% query-parts
q_nope, q_pe = q.split([nope, rope], dim=-1)
print(q_nope)
print(q_pe)

# %% [markdown] direct
# With `q_lora_rank` 0 there is one matrix instead, and all that follows stays the same.

# %% direct
q_direct = in_heads(wq(x))
print(q_direct)

# %% [markdown] latents
# `wkv_a` makes two things: the latent, which is normed, and one position part for all heads.

# %% latents
kv_latent, k_pe = wkv_a(x).split([c, rope], dim=-1)
print(kv_latent)
print(k_pe)
kv_normed = norm(kv_latent)
print(kv_normed)

# %% [markdown] up
# `wkv_b` has for each head `nope` rows that make its key, then `v_width` rows that make its value.

# %% up
w_uk, w_uv = wkv_b.weight.view(n_heads, nope + v_width, c).split([nope, v_width], dim=1)
print(w_uk)
print(w_uv)

# %% [markdown] turning
# ## Position beside content
#
# Only the position parts are turned (chapter 6). The rest is never turned, and so can be absorbed later.

# %% rotate
freqs = 10000.0 ** -(torch.arange(0, rope, 2) / rope)
angles = torch.outer(torch.arange(max_seq), freqs)
table = torch.polar(torch.ones_like(angles), angles)


def rotate(part, start_pos):
    """Axis 1 is the tokens; between it and the numbers there may be heads."""
    pairs = torch.complex(part[..., 0::2], part[..., 1::2])
    here = table[start_pos:start_pos + part.shape[1]]
    here = here[:, None] if part.dim() == 4 else here
    return torch.view_as_real(pairs * here).flatten(-2)


q_pe_rotated = rotate(q_pe, start_pos=0)
k_pe_rotated = rotate(k_pe, start_pos=0)
print(q_pe_rotated)
print(k_pe_rotated)

# %% [markdown] naive
# ## The naive form
#
# Every head makes its key and value of the latent. Behind its own part, each key carries the shared `k_pe`.

# %% naive-keys
def keys_and_values(kv_normed, k_pe_rotated):
    k_nope, v = in_heads(wkv_b(kv_normed)).split([nope, v_width], dim=-1)
    shared = k_pe_rotated.unsqueeze(2).expand(-1, -1, n_heads, -1)
    return k_nope, v, torch.cat([k_nope, shared], dim=-1)


k_nope, v, k = keys_and_values(kv_normed, k_pe_rotated)
print(k_nope)
print(v)
print(k)

# %% [markdown] naive-attend
# Scores stand as (batch, token, head, key). The scale is taken from the width of a whole key, nope + rope = 5.

# %% naive-attend
def keep(cache, new, start_pos):
    B, T = new.shape[:2]
    cache[:B, start_pos:start_pos + T] = new
    return cache[:B, :start_pos + T]


def hide_future(scores, start_pos):
    T, S = scores.shape[1], scores.shape[-1]
    later = torch.arange(S) > start_pos + torch.arange(T)[:, None, None]
    return scores.masked_fill(later, -torch.inf)


k_cache = torch.zeros(1, max_seq, n_heads, nope + rope)
v_cache = torch.zeros(1, max_seq, n_heads, v_width)


def attend_naive(q_nope, q_pe_rotated, k, v, start_pos):
    keys, values = keep(k_cache, k, start_pos), keep(v_cache, v, start_pos)
    form = SimpleNamespace()
    form.attn_scores = torch.einsum("bthd,bshd->bths", torch.cat([q_nope, q_pe_rotated], dim=-1), keys)
    form.masked = hide_future(form.attn_scores, start_pos)
    form.attn_weights = torch.softmax(form.masked * (nope + rope) ** -0.5, dim=-1)
    form.head_context = torch.einsum("bths,bshv->bthv", form.attn_weights, values)
    return form


naive = attend_naive(q_nope, q_pe_rotated, k, v, start_pos=0)
print(naive.attn_scores)
print(naive.masked)
print(naive.attn_weights)
print(naive.head_context)
output_naive = wo(naive.head_context.flatten(2))
print(output_naive)

# %% [markdown] absorbed
# ## The absorbed form
#
# A score is query times matrix times latent, and the brackets may be moved: $q \cdot (W_{UK}\, l) = (q\, W_{UK}) \cdot l$. There
# is one query and a latent for every token so far, so the left bracket is the cheap one when a model writes. Content
# and position are scored apart and added.

# %% absorbed-scores
kv_cache = torch.zeros(1, max_seq, c)
pe_cache = torch.zeros(1, max_seq, rope)
latents, positions = keep(kv_cache, kv_normed, start_pos=0), keep(pe_cache, k_pe_rotated, start_pos=0)

q_absorbed = torch.einsum("bthn,hnc->bthc", q_nope, w_uk)
scores_nope = torch.einsum("bthc,bsc->bths", q_absorbed, latents)
scores_pe = torch.einsum("bthr,bsr->bths", q_pe_rotated, positions)
attn_scores = scores_nope + scores_pe
print(q_absorbed)
print(scores_nope)
print(scores_pe)
print(attn_scores)

# %% [markdown] absorbed-scale
# An absorbed query has c + rope = 7 numbers, but the scale stays that of the key it stands for: 5.

# %% absorbed-weights
attn_weights = torch.softmax(hide_future(attn_scores, start_pos=0) * (nope + rope) ** -0.5, dim=-1)
print(attn_weights)

# %% [markdown] way-out
# The same on the way out: mix latents first, then make one value of the mixture.

# %% absorbed-output
context_latent = torch.einsum("bths,bsc->bthc", attn_weights, latents)
head_context = torch.einsum("bthc,hvc->bthv", context_latent, w_uv)
output = wo(head_context.flatten(2))
print(context_latent)
print(head_context)
print(output)
assert torch.allclose(output, output_naive, atol=1e-6)

# %% [markdown] kept
# ## What was kept
#
# Seven numbers a token, where the naive caches hold 18.

# %% kept
print(kv_cache[:1])
print(pe_cache[:1])

# %% [markdown] step
# ## One token more, in both forms

# %% step
step = SimpleNamespace()
step.start_pos = x.shape[1]
step.q_nope, step.q_pe = in_heads(wq_b(norm(wq_a(x_next)))).split([nope, rope], dim=-1)
step.kv_latent, step.k_pe = wkv_a(x_next).split([c, rope], dim=-1)
step.kv_normed = norm(step.kv_latent)
step.q_pe_rotated = rotate(step.q_pe, step.start_pos)
step.k_pe_rotated = rotate(step.k_pe, step.start_pos)

step.latents = keep(kv_cache, step.kv_normed, step.start_pos)
step.positions = keep(pe_cache, step.k_pe_rotated, step.start_pos)
step.q_absorbed = torch.einsum("bthn,hnc->bthc", step.q_nope, w_uk)
step.attn_scores = (torch.einsum("bthc,bsc->bths", step.q_absorbed, step.latents)
                    + torch.einsum("bthr,bsr->bths", step.q_pe_rotated, step.positions))
step.attn_weights = torch.softmax(hide_future(step.attn_scores, step.start_pos) * (nope + rope) ** -0.5, dim=-1)
step.context_latent = torch.einsum("bths,bsc->bthc", step.attn_weights, step.latents)
step.output = wo(torch.einsum("bthc,hvc->bthv", step.context_latent, w_uv).flatten(2))
print(step.q_absorbed)
print(step.attn_weights)
print(step.output)

# %% step-naive
_, step.v, step.k = keys_and_values(step.kv_normed, step.k_pe_rotated)
step.naive = attend_naive(step.q_nope, step.q_pe_rotated, step.k, step.v, step.start_pos)
step.output_naive = wo(step.naive.head_context.flatten(2))
print(step.output_naive)

# %% [markdown] eight-bits
# ## Weights in eight bits
#
# E4M3 has three bits of fraction and ends at 448, so each block of a weight gets a scale that makes its largest number
# 448. DeepSeek-V3's blocks are 128 x 128; here they are 4 x 4, and the last ones are cut.

# %% quantized
block, largest = 4, 448.0


def spread(scales, like):
    """Each block's scale at all places of the block."""
    rows, columns = like.shape
    return scales.repeat_interleave(block, dim=0)[:rows].repeat_interleave(block, dim=1)[:, :columns]


weight = wkv_a.weight
weight_scale_inv = torch.stack([torch.stack([tile.abs().max() / largest for tile in rows.split(block, dim=1)])
                                for rows in weight.split(block)])
quantized = (weight / spread(weight_scale_inv, weight)).to(torch.float8_e4m3fn).float()
dequantized = quantized * spread(weight_scale_inv, weight)
print(wkv_a.weight)
print(quantized)
print(weight_scale_inv)
print(dequantized)

# %% [markdown] ranks
# ## Heads on two devices
#
# Each rank has one head and that head's columns of `wo`. What they compute is a part of the sum; adding it up is the only time that
# ranks speak to each other.

# %% ranks
def partial_output(head):
    columns = wo.weight[:, head * v_width:(head + 1) * v_width]
    return head_context[:, :, head] @ columns.T


rank0, rank1 = SimpleNamespace(partial=partial_output(0)), SimpleNamespace(partial=partial_output(1))
print(rank0.partial)
print(rank1.partial)
assert torch.allclose(rank0.partial + rank1.partial, output, atol=1e-6)

# %% [markdown] title
# # Chapter 8: Llama 4, a layer and the whole model
#
# A model with two kinds of layers: most see only what is near and know positions, some see the whole text and know none.
# Some layers choose between experts. This notebook builds a small one, from words to the logits of the next word.
#
# `./walk 8` shows the same tensors in C++, under the same names. `./walk 8 --compare FILE.ipynb` compares your own version of
# these cells with them.

# %% sizes
import math
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F

torch.set_grad_enabled(False)
dim, n_heads, n_kv_heads, head_dim = 8, 4, 2, 4
n_layers, vocab_size, max_seq = 4, 12, 10
attention_chunk_size, nope_layer_interval, interleave_moe_layer_step = 4, 4, 2
floor_scale, attn_scale, eps = 2, 0.1, 1e-5
hidden_dim, num_experts, expert_dim = 12, 4, 6  # the router chooses one expert

# %% [markdown] model
# ## The layers
#
# Layers are counted from 0, and both rules count from 1: layer 3 has no RoPE, layers 1 and 3 have experts. The modules draw
# their weights in the order in which they are constructed.

# %% model
def linear(columns, rows):
    return nn.Linear(columns, rows, bias=False)


class FeedForward(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.w1, self.w2, self.w3 = linear(dim, hidden), linear(hidden, dim), linear(dim, hidden)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class MoE(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = linear(dim, num_experts)
        self.experts = nn.ModuleList(FeedForward(expert_dim) for _ in range(num_experts))
        self.shared_expert = FeedForward(expert_dim)


class Block(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.use_rope = (layer + 1) % nope_layer_interval != 0
        self.wq, self.wk = linear(dim, n_heads * head_dim), linear(dim, n_kv_heads * head_dim)
        self.wv, self.wo = linear(dim, n_kv_heads * head_dim), linear(n_heads * head_dim, dim)
        has_experts = (layer + 1) % interleave_moe_layer_step == 0
        self.feed_forward = MoE() if has_experts else FeedForward(hidden_dim)
        self.cache_k = torch.zeros(1, max_seq, n_kv_heads, head_dim)
        self.cache_v = torch.zeros(1, max_seq, n_kv_heads, head_dim)


torch.manual_seed(12081)
tok_embeddings = nn.Embedding(vocab_size, dim)
layers = [Block(layer) for layer in range(n_layers)]
output_projection = linear(dim, vocab_size)
vision_projection = linear(5, dim)
image_embedding = torch.randn(1, 6, 5)

tokens = torch.tensor([[0, 1, 2, 3, 4, 5]])
embeddings = tok_embeddings(tokens)
print(tokens)
print(embeddings)

# %% [markdown] parts
# ## The parts of a layer
#
# The norm without weights is both the RMSNorm before each half of a layer (its weights are all 1 here) and the QK norm of
# each head.

# %% parts
def rms_norm(x):
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + eps)


def in_heads(x):
    return x.unflatten(-1, (-1, head_dim))


freqs = 10000.0 ** -(torch.arange(0, head_dim, 2) / head_dim)
angles = torch.outer(torch.arange(max_seq), freqs)
freqs_cis = torch.polar(torch.ones_like(angles), angles)


def rotate(x, start_pos):
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    here = freqs_cis[start_pos:start_pos + x.shape[1], None]
    return torch.view_as_real(pairs * here).flatten(-2)


def temperature(start_pos, T):
    position = torch.arange(start_pos, start_pos + T)
    return torch.log(torch.floor((position + 1) / floor_scale) + 1) * attn_scale + 1


def hidden_keys(T, start_pos, chunk):
    """True where a query must not see a key: it is later, or in an earlier chunk."""
    i, j = torch.arange(start_pos, start_pos + T)[:, None], torch.arange(start_pos + T)
    later = j > i
    return later if chunk is None else later | (i // chunk != j // chunk)


def keep(cache, new, start_pos):
    T = new.shape[1]
    cache[:, start_pos:start_pos + T] = new
    return cache[:, :start_pos + T]

# %% [markdown] attention
# ## Attention
#
# RoPE layers rotate first and norm then. NoPE layers scale the queries by the temperature. The mask is local in RoPE layers.

# %% attention
def attend(layer, x, start_pos, chunk):
    made = SimpleNamespace()
    made.xq, made.xk, made.xv = in_heads(layer.wq(x)), in_heads(layer.wk(x)), in_heads(layer.wv(x))
    q, k = made.xq, made.xk
    if layer.use_rope:
        q = made.xq_rotated = rotate(q, start_pos)
        k = made.xk_rotated = rotate(k, start_pos)
        q = made.xq_normed = rms_norm(q)
        k = made.xk_normed = rms_norm(k)
    else:
        made.temperature = temperature(start_pos, x.shape[1])
        q = made.xq_scaled = q * made.temperature[:, None, None]

    keys, values = keep(layer.cache_k, k, start_pos), keep(layer.cache_v, made.xv, start_pos)
    keys = keys.repeat_interleave(n_heads // n_kv_heads, dim=2)
    values = values.repeat_interleave(n_heads // n_kv_heads, dim=2)
    made.attn_scores = q.transpose(1, 2) @ keys.permute(0, 2, 3, 1)
    made.masked = made.attn_scores.masked_fill(hidden_keys(x.shape[1], start_pos, chunk), -torch.inf)
    made.attn_weights = torch.softmax(made.masked / math.sqrt(head_dim), dim=-1)
    made.combined = (made.attn_weights @ values.transpose(1, 2)).transpose(1, 2).flatten(2)
    made.attention = layer.wo(made.combined)
    return made

# %% [markdown] experts
# ## Experts
#
# The score of the chosen expert is the sigmoid of its logit, and it multiplies the expert's input.

# %% experts
def mixture(moe, x, made):
    made.router_logits = moe.router(x)
    chosen = made.router_logits.argmax(dim=-1, keepdim=True)
    scores = torch.zeros_like(made.router_logits)
    scores.scatter_(1, chosen, torch.sigmoid(made.router_logits.gather(1, chosen)))
    made.router_scores = scores.T
    made.shared_expert = moe.shared_expert(x)
    made.experts = sum(expert(x * scores[:, e:e + 1]) for e, expert in enumerate(moe.experts))
    return made.shared_expert + made.experts

# %% [markdown] block
# ## A block, and the model
#
# Each half reads a normed copy and adds its result to the tokens themselves.

# %% block
def run_block(layer, x, start_pos, has_chunks=True):
    chunk = attention_chunk_size if layer.use_rope and has_chunks else None
    attention_norm = rms_norm(x)
    made = attend(layer, attention_norm, start_pos, chunk)
    made.attention_norm = attention_norm
    made.h = x + made.attention
    made.ffn_norm = rms_norm(made.h)
    rows = made.ffn_norm.flatten(0, 1)
    network = layer.feed_forward
    if isinstance(network, MoE):
        result = mixture(network, rows, made)
    else:
        made.ffn_gate, made.ffn_up = F.silu(network.w1(rows)), network.w3(rows)
        result = network.w2(made.ffn_gate * made.ffn_up)
    made.feed_forward = result.view_as(x)
    made.output = made.h + made.feed_forward
    return made


def run(h, start_pos, has_chunks=True):
    traces = []
    for layer in layers:
        traces.append(run_block(layer, h, start_pos, has_chunks))
        h = traces[-1].output
    return traces


traces = run(embeddings, start_pos=0)

# %% [markdown] local
# ## Layer 0: attention to what is near

# %% projections
local = traces[0]
attention_norm, xq, xk, xv = local.attention_norm, local.xq, local.xk, local.xv
print(attention_norm)
print(xq)
print(xk)
print(xv)

# %% positions
xq_rotated, xk_rotated, xq_normed, xk_normed = local.xq_rotated, local.xk_rotated, local.xq_normed, local.xk_normed
print(xq_rotated)
print(xk_rotated)
print(xq_normed)
print(xk_normed)

# %% [markdown] order
# Without weights, the norm commutes with the rotation. With a weight for each number, as in Qwen3, it does not.

# %% order
weight = torch.tensor([1.0, 0.5, 2.0, 1.5])
assert torch.allclose(rotate(rms_norm(xq), 0), xq_normed, atol=1e-6)
assert not torch.allclose(rotate(rms_norm(xq) * weight, 0), xq_normed * weight, atol=1e-2)

# %% [markdown] chunks
# The mask splits the text into chunks of 4. Token 4 begins a chunk and sees itself alone.

# %% local-attention
attn_scores, masked, attn_weights, combined = local.attn_scores, local.masked, local.attn_weights, local.combined
print(attn_scores)
print(masked)
print(attn_weights)
print(combined)

# %% residual
attention, h = local.attention, local.h
print(attention)
print(h)

# %% [markdown] dense
# ## Layer 0: a dense feed-forward network

# %% dense
ffn_norm, ffn_gate, ffn_up = local.ffn_norm, local.ffn_gate, local.ffn_up
feed_forward, output = local.feed_forward, local.output
print(ffn_norm)
print(ffn_gate)
print(ffn_up)
print(feed_forward)
print(output)

# %% [markdown] moe
# ## Layer 1: experts

# %% moe
moe = traces[1]
print(moe.router_logits)
print(moe.router_scores)
print(moe.experts)
print(moe.shared_expert)
print(moe.feed_forward)

# %% [markdown] nope
# ## Layer 3: attention to everything
#
# No RoPE, no QK norm, no chunks; but the temperature.

# %% nope
nope = traces[3]
print(nope.xq)
print(nope.xk)
print(nope.temperature)
print(nope.xq_scaled)

# %% global-attention
print(nope.attn_scores)
print(nope.attn_weights)
print(nope.attention)

# %% [markdown] logits
# ## The next word

# %% logits
norm = rms_norm(traces[-1].output)
logits = output_projection(norm)
next_token = logits[:, -1:].argmax(dim=-1)
print(norm)
print(logits)
print(next_token)

# %% [markdown] step
# ## One token more
#
# The caches have the keys and values of the other tokens. With the chunk, the token at position 6 sees keys 4 to 6.

# %% step
def run_step(has_chunks):
    made = run(tok_embeddings(next_token), tokens.shape[1], has_chunks)
    return SimpleNamespace(attn_weights=made[0].attn_weights, logits=output_projection(rms_norm(made[-1].output)))


step = run_step(has_chunks=True)
print(step.logits)
print(step.attn_weights)

# %% [markdown] no-chunk
# Meta's reference builds no mask for a single token, so its decoded token also sees the keys of the first chunk. That is
# not what the model does in a prefill.

# %% no-chunk
no_chunk = run_step(has_chunks=False)
print(no_chunk.attn_weights)
print(no_chunk.logits)

# %% [markdown] pieces
# With the chunk, one pass over all seven tokens gives the same logits as the step.

# %% pieces
text = torch.cat([tokens, next_token], dim=1)
at_once = output_projection(rms_norm(run(tok_embeddings(text), 0)[-1].output))
assert torch.allclose(at_once[:, -1:], step.logits, atol=1e-5)
assert not torch.allclose(at_once[:, -1:], no_chunk.logits, atol=1e-3)

# %% [markdown] images
# ## Images take the place of words

# %% images
image_mask = torch.tensor([[False, True, True, False, False, False]])
print(image_mask)
print(vision_projection(image_embedding))
merged = embeddings * ~image_mask[..., None] + vision_projection(image_embedding) * image_mask[..., None]
print(merged)

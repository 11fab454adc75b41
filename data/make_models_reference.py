#!/usr/bin/env python3
"""Ask the Transformers library what the attention of every model of chapter 9 gives.

Writes a folder models/NAME for each case: config.json and the weights of a small random model, as save_pretrained wrote them, and
expected.safetensors: `ids` (B, T), and for some layers N the input of the attention `layers.N.x` (what its q projection reads, so after
the norm), `layers.N.output` (after the output projection, before the residual) and `layers.N.attn_weights` (B, H, T, T).
`attention_mask` (B, T) is there where the text is padded. Where RoPE's frequencies depend on the length, expected_short.safetensors has
the same names for a text that is not longer than the original length. expected_decoder.safetensors belongs to T5's decoder.
recipes.json has the recipe of each of these layers: the choices below that differ from the class's defaults.
Needs torch, numpy, safetensors and transformers 4.57; takes ten seconds.

    make_models_reference.py                                    # the folders of models/
    make_models_reference.py --random 7 --out DIR --count 3     # three random variants of each model, in the same layout
    make_models_reference.py --only gemma                       # the cases whose name contains the word

Part one of this file is a second implementation of all these layers and imports nothing of transformers: a Recipe of choices, how a
config.json and the names in a file become a Recipe (MODELS, a row for each model), and one function attention() that follows it.
Part two makes models with the library and checks part one against them: in float32 and in double, all layers at once and token by token.

Names in the file. Before them stands what a class with a head adds ("prefix"); N is the layer. With biases, .bias stands beside .weight.

model_type    prefix        attention of layer N     projections, as they lie in the file              norm before  embedding
llama (1)     model.        layers.N.self_attn       q_proj k_proj v_proj; o_proj                      (2)          embed_tokens
phi3          model.        layers.N.self_attn       qkv_proj: rows of q, then k, then v; o_proj       (2)          embed_tokens
olmo2         model.        layers.N.self_attn       as llama                                          none         embed_tokens
qwen3_next    model.        layers.N.self_attn       q_proj: 2 d rows a head, query then gate          (2)          embed_tokens
gpt_neox      gpt_neox.     layers.N.attention       query_key_value: 3 d rows a head; dense           (2)          embed_in
bloom         transformer.  h.N.self_attention       query_key_value: 3 d rows a head; dense           (2) (3)      word_embeddings
mpt           transformer.  blocks.N.attn            Wqkv: rows of q, then k, then v; out_proj         norm_1       wte
gpt2          transformer.  h.N.attn                 c_attn: (in, out), columns q, k, v; c_proj        ln_1         wte, wpe
bert          bert.         encoder.layer.N.attention  self.query self.key self.value; output.dense    none (3)     embeddings.* (4)
t5            none          encoder.block.N.layer.0.SelfAttention (or decoder.)  q k v; o              (5)          shared

(1) and mistral, ministral, mixtral, qwen2, qwen3, qwen3_moe, gemma, gemma2, gemma3_text, gpt_oss, glm, glm4, cohere, smollm3, granite, stablelm
(2) layers.N.input_layernorm (bloom: h.N.input_layernorm)   (5) encoder.block.N.layer.0.layer_norm
(3) a LayerNorm of the embedding itself: word_embeddings_layernorm, embeddings.LayerNorm
(4) embeddings.word_embeddings, .position_embeddings, .token_type_embeddings (row 0 for every token)
Also in the attention: q_norm.weight, k_norm.weight (d): qwen3, gemma3, qwen3_next; (H d), (K d): olmo2; (H, d), (K, d): cohere with
use_qk_norm; stablelm with qk_layernorm has a tensor for each head, q_layernorm.norms.HEAD.weight; sinks (H): gpt_oss;
relative_attention_bias.weight (buckets, H): t5, in block 0 only, and used by every block.
"""

import argparse
import copy
import json
import math
import pathlib
import random
import re
import shutil
import unittest.mock
from dataclasses import asdict, dataclass, fields

import torch
from safetensors.torch import load_file, save_file

FOLDER = pathlib.Path(__file__).parent / "models"


# ====================================================================================================================================
# Part one: the specification
# ====================================================================================================================================

# --- the choices. A comment names the config field that a choice comes from

@dataclass(frozen=True)
class Norm:
    kind: str                         # "rms", or "layer": minus the mean, over the standard deviation (variance over n, not n - 1)
    weight: tuple = ()                # names; more than one: a tensor for each head
    eps: float = 1e-6                 # rms_norm_eps, layer_norm_eps, layer_norm_epsilon
    plus_one: bool = False            # times (1 + weight): gemma2, gemma3, qwen3_next
    bias: str | None = None


@dataclass(frozen=True)
class Linear:
    weight: str
    bias: str | None = None           # attention_bias, use_qkv_bias, or always


@dataclass(frozen=True)
class Rope:
    dims: int                         # int(head_dim * partial_rotary_factor): the first dims of a head are rotated (rotary_pct)
    theta: float                      # rope_theta, rotary_emb_base; gemma3's sliding layers: rope_local_base_freq
    pairs: str = "halves"             # (i, i + dims / 2), or "neighbours": (2 i, 2 i + 1)
    scaling: str = "default"          # rope_scaling.rope_type, or .type: linear, dynamic, yarn, longrope, llama3
    factor: float = 1.0               # rope_scaling.factor
    original: int = 0                 # where it comes from depends on the scaling: see rope_of
    attention_factor: float = 1.0     # cos and sin are multiplied by it (yarn, longrope)
    low: float = 0.0                  # llama3: low_freq_factor, high_freq_factor
    high: float = 0.0
    beta_fast: float = 32.0           # yarn
    beta_slow: float = 1.0
    truncate: bool = True
    short: tuple = ()                 # longrope: short_factor, long_factor
    long: tuple = ()

    @property
    def depends_on_length(self):
        return self.scaling in ("dynamic", "longrope")


@dataclass(frozen=True)
class Buckets:
    table: str                        # (count, heads)
    count: int                        # relative_attention_num_buckets
    max_distance: int                 # relative_attention_max_distance
    both_ways: bool                   # the encoder's halves: keys before and keys after


@dataclass(frozen=True)
class Embedding:
    token: str
    scale: float = 1.0                # gemma: sqrt(hidden_size); granite: embedding_multiplier
    position: str | None = None       # gpt2, bert: row t is added to token t
    type: str | None = None           # bert: row 0 is added
    norm: Norm | None = None          # bloom, bert


@dataclass(frozen=True)
class Recipe:
    heads: int                        # num_attention_heads
    kv_heads: int                     # num_key_value_heads
    head_dim: int                     # head_dim, or hidden_size / heads where it is absent or null
    q: Linear
    k: Linear
    v: Linear
    o: Linear
    embedding: Embedding              # only for layer 0 from token numbers
    input_norm: Norm | None           # only for layer 0 from token numbers: x has been through it
    fused: str = "separate"           # q, k and v lie in one tensor by "blocks" (q rows, k rows, v rows) or by "heads"
    conv1d: bool = False              # weights are (in, out)
    gate: bool = False                # q has 2 d rows a head: query, then gate; the context is multiplied by sigmoid(gate)
    clip: float | None = None         # attn_config.clip_qkv: q, k and v are clamped to [-clip, clip]
    qk_norm: str = "none"             # of each "head", or of the whole "width"; before RoPE in all of these models
    q_norm: Norm | None = None
    k_norm: Norm | None = None
    rope: Rope | None = None
    alibi: bool = False
    buckets: Buckets | None = None
    scale: float = 1.0                # head_dim^-0.5, query_pre_attn_scalar^-0.5, attention_multiplier, softmax_scale, 1
    softcap: float | None = None      # attn_logit_softcapping
    causal: bool = True
    window: int | None = None         # sliding_window: a query sees this many keys, itself included
    sinks: str | None = None


# --- the attention

def normalise(norm, weights, x):
    """Over the last axis. A weight of shape (heads, d) normalises every head by its own row."""
    if norm.kind == "layer":
        x = x - x.mean(-1, keepdim=True)
    x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + norm.eps)
    weight = torch.stack([weights[name] for name in norm.weight]).squeeze(0)
    x = x * (1 + weight if norm.plus_one else weight)
    return x if norm.bias is None else x + weights[norm.bias]


def linear(recipe, weights, layer, x):
    weight = weights[layer.weight]
    y = x @ (weight if recipe.conv1d else weight.t())
    return y if layer.bias is None else y + weights[layer.bias]


def project(recipe, weights, x):
    """q (B, T, H, d), k and v (B, T, K, d), and the gate (B, T, H d) or None."""
    heads, kv_heads, d = recipe.heads, recipe.kv_heads, recipe.head_dim
    if recipe.fused == "separate":
        q, k, v = (linear(recipe, weights, layer, x) for layer in (recipe.q, recipe.k, recipe.v))
    else:
        together = linear(recipe, weights, recipe.q, x)
        if recipe.fused == "blocks":
            q, k, v = together.split([heads * d, kv_heads * d, kv_heads * d], dim=-1)
        else:
            q, k, v = (part.flatten(-2) for part in together.unflatten(-1, (heads, 3, d)).unbind(-2))
    if recipe.clip is not None:
        q, k, v = (part.clamp(-recipe.clip, recipe.clip) for part in (q, k, v))
    gate = None
    if recipe.gate:
        q, gate = (part.flatten(-2) for part in q.unflatten(-1, (heads, 2, d)).unbind(-2))
    if recipe.qk_norm == "width":
        q, k = normalise(recipe.q_norm, weights, q), normalise(recipe.k_norm, weights, k)
    q, k, v = (part.unflatten(-1, (-1, d)) for part in (q, k, v))
    if recipe.qk_norm == "head":
        q, k = normalise(recipe.q_norm, weights, q), normalise(recipe.k_norm, weights, k)
    return q, k, v, gate


def frequencies(rope, length):
    """(dims / 2) angles per position, for a text of this length. In float32, as are the angles, cos and sin: also where x is double."""
    theta = rope.theta
    if rope.scaling == "dynamic":
        longer = max(length, rope.original)
        theta = theta * (rope.factor * longer / rope.original - (rope.factor - 1)) ** (rope.dims / (rope.dims - 2))
    plain = 1 / theta ** (torch.arange(0, rope.dims, 2) / rope.dims)
    if rope.scaling == "linear":
        return plain / rope.factor
    if rope.scaling == "longrope":
        return plain / torch.tensor(rope.long if length > rope.original else rope.short)
    if rope.scaling == "llama3":
        wavelength = 2 * math.pi / plain
        smooth = ((rope.original / wavelength - rope.low) / (rope.high - rope.low)).clamp(0, 1)
        return (1 - smooth) * plain / rope.factor + smooth * plain
    if rope.scaling == "yarn":
        def pair_that_turns(times):
            return rope.dims * math.log(rope.original / (times * 2 * math.pi)) / (2 * math.log(theta))

        first, last = pair_that_turns(rope.beta_fast), pair_that_turns(rope.beta_slow)
        if rope.truncate:
            first, last = math.floor(first), math.ceil(last)
        first, last = max(first, 0), min(last, rope.dims - 1)
        last += 0.001 if first == last else 0
        ramp = ((torch.arange(rope.dims // 2) - first) / (last - first)).clamp(0, 1)
        return ramp * plain / rope.factor + (1 - ramp) * plain
    return plain


def rotate(rope, x, lengths):
    """x (B, T, H, d). Token t is rotated with the frequencies of a text of lengths[t] tokens."""
    angles = torch.stack([t * frequencies(rope, length) for t, length in enumerate(lengths)])[:, None]
    cos, sin = (part.to(x.dtype) * rope.attention_factor for part in (angles.cos(), angles.sin()))
    rotated, rest = x[..., :rope.dims], x[..., rope.dims:]
    if rope.pairs == "halves":
        a, b = rotated.chunk(2, dim=-1)
        rotated = torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
    else:
        a, b = rotated[..., 0::2], rotated[..., 1::2]
        rotated = torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)
    return torch.cat([rotated, rest], dim=-1)


def alibi_slopes(heads):
    """2^(-8 k / p) for k = 1 .. p, where p is the largest power of two not above heads; the others are the odd k of 2 p."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 * k / power) for k in range(1, power + 1)]
    return slopes + [2 ** (-8 * k / (2 * power)) for k in range(1, 2 * (heads - power), 2)]


def bucket(buckets, distance):
    """The row of the table for a key at `distance` = key's position - query's position."""
    count, first = buckets.count, 0
    if buckets.both_ways:
        count //= 2
        first = count if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = max(-distance, 0)
    exact = count // 2
    if distance < exact:
        return first + distance
    large = exact + int(math.log(distance / exact) / math.log(buckets.max_distance / exact) * (count - exact))
    return first + min(large, count - 1)


def position_bias(recipe, weights, T, dtype):
    """(H, T, T) to add to the scores."""
    distance = torch.arange(T)[None, :] - torch.arange(T)[:, None]
    if recipe.alibi:
        return torch.tensor(alibi_slopes(recipe.heads), dtype=dtype)[:, None, None] * distance
    if recipe.buckets:
        rows = torch.tensor([[bucket(recipe.buckets, int(j)) for j in row] for row in distance])
        return weights[recipe.buckets.table][rows].permute(2, 0, 1)
    return torch.zeros(recipe.heads, T, T, dtype=dtype)


def visible(recipe, T, padding):
    """(B or 1, 1, T, T): which keys j a query i sees."""
    i, j = torch.arange(T)[:, None], torch.arange(T)[None, :]
    seen = (j <= i) if recipe.causal else torch.ones(T, T, dtype=torch.bool)
    if recipe.window is not None:
        seen = seen & (i - j < recipe.window)
    return seen[None, None] if padding is None else seen[None, None] & padding[:, None, None, :].bool()


def attention(recipe, weights, x, lengths=None, padding=None):
    """x (B, T, hidden) gives the output (B, T, hidden) and the attention weights (B, H, T, T).

    lengths: how long the text was when token t was computed. All tokens at once: T for each. It only matters for the two
    kinds of RoPE that depend on the length; with a cache, keys stay as they were rotated. padding: (B, T), 0 for keys that are none."""
    T = x.shape[1]
    q, k, v, gate = project(recipe, weights, x)
    if recipe.rope:
        q, k = (rotate(recipe.rope, part, lengths or [T] * T) for part in (q, k))

    # query head h uses key and value head h // (heads / kv_heads)
    k, v = (part.repeat_interleave(recipe.heads // recipe.kv_heads, dim=2) for part in (k, v))
    scores = torch.einsum("bihd,bjhd->bhij", q, k) * recipe.scale
    scores = scores + position_bias(recipe, weights, T, x.dtype)
    if recipe.softcap is not None:
        scores = recipe.softcap * torch.tanh(scores / recipe.softcap)
    scores = scores.masked_fill(~visible(recipe, T, padding), -torch.inf)
    if recipe.sinks:
        sinks = weights[recipe.sinks][None, :, None, None].expand(*scores.shape[:3], 1)
        attn_weights = torch.cat([scores, sinks], dim=-1).softmax(dim=-1)[..., :-1]
    else:
        attn_weights = scores.softmax(dim=-1)
    context = torch.einsum("bhij,bjhd->bihd", attn_weights, v).flatten(-2)
    if recipe.gate:
        context = context * torch.sigmoid(gate)
    return linear(recipe, weights, recipe.o, context), attn_weights


def first_input(recipe, weights, ids):
    """Layer 0's x from token numbers (B, T)."""
    embedding, T = recipe.embedding, ids.shape[1]
    x = weights[embedding.token][ids] * embedding.scale
    if embedding.position:
        x = x + weights[embedding.position][:T]
    if embedding.type:
        x = x + weights[embedding.type][0]
    if embedding.norm:
        x = normalise(embedding.norm, weights, x)
    return normalise(recipe.input_norm, weights, x) if recipe.input_norm else x


# --- from config.json to a recipe

class Config:
    """The fields of a config.json, and the model's own defaults for those that it leaves out."""
    def __init__(self, defaults, written):
        self.values = defaults | written

    def __getattr__(self, field):
        return self.values.get(field)


def head_dim(c):
    return c.head_dim or c.hidden_size // c.num_attention_heads


def kv_heads(c):
    return c.num_key_value_heads or c.num_attention_heads


def longrope_attention_factor(factor, original):
    return 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))


def yarn_attention_factor(s):
    def mscale(weight):
        return 1.0 if s["factor"] <= 1 else 0.1 * weight * math.log(s["factor"]) + 1

    if s.get("mscale") and s.get("mscale_all_dim"):
        return mscale(s["mscale"]) / mscale(s["mscale_all_dim"])
    return mscale(1)


def rope_of(c, pairs="halves", theta=None, scaling="from the config"):
    """theta and scaling are given where a layer has its own (gemma3)."""
    share = 1.0 if c.partial_rotary_factor is None else c.partial_rotary_factor
    dims, theta = int(head_dim(c) * share), theta or c.rope_theta
    s = c.rope_scaling if scaling == "from the config" else scaling
    kind = (s.get("rope_type") or s.get("type")) if s else "default"
    plain = {"dims": dims, "theta": theta, "pairs": pairs, "scaling": kind}
    if kind == "default":
        return Rope(**plain)
    if kind == "linear":
        return Rope(**plain, factor=s["factor"])
    if kind == "dynamic":  # rope_scaling.original_max_position_embeddings is not read
        return Rope(**plain, factor=s["factor"], original=c.max_position_embeddings)
    if kind == "llama3":
        return Rope(**plain, factor=s["factor"], low=s["low_freq_factor"], high=s["high_freq_factor"],
                    original=s["original_max_position_embeddings"])
    if kind == "yarn":
        given = s.get("attention_factor")
        return Rope(**plain, factor=s["factor"], beta_fast=s.get("beta_fast") or 32.0, beta_slow=s.get("beta_slow") or 1.0,
                    truncate=s.get("truncate", True), attention_factor=yarn_attention_factor(s) if given is None else given,
                    original=s.get("original_max_position_embeddings") or c.max_position_embeddings)
    if kind == "longrope":  # the original length stands beside rope_scaling, not in it; where it does, the ratio is the factor
        original, factor, given = c.original_max_position_embeddings, s.get("factor"), s.get("attention_factor")
        if original:
            factor = c.max_position_embeddings / original
        original = original or c.max_position_embeddings
        return Rope(**plain, original=original, short=tuple(s["short_factor"]), long=tuple(s["long_factor"]),
                    attention_factor=longrope_attention_factor(factor, original) if given is None else given)
    raise ValueError(f"rope_scaling.rope_type: {kind} is unknown")


def phi3_scaling(c):
    """Older files say su or yarn for what is longrope today."""
    return c.rope_scaling and c.rope_scaling | {"rope_type": "longrope"}


def kind_of_layer(c, layer, rule):
    return c.layer_types[layer] if c.layer_types else rule


def sliding(c, layer, slides, window="from the config"):
    """The window of a layer that slides by its layer_types, or where there are none, by the rule `slides`."""
    window = c.sliding_window if window == "from the config" else window
    kind = kind_of_layer(c, layer, "sliding_attention" if slides and window is not None else "full_attention")
    if kind not in ("sliding_attention", "full_attention"):
        raise ValueError(f"layer_types: layer {layer} is {kind}")
    return window if kind == "sliding_attention" else None


# Llama's choices. A row below changes what differs.
def llama(c, layer, **changes):
    bias = "qkvo" if c.attention_bias else ""
    return {"heads": c.num_attention_heads, "kv_heads": kv_heads(c), "head_dim": head_dim(c), "scale": head_dim(c) ** -0.5,
            "bias": bias, "norm": ("rms", c.rms_norm_eps), "rope": rope_of(c)} | changes


def qwen_window(c, layer):
    return sliding(c, layer, layer >= c.max_window_layers, c.sliding_window if c.use_sliding_window else None)


def qwen2(c, layer):
    return llama(c, layer, bias="qkv", window=qwen_window(c, layer))


def qwen3(c, layer):
    return llama(c, layer, window=qwen_window(c, layer), qk_norm=("head", "rms", c.rms_norm_eps))


def gemma2(c, layer):
    return llama(c, layer, scale=c.query_pre_attn_scalar ** -0.5, softcap=c.attn_logit_softcapping, plus_one=True,
                 window=sliding(c, layer, layer % 2 == 0), embedding_scale=c.hidden_size ** 0.5)


def gemma3(c, layer):
    window = sliding(c, layer, (layer + 1) % c.sliding_window_pattern != 0)
    rope = rope_of(c) if window is None else rope_of(c, theta=c.rope_local_base_freq, scaling=None)
    return llama(c, layer, scale=c.query_pre_attn_scalar ** -0.5, plus_one=True, window=window, rope=rope,
                 qk_norm=("head", "rms", c.rms_norm_eps), embedding_scale=c.hidden_size ** 0.5)


def glm(c, layer):
    return llama(c, layer, bias="qkv" if c.attention_bias else "", rope=rope_of(c, "neighbours"))


def cohere(c, layer):
    return llama(c, layer, rope=rope_of(c, "neighbours"), norm=("layer", c.layer_norm_eps),
                 qk_norm=("head", "layer", c.layer_norm_eps) if c.use_qk_norm else None)


def smollm3(c, layer):
    uses_rope = c.no_rope_layers[layer] if c.no_rope_layers else (layer + 1) % c.no_rope_layer_interval != 0
    return llama(c, layer, rope=rope_of(c) if uses_rope else None, window=sliding(c, layer, c.use_sliding_window and not uses_rope))


def stablelm(c, layer):
    c.values |= {"head_dim": None}  # its head_dim is always hidden_size / heads
    return llama(c, layer, bias="qkv" if c.use_qkv_bias else "", norm=("layer", c.layer_norm_eps), norm_bias=True,
                 qk_norm=("head", "layer", c.layer_norm_eps) if c.qk_layernorm else None)


def gpt_neox(c, layer):
    c.values |= {"partial_rotary_factor": c.rotary_pct, "rope_theta": c.rotary_emb_base, "head_dim": None, "num_key_value_heads": None}
    return llama(c, layer, fused="heads", norm=("layer", c.layer_norm_eps), norm_bias=True)


def qwen3_next(c, layer):
    sliding(c, layer, False, None)
    if kind_of_layer(c, layer, "full_attention" if (layer + 1) % c.full_attention_interval == 0 else "linear_attention") != "full_attention":
        raise ValueError(f"layer_types: layer {layer} is linear_attention")
    return llama(c, layer, gate=True, plus_one=True, qk_norm=("head", "rms", c.rms_norm_eps))


def as_multi_head(heads, hidden, **changes):
    d = hidden // heads
    return {"heads": heads, "kv_heads": heads, "head_dim": d, "scale": d ** -0.5, "bias": "qkvo", "rope": None} | changes


def gpt2(c, layer):
    scale = (c.n_embd // c.n_head) ** -0.5 if c.scale_attn_weights else 1.0
    scale /= layer + 1 if c.scale_attn_by_inverse_layer_idx else 1
    return as_multi_head(c.n_head, c.n_embd, scale=scale, fused="blocks", conv1d=True, norm=("layer", c.layer_norm_epsilon),
                         norm_bias=True)


def bert(c, layer):
    return as_multi_head(c.num_attention_heads, c.hidden_size, causal=False, norm=("layer", c.layer_norm_eps), norm_bias=True)


def bloom(c, layer):
    return as_multi_head(c.num_attention_heads or c.n_head, c.n_embed or c.hidden_size, fused="heads", alibi=True,
                         norm=("layer", c.layer_norm_epsilon), norm_bias=True)


def mpt(c, layer):
    a, scale = c.attn_config or {}, {}
    if a.get("softmax_scale") is not None:
        scale = {"scale": a["softmax_scale"]}
    return as_multi_head(c.n_heads, c.d_model, fused="blocks", alibi=True, bias="", clip=a.get("clip_qkv") or None,
                         norm=("layer", c.layer_norm_epsilon), **scale)


def t5(c, layer, both_ways=True):
    return {"heads": c.num_heads, "kv_heads": c.num_heads, "head_dim": c.d_kv, "scale": 1.0, "bias": "", "rope": None,
            "norm": ("rms", c.layer_norm_epsilon), "causal": not both_ways,
            "buckets": (c.relative_attention_num_buckets, c.relative_attention_max_distance, both_ways)}


@dataclass(frozen=True)
class Names:
    """Where a model's tensors lie. {} is the layer. Everything but the embedding's parts stands below `layer`."""
    prefixes: tuple = ("model.", "")
    layer: str = "layers.{}."
    attention: str = "self_attn."
    q: str = "q_proj"
    k: str = "k_proj"
    v: str = "v_proj"
    o: str = "o_proj"
    q_norm: tuple = ("q_norm", "k_norm")
    norm: str | None = "input_layernorm"
    token: str = "embed_tokens"
    position: str | None = None
    type: str | None = None
    embedding_norm: str | None = None
    sinks: str | None = None
    buckets: str | None = None
    module: str = ""                   # the module that returns the attention weights, below `attention`


def fused_names(qkv, o, **changes):
    return Names(q=qkv, k=qkv, v=qkv, o=o, **changes)


def t5_names(stack):
    return Names(prefixes=("",), layer=stack + ".block.{}.layer.0.", attention="SelfAttention.", q="q", k="k", v="v", o="o", norm="layer_norm",
                 token="shared", buckets=stack + ".block.0.layer.0.SelfAttention.relative_attention_bias")


@dataclass(frozen=True)
class Row:
    choices: object
    defaults: dict
    names: Names = Names()


def rms(**changes):
    return {"rms_norm_eps": 1e-6, "rope_theta": 10000.0} | changes


T5_DEFAULTS = {"d_kv": 64, "relative_attention_num_buckets": 32, "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6}

# The defaults are those of the model's own config class; main() compares them. A field with no default here is in every file.
MODELS = {
    "llama": Row(llama, rms(max_position_embeddings=2048, attention_bias=False)),
    "mistral": Row(lambda c, layer: llama(c, layer, bias="", window=c.sliding_window),
                   rms(max_position_embeddings=131072, num_key_value_heads=8, sliding_window=4096)),
    "ministral": Row(lambda c, layer: llama(c, layer, bias="", window=sliding(c, layer, True)),
                     rms(max_position_embeddings=131072, num_key_value_heads=8, sliding_window=4096)),
    "qwen2": Row(qwen2, rms(max_position_embeddings=32768, num_key_value_heads=32, use_sliding_window=False, sliding_window=4096,
                            max_window_layers=28)),
    "qwen3": Row(qwen3, rms(max_position_embeddings=32768, num_key_value_heads=32, head_dim=128, attention_bias=False,
                            use_sliding_window=False, sliding_window=4096, max_window_layers=28)),
    "mixtral": Row(lambda c, layer: llama(c, layer, bias="", window=c.sliding_window),
                   rms(rms_norm_eps=1e-5, rope_theta=1e6, max_position_embeddings=131072, num_key_value_heads=8)),
    "qwen3_moe": Row(lambda c, layer: llama(c, layer, window=c.sliding_window if c.use_sliding_window else None,
                                            qk_norm=("head", "rms", c.rms_norm_eps)),
                     rms(max_position_embeddings=32768, num_key_value_heads=4, attention_bias=False, use_sliding_window=False,
                         sliding_window=4096)),
    "gemma": Row(lambda c, layer: llama(c, layer, plus_one=True, embedding_scale=c.hidden_size ** 0.5),
                 rms(max_position_embeddings=8192, num_key_value_heads=16, head_dim=256, attention_bias=False)),
    "gemma2": Row(gemma2, rms(max_position_embeddings=8192, num_key_value_heads=4, head_dim=256, attention_bias=False,
                              query_pre_attn_scalar=256, sliding_window=4096, attn_logit_softcapping=50.0)),
    "gemma3_text": Row(gemma3, rms(max_position_embeddings=131072, num_key_value_heads=4, head_dim=256, attention_bias=False,
                                   rope_theta=1e6, rope_local_base_freq=10000.0, query_pre_attn_scalar=256, sliding_window=4096,
                                   sliding_window_pattern=6)),
    "phi3": Row(lambda c, layer: llama(c, layer, bias="", fused="blocks", window=c.sliding_window, rope=rope_of(c, scaling=phi3_scaling(c))),
                rms(rms_norm_eps=1e-5, max_position_embeddings=4096, original_max_position_embeddings=4096, partial_rotary_factor=1.0),
                fused_names("qkv_proj", "o_proj")),
    "gpt_oss": Row(lambda c, layer: llama(c, layer, window=sliding(c, layer, layer % 2 == 0)),
                   rms(rms_norm_eps=1e-5, max_position_embeddings=131072, num_key_value_heads=8, head_dim=64, rope_theta=150000.0,
                       attention_bias=True, sliding_window=128,
                       rope_scaling={"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
                                     "truncate": False, "original_max_position_embeddings": 4096}),
                   Names(sinks="sinks")),
    "olmo2": Row(lambda c, layer: llama(c, layer, qk_norm=("width", "rms", c.rms_norm_eps)),
                 rms(rms_norm_eps=1e-5, max_position_embeddings=2048, attention_bias=False), Names(norm=None)),
    "glm": Row(glm, rms(rms_norm_eps=1.5625e-7, max_position_embeddings=131072, num_key_value_heads=2, head_dim=128,
                        partial_rotary_factor=0.5, attention_bias=True)),
    "glm4": Row(glm, rms(rms_norm_eps=1.5625e-7, max_position_embeddings=131072, num_key_value_heads=2, head_dim=128,
                         partial_rotary_factor=0.5, attention_bias=True)),
    "cohere": Row(cohere, {"layer_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 8192, "attention_bias": False,
                           "use_qk_norm": False}),
    "smollm3": Row(smollm3, rms(rope_theta=2e6, max_position_embeddings=32768, num_key_value_heads=4, attention_bias=False,
                                no_rope_layer_interval=4, use_sliding_window=False)),
    "granite": Row(lambda c, layer: llama(c, layer, scale=c.attention_multiplier, embedding_scale=c.embedding_multiplier),
                   rms(max_position_embeddings=2048, attention_bias=False, attention_multiplier=1.0, embedding_multiplier=1.0)),
    "stablelm": Row(stablelm, {"layer_norm_eps": 1e-5, "rope_theta": 10000, "max_position_embeddings": 4096, "num_key_value_heads": 32,
                               "use_qkv_bias": False, "qk_layernorm": False, "partial_rotary_factor": 0.25},
                    Names(q_norm=("q_layernorm.norms.{}", "k_layernorm.norms.{}"))),
    "gpt_neox": Row(gpt_neox, {"layer_norm_eps": 1e-5, "rotary_emb_base": 10000, "rotary_pct": 0.25, "max_position_embeddings": 2048,
                               "attention_bias": True},
                    fused_names("query_key_value", "dense", prefixes=("gpt_neox.", ""), attention="attention.", token="embed_in")),
    "qwen3_next": Row(qwen3_next, rms(max_position_embeddings=32768, num_key_value_heads=2, head_dim=256, attention_bias=False,
                                      partial_rotary_factor=0.25, full_attention_interval=4)),
    "gpt2": Row(gpt2, {"layer_norm_epsilon": 1e-5, "scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False},
                fused_names("c_attn", "c_proj", prefixes=("transformer.", ""), layer="h.{}.", attention="attn.", norm="ln_1", token="wte",
                            position="wpe")),
    "bert": Row(bert, {"layer_norm_eps": 1e-12},
                Names(prefixes=("bert.", ""), layer="encoder.layer.{}.", attention="attention.", q="self.query", k="self.key",
                      v="self.value", o="output.dense", norm=None, token="embeddings.word_embeddings",
                      position="embeddings.position_embeddings", type="embeddings.token_type_embeddings",
                      embedding_norm="embeddings.LayerNorm", module="self.")),
    "bloom": Row(bloom, {"layer_norm_epsilon": 1e-5, "n_head": 8, "hidden_size": 64},
                 fused_names("query_key_value", "dense", prefixes=("transformer.", ""), layer="h.{}.", attention="self_attention.",
                             token="word_embeddings", embedding_norm="word_embeddings_layernorm")),
    "mpt": Row(mpt, {"layer_norm_epsilon": 1e-5},
               fused_names("Wqkv", "out_proj", prefixes=("transformer.", ""), layer="blocks.{}.", attention="attn.", norm="norm_1",
                           token="wte")),
    "t5": Row(t5, T5_DEFAULTS, t5_names("encoder")),
    "t5_decoder": Row(lambda c, layer: t5(c, layer, both_ways=False), T5_DEFAULTS, t5_names("decoder")),
}


def layer_place(row, layer, tensors):
    """What stands before every name of the model, and before those of the layer's attention."""
    prefix = next(p for p in row.names.prefixes if p + row.names.token + ".weight" in tensors)
    return prefix, prefix + row.names.layer.format(layer), prefix + row.names.layer.format(layer) + row.names.attention


def recipe_of(config, tensors, layer, part=""):
    """config: the fields of config.json. tensors: the names in the file. part: "_decoder" for T5's decoder."""
    row = MODELS[config["model_type"] + part]
    names, choice = row.names, row.choices(Config(row.defaults, config), layer)
    prefix, of_layer, place = layer_place(row, layer, tensors)
    bias, (kind, eps) = choice.pop("bias"), choice.pop("norm")
    plus_one, norm_bias = choice.pop("plus_one", False), choice.pop("norm_bias", False)

    def norm(name):
        return Norm(kind, (name + ".weight",), eps, plus_one, name + ".bias" if norm_bias else None)

    def projection(letter, name):
        return Linear(place + name + ".weight", place + name + ".bias" if letter in bias else None)

    if choice.get("qk_norm"):
        span, norm_kind, norm_eps = choice["qk_norm"]
        counts = choice["heads"], choice["kv_heads"]
        q_norm, k_norm = (Norm(norm_kind, tuple(f"{place}{name.format(h)}.weight" for h in range(n if "{}" in name else 1)), norm_eps, plus_one)
                          for name, n in zip(names.q_norm, counts))
        choice |= {"qk_norm": span, "q_norm": q_norm, "k_norm": k_norm}
    else:
        choice["qk_norm"] = "none"
    if "buckets" in choice:
        choice["buckets"] = Buckets(names.buckets + ".weight", *choice["buckets"])
    embedding = Embedding(prefix + names.token + ".weight", choice.pop("embedding_scale", 1.0),
                          prefix + names.position + ".weight" if names.position else None,
                          prefix + names.type + ".weight" if names.type else None,
                          norm(prefix + names.embedding_norm) if names.embedding_norm else None)
    return Recipe(**choice, q=projection("q", names.q), k=projection("k", names.k), v=projection("v", names.v), o=projection("o", names.o),
                  embedding=embedding, input_norm=norm(of_layer + names.norm) if names.norm else None,
                  sinks=place + names.sinks if names.sinks else None)


def all_weights(folder):
    return {name: weight for file in sorted(folder.glob("model*.safetensors")) for name, weight in load_file(file).items()}


def names_in(value):
    """All tensor names in a recipe."""
    if isinstance(value, dict):
        return {name for part in value.values() for name in names_in(part)}
    if isinstance(value, (tuple, list)):
        return {name for part in value for name in names_in(part)}
    return {value} if isinstance(value, str) and "." in value else set()


# ====================================================================================================================================
# Part two: models of the library, and the comparison
# ====================================================================================================================================

@dataclass
class Case:
    model_type: str
    fields: dict
    T: int = 11
    short: int = 0                     # a second text of this length
    padded: int = 0                    # so many tokens at the end of the second text are padding
    base: bool = False                 # the class without a head: names without prefix
    sparse: bool = False               # config.json says only what differs from the class's defaults, like many published files
    shard: str = ""                    # the largest size of a shard
    renamed: tuple = ()                # (field, older name of it) in config.json


def model_of(case):
    from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, CONFIG_MAPPING, PreTrainedModel
    config = CONFIG_MAPPING[case.model_type](**copy.deepcopy(case.fields), attn_implementation="eager")
    head = {"bert": AutoModelForMaskedLM, "t5": AutoModelForSeq2SeqLM}.get(case.model_type, AutoModelForCausalLM)
    # draw_weights draws all weights. The library's own drawing fails for stablelm's norms, which have no bias (4.57.6).
    with unittest.mock.patch.object(PreTrainedModel, "_initialize_weights", lambda self, module: None):
        model = (AutoModel if case.base else head).from_config(config, attn_implementation="eager").eval()
    draw_weights(model)
    return model


def draw_weights(model):
    """Every parameter is random, and scores are large enough that no softmax is nearly uniform. Norms stay near what they do at first."""
    for name, weight in model.named_parameters():
        values = torch.randn_like(weight)
        if re.search(r"norm|ln_|LayerNorm", name):
            weight.copy_(weight + 0.3 * values)
        elif weight.dim() == 1:
            weight.copy_(0.5 * values)
        elif re.search(r"embed|wte|wpe|shared|relative_attention_bias", name):
            # Where the embedding is scaled, its weights are as small as in published files: the norm's eps shows a scale that is left out.
            scaled = model.config.model_type in ("gemma2", "gemma3_text", "granite")
            weight.copy_(values * (0.01 if scaled else 1))
        else:
            inputs = weight.shape[-2] if weight.dim() == 3 or re.search(r"\.c_(attn|proj|fc)\.", name) else weight.shape[-1]
            strength = 0.7 if name.endswith("SelfAttention.q.weight") else 1.5  # T5 has no scale
            weight.copy_(strength * values / inputs ** 0.5)


# --- hooks: what goes into the q projection, what comes out of the output projection, and the attention weights

def record(model, recipes, part):
    seen, hooks = {}, []
    names = MODELS[model.config.model_type + part].names

    def keep(module, name, what):
        def hook(_, inputs, keywords, output):
            found = what(inputs, keywords, output)
            if found is not None:
                seen.setdefault(name, []).append(found.detach().clone())
        hooks.append(model.get_submodule(module).register_forward_hook(hook, with_kwargs=True))

    for layer, recipe in recipes.items():
        place = layer_place(MODELS[model.config.model_type + part], layer, model.state_dict())[2]
        keep(recipe.q.weight.removesuffix(".weight"), f"layers.{layer}.x", lambda inputs, _, __: inputs[0])
        keep(recipe.o.weight.removesuffix(".weight"), f"layers.{layer}.output", lambda _, __, output: output)
        keep((place + names.module).rstrip("."), f"layers.{layer}.attn_weights", lambda _, __, output: output[-1])
    return seen, hooks


def mask_in_float():
    """Mpt's mask cannot be made in double with PyTorch 2.4: its smallest number does not fit torch.full."""
    from transformers.models.mpt import modeling_mpt
    make = modeling_mpt._prepare_4d_causal_attention_mask
    return unittest.mock.patch.object(modeling_mpt, "_prepare_4d_causal_attention_mask",
                                      lambda mask, shape, embeds, past: make(mask, shape, embeds.float(), past))


def forward(model, ids, decoder_ids, padding, **more):
    if decoder_ids is not None:
        more |= {"decoder_input_ids": decoder_ids}
    with mask_in_float():
        return model(input_ids=ids, attention_mask=padding, output_attentions=True, **more)


def whole_pass(model, recipes, part, ids, decoder_ids=None, padding=None):
    """All tokens at once. RoPE modules keep state, so every pass has a fresh copy of the model."""
    model = copy.deepcopy(model)
    seen, hooks = record(model, recipes, part)
    forward(model, ids, decoder_ids, padding, **({} if model.config.model_type == "bert" else {"use_cache": False}))
    for hook in hooks:
        hook.remove()
    return {name: found[0] for name, found in seen.items()}


def token_by_token(model, recipes, part, ids, prefill, decoder_ids=None):
    """x and output as whole_pass gives them, with the library's own cache."""
    model, cache, more = copy.deepcopy(model), None, {}
    seen, hooks = record(model, recipes, part)
    text = ids if decoder_ids is None else decoder_ids
    if decoder_ids is not None:
        more["encoder_outputs"] = model.encoder(input_ids=ids)
    for start, end in [(0, prefill)] + [(t, t + 1) for t in range(prefill, text.shape[1])]:
        now = text[:, start:end]
        if decoder_ids is None:
            result = forward(model, now, None, None, past_key_values=cache, use_cache=True)
        else:
            result = forward(model, None, now, None, past_key_values=cache, use_cache=True, **more)
        cache = result.past_key_values
    for hook in hooks:
        hook.remove()
    return {name: torch.cat(found, dim=1) for name, found in seen.items() if "attn_weights" not in name}


# --- the checks

def relative(got, expected):
    assert got.shape == expected.shape, f"{tuple(got.shape)} and {tuple(expected.shape)}"
    return ((got - expected).abs().max() / expected.abs().max()).item()


def agree(got, expected, limit, what):
    gap = relative(got, expected)
    assert gap < limit, f"{what} differs by {gap:.2g}"
    return gap


def check_formulas(recipes, weights, seen, what, padding=None, lengths=None):
    """attention() against what the modules gave, from the modules' own x."""
    for layer, recipe in recipes.items():
        x = seen[f"layers.{layer}.x"]
        output, attn_weights = attention(recipe, weights, x, lengths, padding)
        agree(output, seen[f"layers.{layer}.output"], 2e-6, f"{what}: layer {layer}'s output")
        if f"layers.{layer}.attn_weights" in seen:
            agree(attn_weights, seen[f"layers.{layer}.attn_weights"], 2e-6, f"{what}: layer {layer}'s attention weights")


def kind(recipe):
    """Two layers are of one kind if they differ in names only."""
    return str([value for key, value in asdict(recipe).items() if key not in ("q", "k", "v", "o", "q_norm", "k_norm", "sinks", "input_norm")])


def attention_layers(config, weights, part):
    """The recipes of all layers that have attention."""
    of_stack = ("num_decoder_layers", "num_layers") if part else ("num_layers", "num_hidden_layers", "n_layer", "n_layers")
    count = next(config[field] for field in of_stack if config.get(field) is not None)
    recipes = {}
    for layer in range(count):
        try:
            recipes[layer] = recipe_of(config, weights, layer, part)
        except ValueError as refusal:
            assert "linear_attention" in str(refusal), refusal
    return recipes


def chosen(recipes):
    """The last layer of every kind."""
    return sorted({kind(recipe): layer for layer, recipe in recipes.items()}.values())


def check_all_tensors_used(recipes, config, weights, part):
    row = MODELS[config["model_type"] + part]
    for layer, recipe in recipes.items():
        place = layer_place(row, layer, weights)[2]
        there = {name for name in weights if name.startswith(place) and not name.startswith(place + "output.LayerNorm")}
        used = {name for name in names_in(asdict(recipe)) if name.startswith(place)}
        assert there == used, f"layer {layer}: {sorted(there ^ used)}"


def check_text(model, recipes, weights, part, ids, what, decoder_ids=None, padding=None):
    """What the modules give for one text, after every check."""
    seen = whole_pass(model, recipes, part, ids, decoder_ids, padding)
    check_formulas(recipes, weights, seen, what, padding)
    text = ids if decoder_ids is None else decoder_ids
    if 0 in recipes:
        agree(first_input(recipes[0], weights, text), seen["layers.0.x"], 2e-6, f"{what}: layer 0's x")

    doubles = copy.deepcopy(model).double()
    in_double = whole_pass(doubles, recipes, part, ids, decoder_ids, padding)
    check_formulas(recipes, {name: weight.double() for name, weight in weights.items()}, in_double, f"{what}, in double", padding)

    # Encoders have no cache. A key that is in the cache keeps the frequencies of the length at its time: the whole pass cannot agree there.
    if all(recipe.causal for recipe in recipes.values()):
        T = text.shape[1]
        for prefill in (1, 3, T - 1):
            generated = token_by_token(model, recipes, part, ids, prefill, decoder_ids)
            lengths = [prefill] * prefill + list(range(prefill + 1, T + 1))
            check_formulas(recipes, weights, generated, f"{what}, after {prefill} tokens", lengths=lengths)
            changes = any(recipe.rope and recipe.rope.depends_on_length and prefill <= recipe.rope.original < T for recipe in recipes.values())
            changes |= any(recipe.rope and recipe.rope.scaling == "dynamic" and recipe.rope.original < T for recipe in recipes.values())
            if not changes:
                for layer in recipes:
                    agree(generated[f"layers.{layer}.output"], seen[f"layers.{layer}.output"], 1e-4,  # through up to five layers
                          f"{what}, after {prefill} tokens: layer {layer}'s output, token by token,")
    return seen


def check_length_matters(model, recipes, ids, seen):
    """The longer text must not agree with the frequencies of the shorter one."""
    for layer, recipe in recipes.items():
        if recipe.rope and recipe.rope.depends_on_length:
            T, weights = ids.shape[1], model.state_dict()
            wrong = attention(recipe, weights, seen[f"layers.{layer}.x"], lengths=[1] * T)[0]
            assert relative(wrong, seen[f"layers.{layer}.output"]) > 1e-3, "the length does not matter"


# --- files

def tensors_file(path, tensors):
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


def leave_out_defaults(path):
    """Fields without which the class reads the same config."""
    from transformers import CONFIG_MAPPING
    written = json.loads(path.read_text())

    def read(values):
        return CONFIG_MAPPING[written["model_type"]].from_dict(copy.deepcopy(values)).to_dict()

    whole = read(written)
    for field in list(written):
        without = {key: value for key, value in written.items() if key != field}
        if field not in ("model_type", "architectures", "dtype", "transformers_version", "pad_token_id", "n_layer", "n_head", "hidden_size"):
            try:
                if read(without) == whole:
                    written = without
            except Exception:  # the class does not accept a config without it
                pass
    path.write_text(json.dumps(written, indent=2) + "\n")


def rename_fields(path, renamed):
    written = json.loads(path.read_text())
    for field, older in renamed:
        written[older] = written.pop(field)
    path.write_text(json.dumps(written, indent=2) + "\n")


def write_config(folder, case, model):
    from transformers import AutoConfig
    path = folder / "config.json"
    if case.sparse:
        leave_out_defaults(path)
    rename_fields(path, case.renamed)
    again, ours = AutoConfig.from_pretrained(folder).to_dict(), model.config.to_dict()
    different = {key for key in again.keys() | ours.keys() if again.get(key) != ours.get(key)} - {"_name_or_path", "dtype", "architectures",
                                                                                                  "transformers_version"}
    assert not different, f"config.json reads as another config: {different}"
    return json.loads(path.read_text())


def differing(recipe):
    """The choices that differ from the class's defaults, and the same inside."""
    if isinstance(recipe, (list, tuple)):
        return [differing(part) for part in recipe]
    if not hasattr(recipe, "__dataclass_fields__"):
        return recipe
    return {f.name: differing(getattr(recipe, f.name)) for f in fields(recipe) if getattr(recipe, f.name) != f.default}


def write_case(folder, case, seed):
    """The folder, and the recipes of its layers."""
    torch.manual_seed(seed)
    model = model_of(case)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **({"max_shard_size": case.shard} if case.shard else {}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    assert not case.shard or (folder / "model.safetensors.index.json").exists(), "one shard only"
    config, weights, written = write_config(folder, case, model), all_weights(folder), {}

    def text(length):
        return torch.randint(1, model.config.vocab_size, (2, length), generator=torch.Generator().manual_seed(seed + length))

    for part in ("", "_decoder") if case.model_type == "t5" else ("",):
        recipes = attention_layers(config, weights, part)
        check_all_tensors_used(recipes, config, weights, part)
        for name, length in (("", case.T), ("_short", case.short)):
            if not length or (part and name):
                continue
            ids, padding, decoder_ids = text(length), None, None
            if case.padded:
                padding = torch.ones(2, length, dtype=torch.int64)
                padding[1, length - case.padded:] = 0
            if case.model_type == "t5":
                decoder_ids = text(length - 2) if part else ids
            if part:
                seen = check_text(model, recipes, weights, part, ids, folder.name + part, decoder_ids)
            elif case.model_type == "t5":
                seen = check_text_of_encoder(model, recipes, weights, ids, padding, folder.name)
            else:
                seen = check_text(model, recipes, weights, part, ids, folder.name + name, padding=padding)
            if not name and case.short and folder.parent == FOLDER:
                check_length_matters(model, recipes, ids, seen)
            layers = chosen(recipes)
            kept = {key: value for key, value in seen.items() if int(key.split(".")[1]) in layers or key == "layers.0.x"}
            more = {"ids": decoder_ids if part else ids} | ({"attention_mask": padding} if padding is not None and not part else {})
            tensors_file(folder / f"expected{part}{name}.safetensors", more | kept)
            written[part] = {str(layer): differing(recipes[layer]) for layer in layers}
            peak = min(seen[f"layers.{layer}.attn_weights"][:, :, -1].max(-1).values.mean().item() for layer in layers)
            size = sum(file.stat().st_size for file in folder.iterdir())
            print(f"{folder.name}{part}{name}: layers {layers}, {size:,} bytes, largest weight of the last token {peak:.2f}")
    return written


def check_text_of_encoder(model, recipes, weights, ids, padding, what):
    """T5's encoder, which the whole model runs before its decoder."""
    seen = whole_pass(model, recipes, "", ids, ids, padding)
    check_formulas(recipes, weights, seen, what, padding)
    agree(first_input(recipes[0], weights, ids), seen["layers.0.x"], 2e-6, f"{what}: layer 0's x")
    in_double = whole_pass(copy.deepcopy(model).double(), recipes, "", ids, ids, padding)
    check_formulas(recipes, {name: weight.double() for name, weight in weights.items()}, in_double, f"{what}, in double", padding)
    return seen


# --- the cases

TOKENS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2)
SIZES = TOKENS | dict(vocab_size=17, hidden_size=14, intermediate_size=5, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
WIDE = SIZES | dict(head_dim=6)
LONG = {"short_factor": [1.0, 1.2, 1.5], "long_factor": [1.1, 2.0, 4.5]}
NEXT = dict(decoder_sparse_step=1, mlp_only_layers=[0, 1, 2, 3, 4], num_experts=2, num_experts_per_tok=1, linear_num_key_heads=1,
            linear_num_value_heads=2, linear_key_head_dim=4, linear_value_head_dim=4, linear_conv_kernel_dim=3)

CASES = {
    "llama": Case("llama", SIZES | dict(hidden_size=16, rope_theta=300.0, num_hidden_layers=3), shard="3KB", sparse=True),
    "llama_linear": Case("llama", WIDE | dict(attention_bias=True, rope_scaling={"type": "linear", "factor": 3.0}, rope_theta=50.0)),
    "llama_dynamic": Case("llama", WIDE | dict(rope_theta=40.0, max_position_embeddings=8, rope_scaling={"rope_type": "dynamic", "factor": 4.0}),
                          T=13, short=7),
    "llama_yarn": Case("llama", SIZES | dict(head_dim=10, rope_theta=100.0, max_position_embeddings=32, rope_scaling={
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8, "beta_fast": 1.5, "beta_slow": 0.1}), T=13),
    "llama_longrope": Case("llama", WIDE | dict(rope_theta=40.0, max_position_embeddings=8, rope_scaling={
        "rope_type": "longrope", "factor": 4.0, **LONG}), T=11, short=8),
    "llama_llama3": Case("llama", SIZES | dict(head_dim=12, rope_theta=500.0, max_position_embeddings=128, rope_scaling={
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 40})),
    "mistral": Case("mistral", WIDE | dict(sliding_window=4, rope_theta=200.0), T=13),
    "ministral": Case("ministral", WIDE | dict(sliding_window=4, num_hidden_layers=3, layer_types=[
        "sliding_attention", "full_attention", "sliding_attention"])),
    "qwen2": Case("qwen2", SIZES | dict(hidden_size=16, num_hidden_layers=4, use_sliding_window=True, sliding_window=4, max_window_layers=2,
                                        rope_theta=1e6), sparse=True),
    "qwen3": Case("qwen3", WIDE | dict(rope_theta=1e6, attention_bias=True)),
    "gemma2": Case("gemma2", WIDE | dict(num_hidden_layers=3, sliding_window=4, query_pre_attn_scalar=5, attn_logit_softcapping=3.0), sparse=True),
    "gemma3": Case("gemma3_text", WIDE | dict(num_hidden_layers=4, sliding_window=4, sliding_window_pattern=3, query_pre_attn_scalar=3,
                                              rope_theta=1000.0, rope_local_base_freq=20.0, rope_scaling={"rope_type": "linear", "factor": 8.0})),
    "phi3": Case("phi3", SIZES | dict(hidden_size=24, partial_rotary_factor=0.7, sliding_window=5, max_position_embeddings=40, rope_theta=30.0,
                                      original_max_position_embeddings=8,
                                      rope_scaling={"type": "longrope", "short_factor": [1.0, 1.3], "long_factor": [1.2, 4.5]}), T=13, short=8),
    "gpt_oss": Case("gpt_oss", WIDE | dict(num_attention_heads=6, sliding_window=4, num_local_experts=2, num_experts_per_tok=1, rope_theta=100.0,
                                           max_position_embeddings=64, rope_scaling={
                                               "rope_type": "yarn", "factor": 8.0, "beta_fast": 1.5, "beta_slow": 0.2, "truncate": False,
                                               "original_max_position_embeddings": 8})),
    "olmo2": Case("olmo2", SIZES | dict(hidden_size=16)),
    "glm": Case("glm", SIZES | dict(head_dim=8)),
    "glm4": Case("glm4", SIZES | dict(head_dim=8, partial_rotary_factor=0.75)),
    "cohere": Case("cohere", SIZES | dict(hidden_size=16)),
    "cohere_qk_norm": Case("cohere", SIZES | dict(hidden_size=16, use_qk_norm=True, attention_bias=True)),
    "smollm3": Case("smollm3", SIZES | dict(hidden_size=16, num_hidden_layers=4), sparse=True),
    "granite": Case("granite", SIZES | dict(hidden_size=16, attention_multiplier=0.3, embedding_multiplier=3.5)),
    "stablelm": Case("stablelm", SIZES | dict(hidden_size=16, use_qkv_bias=True, partial_rotary_factor=0.5), base=True),
    "stablelm_qk_norm": Case("stablelm", SIZES | dict(hidden_size=24, qk_layernorm=True, partial_rotary_factor=0.7, use_parallel_residual=True)),
    "gpt_neox": Case("gpt_neox", SIZES | dict(hidden_size=18, num_attention_heads=3, rotary_emb_base=40, rotary_pct=0.7), sparse=True),
    "qwen3_next": Case("qwen3_next", SIZES | NEXT | dict(head_dim=8, num_hidden_layers=4), sparse=True),
    "qwen3_next_first": Case("qwen3_next", SIZES | NEXT | dict(head_dim=8, partial_rotary_factor=0.5, layer_types=[
        "full_attention", "linear_attention"])),
    "gpt2": Case("gpt2", dict(vocab_size=17, n_embd=16, n_head=4, n_layer=2, n_inner=5, n_positions=16, bos_token_id=1, eos_token_id=2,
                              scale_attn_by_inverse_layer_idx=True), base=True),
    "bert": Case("bert", dict(vocab_size=17, hidden_size=16, num_attention_heads=4, num_hidden_layers=2, intermediate_size=5,
                              max_position_embeddings=16), base=True, padded=3, sparse=True),
    "bloom": Case("bloom", dict(vocab_size=17, hidden_size=12, n_head=6, n_layer=2), renamed=(("hidden_size", "n_embed"),
                                                                                             ("n_head", "num_attention_heads"))),
    "mpt": Case("mpt", dict(vocab_size=17, d_model=12, n_heads=6, n_layers=2, max_seq_len=16, attn_config={"clip_qkv": 1.5})),
    "t5": Case("t5", TOKENS | dict(vocab_size=17, d_model=10, d_kv=6, d_ff=5, num_layers=2, num_heads=4, relative_attention_num_buckets=8,
                                   relative_attention_max_distance=10, decoder_start_token_id=0), T=13, padded=2),
    "mixtral": Case("mixtral", WIDE | dict(sliding_window=3, num_local_experts=2, num_experts_per_tok=1, rope_theta=300.0)),
    "qwen3_moe": Case("qwen3_moe", WIDE | dict(use_sliding_window=True, sliding_window=5, num_experts=2, num_experts_per_tok=1,
                                               moe_intermediate_size=3, rope_theta=1000.0), T=11),
    "gemma": Case("gemma", WIDE | dict(rope_theta=100.0, attention_bias=True), sparse=True),
}


# --- random variants

KINDS = ("default", "linear", "dynamic", "yarn", "longrope", "llama3")


def random_rope(rng, dims, theta_field="rope_theta", kinds=KINDS):
    """Fields, and a text longer than the original length."""
    kind, original = rng.choice(kinds), rng.choice([5, 6, 8])
    kind = "linear" if kind == "dynamic" and dims == 2 else kind
    factor = rng.choice([1.5, 2.0, 4.0, 8.0])
    result = {theta_field: rng.choice([10.0, 100.0, 500.0, 10000.0, 1e6]), "max_position_embeddings": 131072}
    name = rng.choice(["rope_type", "type"])
    if kind == "linear":
        result["rope_scaling"] = {name: kind, "factor": factor}
    elif kind == "dynamic":
        result |= {"rope_scaling": {name: kind, "factor": factor}, "max_position_embeddings": original}
    elif kind == "llama3":
        low = rng.choice([1.0, 2.0])
        result["rope_scaling"] = {name: kind, "factor": factor, "low_freq_factor": low, "high_freq_factor": low * rng.choice([1.5, 4.0]),
                                  "original_max_position_embeddings": rng.choice([8, 30, 200])}
    elif kind == "yarn":
        extras = rng.choice([{}, {"attention_factor": 1.3}, {"mscale": 0.7, "mscale_all_dim": 1.2}, {"mscale": 0.7}, {"truncate": False},
                             {"beta_fast": 1.5, "beta_slow": 0.2}, {"beta_fast": 2.5, "beta_slow": 0.3, "truncate": False}])
        result["rope_scaling"] = {name: kind, "factor": factor, **extras}
        result |= {} if rng.random() < 0.7 else {"max_position_embeddings": original}
        if "max_position_embeddings" not in result or result["max_position_embeddings"] > 100:
            result["rope_scaling"]["original_max_position_embeddings"] = original
    elif kind == "longrope":
        lists = {key: [round(rng.uniform(low, high), 2) for _ in range(dims // 2)] for key, low, high in
                 (("short_factor", 0.8, 1.6), ("long_factor", 1.5, 9.0))}
        result["rope_scaling"] = {name: kind, "factor": factor, **lists} | rng.choice([{}, {"attention_factor": 1.25}])
        result["max_position_embeddings"] = original
    return result


def random_sizes(rng, free_head_dim=True, smallest=2):
    heads, kv = rng.choice([(4, 2), (6, 2), (6, 3), (3, 1), (5, 5), (4, 1)])
    d = rng.choice([size for size in (2, 4, 6, 8, 10, 12) if size >= smallest])
    hidden = rng.choice([10, 13, 14, 18, 21]) if free_head_dim else heads * d
    sizes = TOKENS | dict(vocab_size=rng.choice([11, 17, 23]), hidden_size=hidden, intermediate_size=rng.choice([3, 5, 7]),
                          num_hidden_layers=rng.choice([2, 3, 4, 5]), num_attention_heads=heads, num_key_value_heads=kv)
    return sizes | ({"head_dim": d} if free_head_dim else {}), d


def random_share(rng, d, field):
    dims = rng.choice([r for r in range(2, d + 1, 2) if int(d * (r / d)) == r])
    return {field: dims / d}, dims


def random_layer_types(rng, layers, other="sliding_attention"):
    types = [rng.choice([other, "full_attention"]) for _ in range(layers)]
    return types if "full_attention" in types else types[:-1] + ["full_attention"]


def random_case(model_type, rng):
    """A variant of this model: sizes, switches, windows, theta and scaling, and how its file says so."""
    yes, text, how = (lambda: rng.random() < 0.5), {"T": rng.choice([9, 11, 13])}, {}
    window, eps = rng.choice([2, 3, 4, 7]), 10.0 ** rng.choice([-6, -5, -3])
    free = {"llama", "mistral", "ministral", "mixtral", "qwen3", "qwen3_moe", "gemma", "gemma2", "gemma3_text", "gpt_oss", "glm", "glm4", "qwen3_next"}
    sizes, d = random_sizes(rng, model_type in free or (model_type in ("qwen2", "olmo2", "granite", "smollm3", "cohere") and yes()),
                            2 if model_type in ("llama", "gemma2") else 4)
    layers, sizes["rms_norm_eps"] = sizes["num_hidden_layers"], eps
    types = {"layer_types": random_layer_types(rng, layers), "sliding_window": window}
    bias = {"attention_bias": yes()}

    if model_type in ("glm", "glm4", "stablelm", "gpt_neox", "qwen3_next", "phi3"):
        share, dims = random_share(rng, d, "rotary_pct" if model_type == "gpt_neox" else "partial_rotary_factor")
    else:
        share, dims = {}, d
    rope = random_rope(rng, dims, "rotary_emb_base" if model_type == "gpt_neox" else "rope_theta",
                       ("default", "linear", "dynamic") if model_type == "olmo2" else KINDS)
    if "rope_scaling" in rope and model_type in ("gemma3_text", "cohere", "granite", "qwen3_next", "olmo2"):
        name = "type" if model_type == "olmo2" else "rope_type"  # these classes accept only one of the two names
        rope["rope_scaling"] = {name if key in ("type", "rope_type") else key: value for key, value in rope["rope_scaling"].items()}
    if model_type in ("mistral", "mixtral"):
        extra = {"sliding_window": rng.choice([None, window])}
    elif model_type == "ministral":
        extra = rng.choice([types, {"sliding_window": window}])
    elif model_type in ("qwen2", "qwen3"):
        extra = rng.choice([types | {"use_sliding_window": True}, {"use_sliding_window": False},
                            {"use_sliding_window": True, "sliding_window": window, "max_window_layers": rng.randrange(layers)}])
        extra |= bias if model_type == "qwen3" else {}
    elif model_type == "qwen3_moe":
        extra = bias | rng.choice([{}, {"use_sliding_window": True, "sliding_window": window}])
    elif model_type == "gemma2":
        extra = bias | rng.choice([types, {"sliding_window": window}]) | {
            "query_pre_attn_scalar": rng.choice([3, 8, 20]), "attn_logit_softcapping": rng.choice([None, 2.0, 10.0])}
    elif model_type == "gemma3_text":
        extra = bias | rng.choice([types, {"sliding_window": window, "sliding_window_pattern": rng.choice([2, 3])}]) | {
            "query_pre_attn_scalar": rng.choice([2, 4, 9]), "rope_local_base_freq": rng.choice([10.0, 10000.0])}
    elif model_type == "phi3":
        rope = random_rope(rng, dims, kinds=("default",))
        if yes():
            original = rng.choice([5, 6, 8])
            rope = random_rope(rng, dims, kinds=("longrope",)) | {"original_max_position_embeddings": original,
                                                                 "max_position_embeddings": original * rng.choice([1, 4])}
            rope["rope_scaling"] = {"type": rng.choice(["longrope", "su"]), "short_factor": rope["rope_scaling"]["short_factor"],
                                    "long_factor": rope["rope_scaling"]["long_factor"]}
        extra = {"sliding_window": rng.choice([None, window])}
    elif model_type == "gpt_oss":
        extra = rng.choice([types, {"sliding_window": window}]) | bias | {"num_local_experts": 2, "num_experts_per_tok": 1}
    elif model_type == "cohere":
        extra = bias | {"use_qk_norm": yes(), "layer_norm_eps": eps}
    elif model_type == "smollm3":
        extra = bias | rng.choice([{}, {"no_rope_layer_interval": 2}, {"no_rope_layers": [rng.choice([0, 1]) for _ in range(layers)]},
                                   {"no_rope_layer_interval": 2, "use_sliding_window": True, "sliding_window": window}])
    elif model_type == "granite":
        extra = bias | {"attention_multiplier": rng.choice([0.2, 0.5, 1.0]), "embedding_multiplier": rng.choice([1.0, 12.0])}
    elif model_type == "stablelm":
        extra = {"use_qkv_bias": yes(), "qk_layernorm": yes(), "layer_norm_eps": eps, "use_parallel_residual": yes()}
    elif model_type == "gpt_neox":
        extra = bias | {"layer_norm_eps": eps, "use_parallel_residual": yes()}
    elif model_type == "qwen3_next":
        extra = bias | NEXT | rng.choice([{"num_hidden_layers": 3, "full_attention_interval": 3}, {
            "num_hidden_layers": 3, "layer_types": ["full_attention", "linear_attention", "full_attention"]}])
    elif model_type == "gpt2":
        sizes = dict(vocab_size=19, n_embd=sizes["num_attention_heads"] * d, n_head=sizes["num_attention_heads"], n_layer=layers, n_inner=5,
                     n_positions=64, bos_token_id=1, eos_token_id=2, layer_norm_epsilon=eps)
        extra, rope = {"scale_attn_weights": yes(), "scale_attn_by_inverse_layer_idx": yes()}, {}
    elif model_type == "bert":
        sizes = dict(vocab_size=19, hidden_size=sizes["num_attention_heads"] * d, num_attention_heads=sizes["num_attention_heads"],
                     num_hidden_layers=layers, intermediate_size=5, max_position_embeddings=32, type_vocab_size=rng.choice([1, 2]),
                     layer_norm_eps=eps)
        extra, rope, how["padded"] = {}, {}, rng.choice([0, 2, 5])
    elif model_type in ("bloom", "mpt"):
        heads = rng.choice([1, 3, 4, 5, 6, 7, 8])
        if model_type == "bloom":
            sizes = TOKENS | dict(vocab_size=19, hidden_size=heads * d, n_head=heads, n_layer=layers, layer_norm_epsilon=eps)
            how["renamed"], extra = rng.choice([(), (("hidden_size", "n_embed"), ("n_head", "num_attention_heads"))]), {}
        else:
            sizes = dict(vocab_size=19, d_model=heads * d, n_heads=heads, n_layers=layers, max_seq_len=rng.choice([13, 40]), layer_norm_epsilon=eps)
            extra = {"attn_config": {"clip_qkv": rng.choice([None, 1.5]), "softmax_scale": rng.choice([None, 0.3])}}
        rope = {}
    elif model_type == "t5":
        sizes = TOKENS | dict(vocab_size=19, d_model=sizes["hidden_size"], d_kv=d, d_ff=5, num_layers=layers, layer_norm_epsilon=eps,
                              num_decoder_layers=rng.choice([2, 3]), num_heads=sizes["num_attention_heads"], decoder_start_token_id=0)
        count = rng.choice([4, 8, 12, 32])
        extra = {"relative_attention_num_buckets": count, "relative_attention_max_distance": rng.choice([count, 10 + count, 128])}
        rope, how["padded"] = {}, rng.choice([0, 3])
    else:
        extra = bias
    if "rope_scaling" in rope and model_type not in ("gpt2",):
        kind_now = rope["rope_scaling"].get("rope_type") or rope["rope_scaling"].get("type")
        text["short"] = rng.choice([4, 5]) if kind_now in ("dynamic", "longrope", "su") else 0
    return Case(model_type, sizes | share | rope | extra, **text, **how, base=model_type != "t5" and rng.random() < 0.3, sparse=yes(),
                shard="3KB" if rng.random() < 0.2 else "")


# --- the command line

def check_defaults():
    """MODELS' defaults are those of the config classes. gemma3's and qwen3_next's intervals are no attributes there."""
    from transformers import CONFIG_MAPPING
    for model_type, row in MODELS.items():
        config = CONFIG_MAPPING[model_type.removesuffix("_decoder")]()
        for field, value in row.defaults.items():
            if field not in ("sliding_window_pattern", "full_attention_interval"):
                theirs = getattr(config, field)
                if field == "sliding_window" and "use_sliding_window" in row.defaults:
                    theirs = type(config)(use_sliding_window=True).sliding_window
                assert theirs == value, f"{model_type}: {field} is {theirs} in the library, {value} here"


def main():
    from transformers import logging
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, metavar="SEED", help="random variants of each model")
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER, help="folder of folders; needed with --random")
    parser.add_argument("--count", type=int, default=1, help="how many variants of each model")
    parser.add_argument("--only", default="", metavar="WORD", help="only cases whose name contains it")
    options = parser.parse_args()
    if options.random is not None and options.out == FOLDER:
        parser.error("--random needs --out DIR")
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    check_defaults()

    cases = {name: (case, 900 + number) for number, (name, case) in enumerate(CASES.items())}
    if options.random is not None:
        cases = {}
        for number in range(options.count):
            for model_type in (name for name in MODELS if name != "t5_decoder"):
                seed = random.Random(f"{options.random} {number} {model_type}").randrange(1 << 30)
                cases[f"{model_type}_{number}"] = (random_case(model_type, random.Random(seed)), seed)
    options.out.mkdir(parents=True, exist_ok=True)
    recipes = {}
    for name, (case, seed) in cases.items():
        if options.only in name:
            try:
                recipes[name] = write_case(options.out / name, case, seed)
            except Exception:
                print(f"{name}: {case}")
                raise
    path = options.out / "recipes.json"
    if options.only and path.exists():
        recipes = json.loads(path.read_text()) | recipes
    lines = [f"{json.dumps(name)}: {{\n" + ",\n".join(
        f" {json.dumps((part.removeprefix('_') + '.' if part else '') + layer)}: {json.dumps(recipe)}"
        for part, layers in parts.items() for layer, recipe in layers.items()) + "\n}" for name, parts in recipes.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

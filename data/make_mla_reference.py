#!/usr/bin/env python3
"""Ask PyTorch for the numbers of chapter 7, DeepSeek's multi-head latent attention, naive and absorbed.

Writes chapter_7_mla.safetensors (sizes chosen so that no two dimensions can be mixed up), chapter_7_fp8.safetensors
(8-bit weights), journey_prints.json (one pass at the sizes of a real model, with strides) and chapter 7's part of
torch_prints.json. Needs torch, numpy and safetensors; takes about two seconds.

B sequences, T new tokens, S tokens so far, H heads; n, r and v are the parts of a head, c the latent width.
"""

import argparse
import dataclasses
import math
import pathlib

import torch
from torch import nn

from make_attention_reference import (HERE, SEED, as_print, later, plain_freqs, prefixed, rotate_pairs, same, write_entries, write_prints,
                                      write_tensors, yarn_freqs)

WALK_SEED = 156  # with 123 there are close calls and a print in scientific notation: see `firm`
JOURNEY_SEED = 123
EPS = 1e-6  # of RMSNorm
E4M3 = torch.float8_e4m3fn
E4M3_MAX = 448


# --- the layer: sizes, rotary frequencies, weights, caches

@dataclasses.dataclass(frozen=True)
class Config:
    dim: int
    n_heads: int
    q_lora_rank: int  # 0: queries come straight from x
    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int
    max_batch_size: int
    max_seq_len: int
    rope_theta: float = 10000.0
    rope_factor: float = 40.0
    original_seq_len: int = 4096
    beta_fast: int = 32
    beta_slow: int = 1
    mscale: float = 1.0

    @property
    def qk_head_dim(self):
        return self.qk_nope_head_dim + self.qk_rope_head_dim

    @property
    def stretched(self):
        """YaRN is for sequences longer than those of the training."""
        return self.max_seq_len > self.original_seq_len


def rope_freqs(config):
    if not config.stretched:
        return plain_freqs(config.qk_rope_head_dim, config.rope_theta)
    return yarn_freqs(config.qk_rope_head_dim, config.rope_theta, config.rope_factor, config.original_seq_len, config.beta_fast, config.beta_slow)


def softmax_scale(config):
    """The width is that of a whole head, also where scores are computed in the latent space."""
    sharper = 0.1 * config.mscale * math.log(config.rope_factor) + 1 if config.stretched else 1
    return config.qk_head_dim ** -0.5 * sharper ** 2


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + EPS) * self.weight


class Layer(nn.Module):
    """Weights are drawn in the order wq_a, wq_b (or wq), wkv_a, wkv_b, wo. Caches of both forms lie beside them."""

    def __init__(self, config):
        super().__init__()
        self.config, self.softmax_scale = config, softmax_scale(config)
        q_width = config.n_heads * config.qk_head_dim
        if config.q_lora_rank:
            self.wq_a = nn.Linear(config.dim, config.q_lora_rank, bias=False)
            self.q_norm = RMSNorm(config.q_lora_rank)
            self.wq_b = nn.Linear(config.q_lora_rank, q_width, bias=False)
        else:
            self.wq = nn.Linear(config.dim, q_width, bias=False)
        self.wkv_a = nn.Linear(config.dim, config.kv_lora_rank + config.qk_rope_head_dim, bias=False)
        self.kv_norm = RMSNorm(config.kv_lora_rank)
        self.wkv_b = nn.Linear(config.kv_lora_rank, config.n_heads * (config.qk_nope_head_dim + config.v_head_dim), bias=False)
        self.wo = nn.Linear(config.n_heads * config.v_head_dim, config.dim, bias=False)

        per_token = {"k_cache": (config.n_heads, config.qk_head_dim), "v_cache": (config.n_heads, config.v_head_dim),
                     "kv_cache": (config.kv_lora_rank,), "pe_cache": (config.qk_rope_head_dim,)}
        for name, shape in per_token.items():
            self.register_buffer(name, torch.zeros(config.max_batch_size, config.max_seq_len, *shape), persistent=False)
        self.register_buffer("freqs", rope_freqs(config), persistent=False)

    def up_projections(self):
        """wkv_b, head by head: first the rows that make k_nope (H, n, c), then those that make v (H, v, c)."""
        per_head = self.wkv_b.weight.view(self.config.n_heads, -1, self.config.kv_lora_rank)
        return per_head.split([self.config.qk_nope_head_dim, self.config.v_head_dim], dim=1)


def stored(cache, new, start):
    """Write `new` behind what is there, and read back everything up to it."""
    B, end = new.shape[0], start + new.shape[1]
    cache[:B, start:end] = new
    return cache[:B, :end]


# --- one call, keeping every intermediate; the output is the last

def rotated(part, freqs, start):
    """`part` is cut out of something wider. Where that is odd, only a copy can be seen as complex numbers."""
    return rotate_pairs(part.clone(memory_format=torch.contiguous_format), freqs, start)


def projections(layer, x, start):
    """What both forms share: queries, and for each token one latent vector and one rotated key part."""
    config, seen = layer.config, {}
    B, T, _ = x.shape
    if config.q_lora_rank:
        seen["q_latent"] = layer.wq_a(x)
        seen["q_normed"] = layer.q_norm(seen["q_latent"])
        q = layer.wq_b(seen["q_normed"])
    else:
        q = layer.wq(x)
    q = seen["q"] = q.view(B, T, config.n_heads, config.qk_head_dim)
    seen["q_nope"], seen["q_pe"] = q.split([config.qk_nope_head_dim, config.qk_rope_head_dim], dim=-1)
    seen["q_pe_rotated"] = rotated(seen["q_pe"], layer.freqs, start)

    seen["kv_latent"], seen["k_pe"] = layer.wkv_a(x).split([config.kv_lora_rank, config.qk_rope_head_dim], dim=-1)
    seen["kv_normed"] = layer.kv_norm(seen["kv_latent"])
    seen["k_pe_rotated"] = rotated(seen["k_pe"].unsqueeze(2), layer.freqs, start).squeeze(2)
    return seen


def masked_and_weights(layer, scores, start):
    masked = scores.masked_fill(later(start, scores.shape[1])[:, None, :], -math.inf)
    return masked, torch.softmax(masked * layer.softmax_scale, dim=-1)


def naive(layer, shared, start):
    """Unfold the latent vectors into keys and values of every head, and cache those."""
    config, seen = layer.config, {}
    B, T, H, _ = shared["q"].shape
    unfolded = layer.wkv_b(shared["kv_normed"]).view(B, T, H, -1)
    seen["k_nope"], seen["v"] = unfolded.split([config.qk_nope_head_dim, config.v_head_dim], dim=-1)
    one_for_all = shared["k_pe_rotated"].unsqueeze(2).expand(-1, -1, H, -1)
    seen["k"] = torch.cat([seen["k_nope"], one_for_all], dim=-1)
    seen["keys"] = stored(layer.k_cache, seen["k"], start)
    seen["values"] = stored(layer.v_cache, seen["v"], start)

    q = torch.cat([shared["q_nope"], shared["q_pe_rotated"]], dim=-1)
    seen["attn_scores"] = torch.einsum("bthd,bshd->bths", q, seen["keys"])
    seen["masked"], seen["attn_weights"] = masked_and_weights(layer, seen["attn_scores"], start)
    seen["head_context"] = torch.einsum("bths,bshv->bthv", seen["attn_weights"], seen["values"])
    seen["output"] = layer.wo(seen["head_context"].flatten(2))
    return seen


def absorbed(layer, shared, start):
    """Cache the latent vectors themselves: half of wkv_b moves into the query, the other half behind the weighted sum."""
    seen, (w_uk, w_uv) = {}, layer.up_projections()
    seen["kv_cache"] = stored(layer.kv_cache, shared["kv_normed"], start)
    seen["pe_cache"] = stored(layer.pe_cache, shared["k_pe_rotated"], start)

    seen["q_absorbed"] = torch.einsum("bthn,hnc->bthc", shared["q_nope"], w_uk)
    seen["scores_nope"] = torch.einsum("bthc,bsc->bths", seen["q_absorbed"], seen["kv_cache"])
    seen["scores_pe"] = torch.einsum("bthr,bsr->bths", shared["q_pe_rotated"], seen["pe_cache"])
    seen["attn_scores"] = seen["scores_nope"] + seen["scores_pe"]
    seen["masked"], seen["attn_weights"] = masked_and_weights(layer, seen["attn_scores"], start)
    seen["context_latent"] = torch.einsum("bths,bsc->bthc", seen["attn_weights"], seen["kv_cache"])
    seen["head_context"] = torch.einsum("bthc,hvc->bthv", seen["context_latent"], w_uv)
    seen["output"] = layer.wo(seen["head_context"].flatten(2))
    return seen


def both(layer, x, start=0):
    shared = projections(layer, x, start)
    return {**shared, **prefixed("naive", naive(layer, shared, start)), **prefixed("absorbed", absorbed(layer, shared, start))}


# --- checks that the numbers deserve to be called a reference

def check_shared(layer, seen, start, what):
    """PyTorch's own norm, and the rotation by sine and cosine of each angle."""
    c = layer.config.kv_lora_rank
    norm = nn.functional.rms_norm(seen["kv_latent"], (c,), layer.kv_norm.weight, EPS)
    same(norm, seen["kv_normed"], 1e-6, f"{what}: kv_normed and rms_norm")

    angle = torch.outer(torch.arange(start, start + norm.shape[1]), layer.freqs)
    for name, cos, sin in (("k_pe", angle.cos(), angle.sin()), ("q_pe", angle.cos()[:, None], angle.sin()[:, None])):
        even, odd = seen[name][..., 0::2], seen[name][..., 1::2]
        turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)
        same(turned, seen[f"{name}_rotated"], 1e-6, f"{what}: {name}_rotated and sines")


def check_forms(layer, seen, limit, what):
    """Both forms agree on all they share, and the small caches unfold to the large ones."""
    for name in ("attn_scores", "attn_weights", "head_context", "output"):
        same(seen[f"naive.{name}"], seen[f"absorbed.{name}"], limit, f"{what}: {name}, naive and absorbed")
    finite, hidden = [seen[f"{form}.masked"].nan_to_num(neginf=0) for form in ("naive", "absorbed")], seen["naive.masked"].isinf()
    same(*finite, limit, f"{what}: masked, naive and absorbed")
    assert torch.equal(hidden, seen["absorbed.masked"].isinf()), f"{what}: other scores are masked"

    w_uk, w_uv = layer.up_projections()
    pe = seen["absorbed.pe_cache"].unsqueeze(2).expand(-1, -1, layer.config.n_heads, -1)
    keys = torch.cat([torch.einsum("bsc,hnc->bshn", seen["absorbed.kv_cache"], w_uk), pe], dim=-1)
    same(keys, seen["naive.keys"], limit, f"{what}: keys, unfolded from the cache and read from the cache")
    values = torch.einsum("bsc,hvc->bshv", seen["absorbed.kv_cache"], w_uv)
    same(values, seen["naive.values"], limit, f"{what}: values, unfolded from the cache and read from the cache")


def check_fused(layer, seen, start, what):
    """PyTorch's own attention function, told the scale and the mask."""
    q = torch.cat([seen["q_nope"], seen["q_pe_rotated"]], dim=-1)
    q, k, v = [x.transpose(1, 2) for x in (q, seen["naive.keys"], seen["naive.values"])]
    heads = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=~later(start, q.shape[2]), scale=layer.softmax_scale)
    same(layer.wo(heads.transpose(1, 2).flatten(2)), seen["naive.output"], 1e-5, f"{what} and scaled_dot_product_attention")


def check_shapes(config, seen, B, T, S, what):
    H, rank, c, n, r, v = (config.n_heads, config.q_lora_rank, config.kv_lora_rank, config.qk_nope_head_dim, config.qk_rope_head_dim,
                           config.v_head_dim)
    wanted = {"q": (B, T, H, n + r), "q_nope": (B, T, H, n), "q_pe": (B, T, H, r), "q_pe_rotated": (B, T, H, r),
              "kv_latent": (B, T, c), "kv_normed": (B, T, c), "k_pe": (B, T, r), "k_pe_rotated": (B, T, r),
              "naive.k_nope": (B, T, H, n), "naive.v": (B, T, H, v), "naive.k": (B, T, H, n + r),
              "naive.keys": (B, S, H, n + r), "naive.values": (B, S, H, v),
              "absorbed.kv_cache": (B, S, c), "absorbed.pe_cache": (B, S, r), "absorbed.q_absorbed": (B, T, H, c),
              "absorbed.scores_nope": (B, T, H, S), "absorbed.scores_pe": (B, T, H, S), "absorbed.context_latent": (B, T, H, c)}
    if rank:
        wanted |= {"q_latent": (B, T, rank), "q_normed": (B, T, rank)}
    for form in ("naive", "absorbed"):
        wanted |= prefixed(form, {"attn_scores": (B, T, H, S), "masked": (B, T, H, S), "attn_weights": (B, T, H, S),
                                  "head_context": (B, T, H, v), "output": (B, T, config.dim)})
    assert wanted == {name: tuple(tensor.shape) for name, tensor in seen.items()}, f"{what}: other names or shapes"


def check_call(layer, seen, B, T, start, what):
    check_shapes(layer.config, seen, B, T, start + T, what)
    check_shared(layer, seen, start, what)
    check_forms(layer, seen, 1e-5, what)
    check_fused(layer, seen, start, what)


# --- chapter_7_mla.safetensors

LOWRANK = Config(dim=12, n_heads=3, q_lora_rank=8, kv_lora_rank=10, qk_nope_head_dim=5, qk_rope_head_dim=4, v_head_dim=6,
                 max_batch_size=3, max_seq_len=9)
DIRECT = dataclasses.replace(LOWRANK, q_lora_rank=0, max_seq_len=72, rope_theta=100.0, original_seq_len=64, beta_fast=8)
V3 = Config(dim=7168, n_heads=128, q_lora_rank=1536, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128,
            max_batch_size=8, max_seq_len=16384)


def drawn(config, B, T):
    """x, then the layer: weights twice as wide as usual, and norms that would be missed."""
    torch.manual_seed(SEED)
    x, layer = torch.randn(B, T, config.dim), Layer(config)
    for name, weight in layer.named_parameters():
        weight.copy_(1 + 0.3 * torch.randn_like(weight) if "norm" in name else 2 * weight)
    return x, layer


def in_pieces(layer, x, what, lengths=(3, 2, 1, 1)):
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    pieces = [both(layer, x[:, start:start + length], start) for start, length in zip(starts, lengths)]
    for seen, start, length in zip(pieces, starts, lengths):
        check_call(layer, seen, x.shape[0], length, start, f"{what}, from position {start}")
    return pieces


def whole_and_pieces(config, what):
    """The layer's numbers, once in one go, once in pieces of 3, 2, 1 and 1 tokens with an empty cache."""
    x, layer = drawn(config, B=2, T=7)
    whole = both(layer, x)
    check_call(layer, whole, 2, 7, 0, what)

    _, again = drawn(config, B=2, T=7)
    pieces = in_pieces(again, x, what)
    for form in ("naive", "absorbed"):
        together = torch.cat([piece[f"{form}.output"] for piece in pieces], dim=1)
        same(together, whole[f"{form}.output"], 1e-5, f"{what}, {form}: pieces and prefill")
    for name in ("naive.keys", "naive.values", "absorbed.kv_cache", "absorbed.pe_cache"):
        same(pieces[-1][name], whole[name], 1e-5, f"{what}: {name} after the pieces and after the prefill")

    tensors = {**layer.state_dict(), "x": x, "freqs": layer.freqs, "softmax_scale": torch.tensor([layer.softmax_scale])}
    return {**tensors, **prefixed("prefill", whole), **prefixed("chunk", pieces[1]), **prefixed("step", pieces[-1])}


def without_chunk(tensors):
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("chunk.")}


def check_blend(freqs, config):
    """Fast pairs keep their frequency, slow ones are divided; one of these two is in between."""
    plain = plain_freqs(config.qk_rope_head_dim, config.rope_theta)
    between = (freqs < plain * 0.99) & (freqs > plain / config.rope_factor * 1.01)
    assert between.sum() == 1, f"YaRN blends none of {plain.tolist()} into {freqs.tolist()}"


def chapter_7():
    lowrank, direct = whole_and_pieces(LOWRANK, "low-rank"), without_chunk(whole_and_pieces(DIRECT, "direct"))
    check_blend(direct["freqs"], DIRECT)
    yarn = {"freqs.64": rope_freqs(V3), "softmax_scale": torch.tensor([softmax_scale(V3)]), "plain.64": plain_freqs(64, V3.rope_theta)}
    return {**prefixed("lowrank", lowrank), **prefixed("direct", direct), **prefixed("yarn", yarn)}


# --- FP8: 1 sign bit, 4 bits of exponent, 3 of mantissa; one scale for each block of a weight

def spread(scale, shape, size):
    """Each block's scale at every element of the block; the last blocks may be cut."""
    return scale.repeat_interleave(size, dim=0)[:shape[0]].repeat_interleave(size, dim=1)[:, :shape[1]]


def block_scales(weight, size):
    """The largest magnitude of a block becomes the largest number of E4M3."""
    rows, columns = weight.shape
    padded = nn.functional.pad(weight, (0, -columns % size, 0, -rows % size))
    blocks = padded.view(padded.shape[0] // size, size, padded.shape[1] // size, size)
    return blocks.abs().amax(dim=(1, 3)) / E4M3_MAX


def quantize(weight, size):
    scale = block_scales(weight, size)
    return (weight / spread(scale, weight.shape, size)).to(E4M3), scale


def dequantize(quantized, scale, size):
    return quantized.to(scale.dtype) * spread(scale, quantized.shape, size)


def check_quantized(weight, quantized, scale, size, what):
    """All of E4M3's range is used, and no number moves by more than half a step: a 16th of itself, near zero half the smallest."""
    assert quantized.float().abs().max() == E4M3_MAX, f"{what}: the largest number is not {E4M3_MAX}"
    gap = (dequantize(quantized, scale, size) - weight).abs()
    limit = torch.maximum(weight.abs() / 16, spread(scale, weight.shape, size) * 2 ** -10) * 1.00001
    assert (gap <= limit).all(), f"{what}: a number moved by {(gap - limit).max().item():.3g} too much"


def e4m3_values():
    """What the bytes 0 to 255 stand for."""
    return torch.arange(256, dtype=torch.uint8).view(E4M3).float()


def rounding_cases(values):
    """Numbers at and beside the middle between neighbours, tiny ones, the largest, and some of every size."""
    positive = values[:0x7f]
    ties = (positive[:-1] + positive[1:]) / 2
    beside = torch.cat([ties[::8].nextafter(torch.tensor(to)) for to in (0.0, 1000.0)])
    tiny = torch.tensor([0.0, 1e-45, 1e-38, 1e-10, 2.0 ** -11, 2.0 ** -9, 2.0 ** -6, 447.9, 448.0])
    some = 448 * 2 ** (-20 * torch.rand(20))
    cases = torch.cat([ties, beside, tiny, some])
    return torch.cat([cases, -cases])


def check_rounding(before, after, values):
    """By hand: the nearest of all 127 magnitudes, of two equally near the one with the even byte."""
    distance = (values[:0x7f].double() - before.abs().double()[:, None]).abs()
    is_nearest = distance == distance.amin(dim=1, keepdim=True)
    nearest = (is_nearest * (2 - torch.arange(0x7f) % 2)).argmax(dim=1)
    assert torch.equal(values[nearest], after.abs()) and torch.equal(before.signbit(), after.signbit()), "to(float8_e4m3fn) rounds otherwise"


def rounding():
    values = e4m3_values()
    torch.manual_seed(SEED)
    before = rounding_cases(values)
    after = before.to(E4M3).float()
    assert before.abs().max() == E4M3_MAX and values.isnan().nonzero().flatten().tolist() == [0x7f, 0xff]
    check_rounding(before, after, values)
    return {"values": values, "before": before, "after": after}


def blocks():
    """A weight of 2 x 2 blocks, of which three are cut."""
    torch.manual_seed(SEED)
    weight = torch.randn(130, 133)
    quantized, scale = quantize(weight, 128)
    check_quantized(weight, quantized, scale, 128, "blocks")
    return {"weight": quantized, "weight_scale_inv": scale, "dequantized": dequantize(quantized, scale, 128)}


def quantized_layer():
    """A checkpoint with 8-bit weights and what comes out of it; beside it, what the exact weights give."""
    x, layer = drawn(dataclasses.replace(LOWRANK, dim=136, q_lora_rank=9), B=2, T=5)
    exact = both(layer, x)
    checkpoint = {}
    for name, weight in layer.state_dict().items():
        if "norm" in name:
            checkpoint[name] = weight
            continue
        quantized, scale = checkpoint[name], checkpoint[f"{name}_scale_inv"] = quantize(weight, 128)
        check_quantized(weight, quantized, scale, 128, name)
        layer.get_parameter(name).copy_(dequantize(quantized, scale, 128))

    seen = both(layer, x)
    check_call(layer, seen, 2, 5, 0, "quantized layer")
    return {**checkpoint, "x": x, "output": seen["absorbed.output"], "output_exact": exact["absorbed.output"]}


def chapter_7_fp8():
    return {**prefixed("e4m3", rounding()), **prefixed("block", blocks()), **prefixed("layer", quantized_layer())}


# --- the prints of the walk: (name, tensor) in order

WALK = Config(dim=8, n_heads=2, q_lora_rank=6, kv_lora_rank=5, qk_nope_head_dim=3, qk_rope_head_dim=2, v_head_dim=4,
              max_batch_size=1, max_seq_len=5)
WALK_BLOCK = 4


def walk_attention(layer, x, q_direct):
    shared = projections(layer, x, 0)
    unfolded, folded = naive(layer, shared, 0), absorbed(layer, shared, 0)
    w_uk, w_uv = layer.up_projections()
    seen = {"x": x, **shared, **unfolded, **folded, **prefixed("naive", unfolded), "output_naive": unfolded["output"],
            "q_direct": q_direct(x).view(*x.shape[:2], layer.config.n_heads, -1), "w_uk": w_uk, "w_uv": w_uv,
            "kv_cache[:1]": layer.kv_cache[:1].clone(), "pe_cache[:1]": layer.pe_cache[:1].clone()}
    for name in ("x", "q_latent", "q_normed", "q", "q_nope", "q_pe", "q_direct", "kv_latent", "k_pe", "kv_normed", "w_uk", "w_uv",
                 "q_pe_rotated", "k_pe_rotated",
                 "k_nope", "v", "k", "naive.attn_scores", "naive.masked", "naive.attn_weights", "naive.head_context", "output_naive",
                 "q_absorbed", "scores_nope", "scores_pe", "attn_scores", "attn_weights", "context_latent", "head_context", "output",
                 "kv_cache[:1]", "pe_cache[:1]"):
        yield name, seen[name]


def walk_step(layer, x_next):
    seen = both(layer, x_next, 3)
    for name in ("q_absorbed", "attn_weights", "output"):
        yield f"step.{name}", seen[f"absorbed.{name}"]
    yield "step.output_naive", seen["naive.output"]


def walk_fp8(weight):
    quantized, scale = quantize(weight, WALK_BLOCK)
    yield "wkv_a.weight", weight
    yield "quantized", quantized.float()
    yield "weight_scale_inv", scale
    yield "dequantized", dequantize(quantized, scale, WALK_BLOCK)


def of_rank(layer, rank, ranks):
    """The part of a layer that one of `ranks` computers holds: some of the heads, and their columns of wo."""
    part = Layer(dataclasses.replace(layer.config, n_heads=layer.config.n_heads // ranks))
    cut_along = {"wq_b.weight": 0, "wkv_b.weight": 0, "wo.weight": 1}
    part.load_state_dict({name: weight.chunk(ranks, dim=cut_along[name])[rank] if name in cut_along else weight
                          for name, weight in layer.state_dict().items()})
    return part.to(layer.freqs.dtype)


def walk_ranks(layer, x):
    parts = [of_rank(layer, rank, 2) for rank in range(2)]
    partials = [absorbed(part, projections(part, x, 0), 0)["output"] for part in parts]
    same(sum(partials), absorbed(layer, projections(layer, x, 0), 0)["output"], 1e-6, "the sum of both ranks and the whole layer")
    for rank, partial in enumerate(partials):
        yield f"rank{rank}.partial", partial


def walk_7(dtype=torch.float32):
    torch.manual_seed(WALK_SEED)
    x, layer, x_next, q_direct = [part.to(dtype) for part in (
        torch.randn(1, 3, WALK.dim), Layer(WALK), torch.randn(1, 1, WALK.dim), nn.Linear(WALK.dim, WALK.n_heads * WALK.qk_head_dim, bias=False))]
    yield from walk_attention(layer, x, q_direct)
    yield from walk_step(layer, x_next)
    yield from walk_fp8(layer.wkv_a.weight)
    yield from walk_ranks(layer, x)


# --- no print may hang on the last bits, which other processors round otherwise

def closest_call(tensor):
    """How far the nearest value is from where its fourth digit turns, in units of its last place (2^-23 of it)."""
    value = tensor[tensor.isfinite() & (tensor != 0)].double().abs()
    return ((value * 1e4 % 1 - 0.5).abs() * 1e-4 / (value * 2 ** -23)).min().item()


def firm(prints, prints_in_double, limit=4):
    """The prints, if they read the same in double and none is a close call. E4M3 numbers are exact."""
    for (name, tensor), (_, double) in zip(prints, prints_in_double, strict=True):
        if not tensor.is_floating_point():
            assert torch.equal(tensor, double), f"{name} differs when computed in double"
            continue
        text = str(tensor.detach())
        assert "e-" not in text and "e+" not in text, f"{name} prints in scientific notation"
        assert text == str(double.detach().float()), f"{name} prints otherwise when computed in double"
        assert name == "quantized" or closest_call(tensor) > limit, f"{name} has a close call: {closest_call(tensor):.2g}"
    return prints


# --- one pass at the sizes of a real model: besides values, how each tensor lies in memory

JOURNEY = Config(dim=2048, n_heads=16, q_lora_rank=0, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128,
                 max_batch_size=2, max_seq_len=4)


def remember(linear, seen, name):
    linear.register_forward_hook(lambda module, inputs, output: seen.update({name: output}))


def journey():
    """(name, tensor, what it is made from) in order; the last is None for the input."""
    torch.manual_seed(JOURNEY_SEED)
    x, layer = torch.randn(2, 4, JOURNEY.dim), Layer(JOURNEY)
    seen = {"x": x}
    remember(layer.wq, seen, "wq(x)")
    remember(layer.wkv_a, seen, "wkv_a(x)")
    layer.wo.register_forward_pre_hook(lambda module, inputs: seen.update({"flatten": inputs[0]}))
    shared = projections(layer, x, 0)
    seen |= shared | absorbed(layer, shared, 0)
    seen["k_pe_rotated"] = seen["k_pe_rotated"].unsqueeze(2)  # as it is before it is cached: one head for all

    made_from = {"x": None, "wq(x)": "x", "q": "wq(x)", "q_nope": "q", "q_pe": "q", "q_pe_rotated": "q_pe", "wkv_a(x)": "x",
                 "kv_latent": "wkv_a(x)", "k_pe": "wkv_a(x)", "k_pe_rotated": "k_pe", "kv_normed": "kv_latent", "q_absorbed": "q_nope",
                 "scores_nope": "q_absorbed", "scores_pe": "q_pe_rotated", "attn_scores": "scores_nope", "attn_weights": "attn_scores",
                 "context_latent": "attn_weights", "head_context": "context_latent", "flatten": "head_context", "output": "flatten"}
    for name, source in made_from.items():
        yield name, seen[name], seen.get(source)


def share_memory(a, b):
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def journey_entries():
    for name, tensor, source in journey():
        yield {**as_print(7, name, tensor), "shape": list(tensor.shape), "strides": list(tensor.stride()),
               "is_view": source is not None and share_memory(tensor, source)}


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder to write to (default: the folder of this file)")
    options = parser.parse_args()

    torch.set_num_threads(1)  # more threads split sums elsewhere: other last bits
    write_tensors(options.out / "chapter_7_mla.safetensors", chapter_7())
    write_tensors(options.out / "chapter_7_fp8.safetensors", chapter_7_fp8())
    write_prints(options.out / "torch_prints.json", {7: firm(list(walk_7()), list(walk_7(torch.float64)))})
    about = f"What PyTorch {torch.__version__} prints on the way through one MLA layer of 2048 x 16 heads, with shapes and strides."
    write_entries(options.out / "journey_prints.json", about, journey_entries())


if __name__ == "__main__":
    main()

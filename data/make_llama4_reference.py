#!/usr/bin/env python3
"""Ask PyTorch for the numbers of chapter 8: small Llama 4 models in the dialect of Meta's reference.

Writes a folder llama4/reference_* for each model: config.json, model.safetensors, tokens.safetensors and expected.safetensors
(every intermediate tensor of one pass over all tokens, and the logits). Needs torch, numpy and safetensors; takes a few seconds.

The code follows the formulas of llama-models, models/llama4, and is written for these tests. Every model is computed four times:
in one pass, token by token with a cache, with PyTorch's own attention and all experts on all tokens, and in double.

Facts about the reference (models/llama4 of llama-models, 2025) that a reader of its checkpoints needs:
- head_dim is always dim // n_heads; the field head_dim of its config is not used by the attention. n_kv_heads must be given.
- use_scaled_rope without factors means factor 16 and high_freq_factor 1. low_freq_factor is always 1, the old length always 8192.
- The dense hidden width starts from 4 dim and does not use ffn_exp. Only the experts' width does. The shared expert is as wide as an expert.
- Its masks are square, for all new tokens. So it accepts a prefill only at position 0; after that, one token at a time, without a mask.
- add_bias is an argument of its attention, never set by its text model. A file with biases belongs to another model of that layout.
- Its load hooks also accept experts as moe_w_in_eD_F, moe_w_swiglu_eD_F, moe_w_out_eF_D, each flattened to two dimensions, and the
  shared expert as w_in_shared_FD.weight, w_swiglu_FD.weight, w_out_shared_DF.weight.

B sequences, T new tokens, S tokens so far, H heads, K key/value heads, d head_dim, N = B T tokens, E experts.
"""

import argparse
import dataclasses
import json
import math
import pathlib

import torch
from safetensors.torch import save
from torch.nn import functional as F

from make_attention_reference import HERE, llama3_freqs, plain_freqs, same, write

FOLDER = HERE / "llama4"


# --- the config, by the reference's names

@dataclasses.dataclass(frozen=True)
class MoEArgs:
    num_experts: int
    top_k: int = 1
    interleave_moe_layer_step: int = 1
    capacity_factor: float = 1.0
    auto_scale_F: bool = True


@dataclasses.dataclass(frozen=True)
class Args:
    dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    vocab_size: int
    multiple_of: int = 4
    ffn_dim_multiplier: float | None = None
    ffn_exp: float | None = None
    norm_eps: float = 1e-5
    attention_chunk_size: int | None = None
    rope_theta: float = 500000.0
    use_scaled_rope: bool = False
    rope_scaling_factor: float | None = None
    rope_high_freq_factor: float | None = None
    nope_layer_interval: int | None = None
    use_qk_norm: bool = False
    attn_temperature_tuning: bool = False
    floor_scale: float = 8192.0
    attn_scale: float = 0.1
    moe_args: MoEArgs | None = None
    add_bias: bool = False
    max_batch_size: int = 32
    max_seq_len: int = 2048


@dataclasses.dataclass(frozen=True)
class Model:
    """What the formulas need. `like_reference` derives it from Args; the Transformers script derives it from Hugging Face's config."""
    head_dim: int
    n_heads: int
    n_kv_heads: int
    norm_eps: float
    chunk: int | None
    freqs: torch.Tensor
    rope: list          # for each layer: RoPE or not
    chunked: list       # for each layer: the chunked mask or the global one
    qk_norm: bool
    tuning: bool
    floor_scale: float
    attn_scale: float
    top_k: int
    weights: dict       # by the reference's names

    def to(self, dtype):
        return dataclasses.replace(self, weights={name: weight.to(dtype) for name, weight in self.weights.items()})


def rope_freqs(args):
    d = args.dim // args.n_heads
    if not args.use_scaled_rope:
        return plain_freqs(d, args.rope_theta)
    factor = 16.0 if args.rope_scaling_factor is None else args.rope_scaling_factor
    high = 1.0 if args.rope_high_freq_factor is None else args.rope_high_freq_factor
    if high == 1.0:  # nothing lies between the two limits
        freqs = plain_freqs(d, args.rope_theta)
        return torch.where(2 * math.pi / freqs < 8192, freqs, freqs / factor)
    return llama3_freqs(d, args.rope_theta, factor, 1.0, high, 8192)


def like_reference(args, weights):
    nope = [args.nope_layer_interval is not None and (i + 1) % args.nope_layer_interval == 0 for i in range(args.n_layers)]
    rope = [not none for none in nope]
    return Model(head_dim=args.dim // args.n_heads, n_heads=args.n_heads, n_kv_heads=args.n_kv_heads, norm_eps=args.norm_eps,
                 chunk=args.attention_chunk_size, freqs=rope_freqs(args), rope=rope, chunked=rope, qk_norm=args.use_qk_norm,
                 tuning=args.attn_temperature_tuning, floor_scale=args.floor_scale, attn_scale=args.attn_scale,
                 top_k=args.moe_args.top_k if args.moe_args else 0, weights=weights)


def is_moe(args, layer):
    return args.moe_args is not None and (layer + 1) % args.moe_args.interleave_moe_layer_step == 0


def rounded_up(width, multiple):
    return multiple * math.ceil(width / multiple)


def dense_width(args):
    width = int(2 * int(4 * args.dim) / 3)
    if args.ffn_dim_multiplier is not None:
        width = int(args.ffn_dim_multiplier * width)
    return rounded_up(width, args.multiple_of)


def expert_width(args):
    width = int(args.ffn_dim_multiplier * int(2 * int(args.ffn_exp * args.dim) / 3))
    if args.moe_args.auto_scale_F:
        width = int(width / (args.moe_args.capacity_factor + 1))
    return rounded_up(width, args.multiple_of)


# --- random weights: strong enough that softmax is far from uniform; norms and biases that would be missed

def weight_shapes(args):
    d, dim = args.dim // args.n_heads, args.dim
    shapes = {"tok_embeddings.weight": (args.vocab_size, dim)}
    for i in range(args.n_layers):
        rows = {"wq": (args.n_heads * d, dim), "wk": (args.n_kv_heads * d, dim), "wv": (args.n_kv_heads * d, dim), "wo": (dim, args.n_heads * d)}
        layer = {f"attention.{name}.weight": shape for name, shape in rows.items()}
        if args.add_bias:
            layer |= {f"attention.{name}.bias": shape[:1] for name, shape in rows.items()}
        layer |= {"attention_norm.weight": (dim,), "ffn_norm.weight": (dim,)}
        if is_moe(args, i):
            E, h = args.moe_args.num_experts, expert_width(args)
            layer |= {"feed_forward.router_DE": (dim, E), "feed_forward.experts.w1": (E, dim, h), "feed_forward.experts.w2": (E, h, dim),
                      "feed_forward.experts.w3": (E, dim, h)}
            dense, h = "feed_forward.shared_expert.", expert_width(args)
        else:
            dense, h = "feed_forward.", dense_width(args)
        layer |= {f"{dense}w1.weight": (h, dim), f"{dense}w2.weight": (dim, h), f"{dense}w3.weight": (h, dim)}
        shapes |= {f"layers.{i}.{name}": shape for name, shape in layer.items()}
    return shapes | {"norm.weight": (dim,), "output.weight": (args.vocab_size, dim)}


def drawn(name, shape):
    values = torch.randn(shape)
    if "norm" in name:
        return 1 + 0.3 * values
    if name.endswith("bias"):
        return 0.5 * values
    if name == "tok_embeddings.weight":
        return values
    width = shape[-2] if "experts.w" in name and "shared" not in name or name.endswith("router_DE") else shape[-1]
    return 1.5 * values / math.sqrt(width)


def random_weights(args, seed):
    torch.manual_seed(seed)
    return {name: drawn(name, shape) for name, shape in weight_shapes(args).items()}


# --- the formulas

def rms_norm(x, eps):
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + eps)


def rotate(x, freqs, start):
    """Neighbouring pairs as complex numbers; x is (B, T, heads, d). The angles are float32 whatever x is."""
    angle = torch.outer(torch.arange(start, start + x.shape[1]).float(), freqs)
    turn = torch.polar(torch.ones_like(angle), angle)[:, None, :]
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turn.to(pairs.dtype)).flatten(-2)


def temperature(model, start, T):
    position = torch.arange(start, start + T).float()
    return torch.log(torch.floor((position + 1) / model.floor_scale) + 1) * model.attn_scale + 1


def hidden(T, S, chunk):
    """True where query i of the last T positions must not see key j of S."""
    i, j = torch.arange(S - T, S)[:, None], torch.arange(S)[None, :]
    later = j > i
    return later if chunk is None else later | (i // chunk != j // chunk)


def linear(model, name, x):
    return F.linear(x, model.weights[f"{name}.weight"], model.weights.get(f"{name}.bias"))


def attention(model, i, x, cache, start, hide):
    """`hide` is (T, S), or None for no mask at all."""
    seen, (B, T, _) = {}, x.shape
    K, d = model.n_kv_heads, model.head_dim
    prefix = f"layers.{i}.attention."
    q = seen["xq"] = linear(model, prefix + "wq", x).view(B, T, model.n_heads, d)
    k = seen["xk"] = linear(model, prefix + "wk", x).view(B, T, K, d)
    v = seen["xv"] = linear(model, prefix + "wv", x).view(B, T, K, d)
    if model.rope[i]:
        q, k = seen["xq_rotated"], seen["xk_rotated"] = rotate(q, model.freqs, start), rotate(k, model.freqs, start)
        if model.qk_norm:
            q, k = seen["xq_normed"], seen["xk_normed"] = rms_norm(q, model.norm_eps), rms_norm(k, model.norm_eps)
    elif model.tuning:
        seen["temperature"] = temperature(model, start, T)
        q = seen["xq_scaled"] = q * seen["temperature"].to(q.dtype)[:, None, None]

    keys, values = cache.get(i, (k[:, :0], v[:, :0]))
    keys, values = cache[i] = torch.cat([keys, k], dim=1), torch.cat([values, v], dim=1)
    times = model.n_heads // K
    heads, heads_v = keys.repeat_interleave(times, dim=2).transpose(1, 2), values.repeat_interleave(times, dim=2).transpose(1, 2)
    seen["attn_scores"] = q.transpose(1, 2) @ heads.transpose(2, 3)
    seen["masked"] = seen["attn_scores"] if hide is None else seen["attn_scores"].masked_fill(hide, -math.inf)
    seen["attn_weights"] = torch.softmax(seen["masked"] / math.sqrt(d), dim=-1)
    seen["combined"] = (seen["attn_weights"] @ heads_v).transpose(1, 2).flatten(2)
    seen["attention"] = linear(model, prefix + "wo", seen["combined"])

    fused = F.scaled_dot_product_attention(q.transpose(1, 2), heads, heads_v, attn_mask=None if hide is None else ~hide)
    same(linear(model, prefix + "wo", fused.transpose(1, 2).flatten(2)), seen["attention"], 2e-5, f"layer {i}: attention and PyTorch's own")
    return seen


def swiglu(model, prefix, x):
    gate, up = F.silu(linear(model, prefix + "w1", x)), linear(model, prefix + "w3", x)
    return gate, up, linear(model, prefix + "w2", gate * up)


def mixture(model, i, x):
    """Each expert gets the tokens that chose it, scaled by their scores. x is (N, dim)."""
    seen, prefix = {}, f"layers.{i}.feed_forward."
    w1, w2, w3 = [model.weights[f"{prefix}experts.{name}"] for name in ("w1", "w2", "w3")]
    logits = seen["router_logits"] = x @ model.weights[prefix + "router_DE"]
    chosen = logits.topk(model.top_k, dim=1).indices
    scores = torch.zeros_like(logits).scatter(1, chosen, torch.sigmoid(logits.gather(1, chosen)))
    seen["router_scores"] = scores.t()
    seen["shared_expert"] = swiglu(model, prefix + "shared_expert.", x)[2]
    seen["experts"] = torch.zeros_like(x)
    for e in range(w1.shape[0]):
        here = (chosen == e).any(dim=1)
        scaled = x[here] * scores[here, e, None]
        seen["experts"][here] += (F.silu(scaled @ w1[e]) * (scaled @ w3[e])) @ w2[e]
    seen["feed_forward"] = seen["shared_expert"] + seen["experts"]

    # The reference gives every token to every expert, with score 0 where it was not chosen. The sum is the same.
    everywhere = x * scores.t()[:, :, None]
    batched = torch.bmm(F.silu(torch.bmm(everywhere, w1)) * torch.bmm(everywhere, w3), w2).sum(dim=0)
    same(batched, seen["experts"], 2e-5, f"layer {i}: chosen experts and all experts")
    return seen


def close_calls(seen):
    """The smallest distance between the last expert that is chosen and the first that is not."""
    gaps = [(lambda values: (values[:, k - 1] - values[:, k]).min().item())(logits.sort(dim=1, descending=True).values)
            for name, logits in seen.items() if name.endswith("router_logits")
            for k in [int((seen[name.replace("logits", "scores")] > 0).sum(dim=0)[0])] if k < logits.shape[1]]
    return min(gaps, default=math.inf)


def forward(model, tokens, start=0, cache=None, rule="right", images=None):
    """All intermediates of one call. rule "reference" is the mask of Meta's code: for one token there is none."""
    cache = {} if cache is None else cache
    seen, (B, T) = {}, tokens.shape
    h = model.weights["tok_embeddings.weight"][tokens]
    if images is not None:
        embedding, mask = images
        h = h * ~mask + linear(model, "vision_projection", embedding.to(h.dtype)) * mask
    seen["embeddings"] = h
    for i in range(len(model.rope)):
        x, layer, prefix = h, {}, f"layers.{i}."
        layer["attention_norm"] = rms_norm(x, model.norm_eps) * model.weights[prefix + "attention_norm.weight"]
        hide = hidden(T, start + T, model.chunk if model.chunked[i] else None)
        layer |= attention(model, i, layer["attention_norm"], cache, start, None if rule == "reference" and T == 1 else hide)
        h = layer["h"] = x + layer["attention"]
        layer["ffn_norm"] = rms_norm(h, model.norm_eps) * model.weights[prefix + "ffn_norm.weight"]
        flat = layer["ffn_norm"].flatten(0, 1)
        if prefix + "feed_forward.router_DE" in model.weights:
            layer |= mixture(model, i, flat)
        else:
            layer["ffn_gate"], layer["ffn_up"], layer["feed_forward"] = swiglu(model, prefix + "feed_forward.", flat)
        layer["feed_forward"] = layer["feed_forward"].unflatten(0, (B, T))
        h = layer["output"] = h + layer["feed_forward"]
        layer["cache_k"], layer["cache_v"] = cache[i]
        seen |= {prefix + name: tensor for name, tensor in layer.items()}
    seen["norm"] = rms_norm(h, model.norm_eps) * model.weights["norm.weight"]
    seen["logits"] = linear(model, "output", seen["norm"])
    return seen


def piece(images, start, end):
    return None if images is None else tuple(part[:, start:end] for part in images)


def decode(model, tokens, prefill, rule="right", images=None):
    """The logits of all tokens: `prefill` tokens at once, then one at a time."""
    borders, cache = [0, *range(max(prefill, 1), tokens.shape[1] + 1)], {}
    calls = [forward(model, tokens[:, start:end], start, cache, rule, piece(images, start, end)) for start, end in zip(borders, borders[1:])]
    return torch.cat([call["logits"] for call in calls], dim=1)


# --- checks that the numbers deserve to be called a reference

def relative(got, wanted):
    finite = wanted[wanted.isfinite()]
    return ((got - wanted)[wanted.isfinite()].abs().max() / finite.abs().max()).item()


def checked(model, tokens, what, images=None):
    """One pass, compared with every prefill and with the same pass in double."""
    seen = forward(model, tokens, images=images)
    assert close_calls(seen) > 1e-3, f"{what}: a token's experts are a close call, take another seed"
    for prefill in range(tokens.shape[1]):
        gap = relative(decode(model, tokens, prefill, images=images), seen["logits"])
        assert gap < 3e-6, f"{what}: prefill {prefill} differs by {gap:.2g}"
    double = forward(model.to(torch.float64), tokens, images=images)
    for name, tensor in seen.items():
        gap = relative(tensor.double(), double[name].double())
        assert gap < 6e-6, f"{what}: {name} differs from double by {gap:.2g}"
    return seen


def ignored_chunk(model, tokens, prefill, what):
    """What Meta's code gives when it decodes: it forgets the chunk."""
    logits = decode(model, tokens, prefill, "reference")
    right = decode(model, tokens, prefill)
    assert torch.equal(logits[:, :prefill], right[:, :prefill])
    assert relative(logits, right) > 1e-3, f"{what}: the chunk changes nothing"
    return {"reference_decode.logits": logits, "reference_decode.prefill": torch.tensor([prefill])}


# --- the other names that the reference's load hooks accept

def with_old_names(args, weights):
    """Every name that a hook renames, splits or drops."""
    old, empty = {"rope.freqs": rope_freqs(args)}, torch.zeros(0, dtype=torch.uint8)
    for name, weight in weights.items():
        if ".attention.w" not in name and ".feed_forward." not in name and "_norm.weight" not in name:
            old[name] = weight
    for i in range(args.n_layers):
        a, f = f"layers.{i}.attention.", f"layers.{i}.feed_forward."
        old[a + "wqkv.weight"] = torch.cat([weights[f"{a}{name}.weight"] for name in ("wq", "wk", "wv")])
        old[a + "wqkv._extra_state"] = old[a + "wo._extra_state"] = empty
        old[a + "wo.weight"] = weights[a + "wo.weight"]
        old[a + "wqkv.layer_norm_weight"] = weights[f"layers.{i}.attention_norm.weight"]
        if is_moe(args, i):
            old[f + "norm.weight"] = weights[f"layers.{i}.ffn_norm.weight"]
            old[f + "router_DE"] = weights[f + "router_DE"]
            for ours, theirs in (("w1", "moe_w_in_eD_F"), ("w2", "moe_w_out_eF_D"), ("w3", "moe_w_swiglu_eD_F")):
                old[f"{f}experts.{theirs}"] = weights[f"{f}experts.{ours}"].flatten(0, 1)
            for ours, theirs in (("w1", "w_in_shared_FD"), ("w2", "w_out_shared_DF"), ("w3", "w_swiglu_FD")):
                old[f"{f}{theirs}.weight"] = weights[f"{f}shared_expert.{ours}.weight"]
            old[f + "experts.mlp._extra_state"] = old[f + "mlp_shared._extra_state"] = empty
        else:
            old[f + "mlp.layer_norm_weight"] = weights[f"layers.{i}.ffn_norm.weight"]
            old[f + "mlp.fc1_weight"] = torch.cat([weights[f + "w1.weight"], weights[f + "w3.weight"]])
            old[f + "mlp.fc2_weight"] = weights[f + "w2.weight"]
    return old


# --- files

def tensors_file(path, tensors):
    apart = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    write(path, save(apart, metadata={"torch": torch.__version__}))


def json_file(path, value):
    write(path, (json.dumps(value, indent=2) + "\n").encode("ascii"))


def config_of(args):
    """Only what is set, as in a params.json. The old name of a default is not written."""
    config = {name: value for name, value in dataclasses.asdict(args).items() if value is not None}
    return {name: value for name, value in config.items() if not (name == "add_bias" and not value)}


def random_tokens(args, seed, B, T):
    return torch.randint(0, args.vocab_size, (B, T), generator=torch.Generator().manual_seed(seed))


def write_case(folder, config, weights, tokens, expected, more_input=None):
    folder.mkdir(parents=True, exist_ok=True)
    json_file(folder / "config.json", config)
    tensors_file(folder / "model.safetensors", weights)
    tensors_file(folder / "tokens.safetensors", {"tokens": tokens} | (more_input or {}))
    tensors_file(folder / "expected.safetensors", expected)


# --- the models

BORDERS = ("logits", "norm", "output", "cache_k", "cache_v", "router_scores")  # of a model of which not every tensor is written


def only(seen, endings):
    return {name: tensor for name, tensor in seen.items() if name.split(".")[-1] in endings}


DENSE = Args(dim=20, n_layers=4, n_heads=5, n_kv_heads=1, vocab_size=31, multiple_of=3, ffn_dim_multiplier=0.4, attention_chunk_size=4,
             rope_theta=100.0, nope_layer_interval=3, use_qk_norm=True, attn_temperature_tuning=True, floor_scale=3.0, attn_scale=0.7,
             max_batch_size=2, max_seq_len=64)

# Every layer has experts; Scout's scaling is implied, and head_dim 8 has frequencies on both sides of its limit.
MOE = Args(dim=24, n_layers=3, n_heads=3, n_kv_heads=3, vocab_size=29, ffn_dim_multiplier=1.1, ffn_exp=1.5, attention_chunk_size=3,
           use_scaled_rope=True, nope_layer_interval=2, use_qk_norm=False, attn_temperature_tuning=False,
           moe_args=MoEArgs(num_experts=4), max_batch_size=2, max_seq_len=64)

# A dense layer between two layers with experts; a frequency lies between the limits of the scaling; no layer is chunked.
INTERLEAVED = Args(dim=24, n_layers=4, n_heads=3, n_kv_heads=1, vocab_size=23, multiple_of=2, ffn_dim_multiplier=0.5, ffn_exp=1.6,
                   use_scaled_rope=True, rope_scaling_factor=8.0, rope_high_freq_factor=4.0, nope_layer_interval=4, use_qk_norm=True,
                   attn_temperature_tuning=True, floor_scale=2.0, attn_scale=0.5, norm_eps=1e-3,
                   moe_args=MoEArgs(num_experts=4, top_k=2, interleave_moe_layer_step=2, auto_scale_F=False), max_batch_size=2, max_seq_len=64)

BIAS = Args(dim=12, n_layers=2, n_heads=6, n_kv_heads=3, vocab_size=17, multiple_of=5, ffn_dim_multiplier=0.5, attention_chunk_size=2,
            rope_theta=50.0, use_qk_norm=True, add_bias=True, max_batch_size=3, max_seq_len=64)

IMAGES = Args(dim=12, n_layers=2, n_heads=3, n_kv_heads=1, vocab_size=13, multiple_of=3, ffn_dim_multiplier=0.4, attention_chunk_size=3,
              rope_theta=20.0, nope_layer_interval=2, attn_temperature_tuning=True, floor_scale=2.0, attn_scale=0.4, max_batch_size=2,
              max_seq_len=64)

HOOKS = Args(dim=20, n_layers=2, n_heads=5, n_kv_heads=5, vocab_size=19, multiple_of=2, ffn_dim_multiplier=0.6, ffn_exp=1.5,
             attention_chunk_size=5, rope_theta=1000.0, nope_layer_interval=2, use_qk_norm=True, attn_temperature_tuning=True, floor_scale=2.0,
             attn_scale=0.3, moe_args=MoEArgs(num_experts=3, top_k=2, interleave_moe_layer_step=2, capacity_factor=0.5), max_batch_size=2,
             max_seq_len=64)


def plain_case(name, args, seed, B, T, every=True, prefill=None):
    weights, tokens = random_weights(args, seed), random_tokens(args, seed, B, T)
    model = like_reference(args, weights)
    seen = checked(model, tokens, name)
    expected = seen if every else only(seen, BORDERS)
    if prefill is not None:
        expected = expected | ignored_chunk(model, tokens, prefill, name)
    write_case(FOLDER / name, config_of(args), weights, tokens, expected)


def hooks_case(name, args, seed, B, T):
    """Weights in bfloat16, as Meta publishes them; the numbers are those of the rounded weights in float32."""
    weights = {key: weight.bfloat16() for key, weight in random_weights(args, seed).items()}
    tokens = random_tokens(args, seed, B, T)
    seen = checked(like_reference(args, {key: weight.float() for key, weight in weights.items()}), tokens, name)
    write_case(FOLDER / name, config_of(args), with_old_names(args, weights), tokens, only(seen, BORDERS))


def images_case(name, args, seed, B, T, width=6):
    """Vectors of an image stand at some positions, other ones in each sequence. Rows outside of the mask must not matter."""
    weights, tokens = random_weights(args, seed), random_tokens(args, seed, B, T)
    weights["vision_projection.weight"] = 1.5 * torch.randn(args.dim, width) / math.sqrt(width)
    embedding, mask = torch.randn(B, T, width), torch.zeros(B, T, dtype=torch.bool)
    mask[0, 1:3] = mask[1, 2:5] = True
    seen = checked(like_reference(args, weights), tokens, name, images=(embedding, mask[:, :, None]))
    expected = only(seen, (*BORDERS, "embeddings"))
    write_case(FOLDER / name, config_of(args), weights, tokens, expected, {"image_embedding": embedding, "image_mask": mask})


def check_lessons():
    """The dense models show what they are chosen for."""
    freqs = rope_freqs(INTERLEAVED)
    plain = plain_freqs(8, INTERLEAVED.rope_theta)
    assert ((freqs < plain * 0.99) & (freqs > plain / 8 * 1.01)).sum() == 1, "no frequency lies between the limits"
    scout = rope_freqs(MOE) / plain_freqs(8, MOE.rope_theta)
    assert sorted(set(scout.tolist())) == [1 / 16, 1], "Scout's scaling keeps all frequencies or none"


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    check_lessons()
    plain_case("reference_dense", DENSE, 1, B=2, T=9, prefill=6)
    plain_case("reference_moe", MOE, 2, B=2, T=7, prefill=3)
    plain_case("reference_moe_interleaved", INTERLEAVED, 3, B=2, T=5)
    plain_case("reference_bias", BIAS, 4, B=3, T=5, every=False, prefill=2)
    images_case("reference_images", IMAGES, 6, B=2, T=7)
    hooks_case("reference_hooks", HOOKS, 5, B=2, T=11)


if __name__ == "__main__":
    main()

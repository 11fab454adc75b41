#!/usr/bin/env python3
"""Ask PyTorch for the prints of chapter 8's walk: chapter 8's part of torch_prints.json.

Draws a small model as nn modules in the order in which the chapter draws it, and computes it with the formulas of
make_llama4_reference.py. Needs torch, numpy and safetensors; takes a second.
"""

import argparse
import pathlib

import torch
from torch import nn

from make_attention_reference import HERE, plain_freqs, write_prints
from make_llama4_reference import Model, close_calls, forward, linear
from make_mla_reference import firm

WALK_SEED = 12081  # no print in scientific notation, no digit that hangs on the last bits: see `firm`
DIM, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY, VISION = 8, 4, 2, 4, 12, 5
HIDDEN, EXPERT, EXPERTS, CHUNK = 12, 6, 4, 4
MOE_LAYERS, NOPE_LAYERS, LAYERS = (1, 3), (3,), 4


def plain(rows, columns):
    return nn.Linear(columns, rows, bias=False).weight


def network(prefix, hidden):
    return {f"{prefix}w1.weight": plain(hidden, DIM), f"{prefix}w2.weight": plain(DIM, hidden), f"{prefix}w3.weight": plain(hidden, DIM)}


def experts(prefix):
    """The router, every expert, the shared expert; then in the reference's layout, (in, out) and stacked."""
    router = plain(EXPERTS, DIM)
    each = [network("", EXPERT) for _ in range(EXPERTS)]
    weights = {f"{prefix}router_DE": router.t()}
    weights |= {f"{prefix}experts.{name}": torch.stack([expert[f"{name}.weight"].t() for expert in each]) for name in ("w1", "w2", "w3")}
    return weights | network(f"{prefix}shared_expert.", EXPERT)


def drawn():
    """The weights, then the image's vectors."""
    weights = {"tok_embeddings.weight": nn.Embedding(VOCABULARY, DIM).weight}
    for i in range(LAYERS):
        prefix, wide, narrow = f"layers.{i}.", HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM
        weights |= {f"{prefix}{name}_norm.weight": torch.ones(DIM) for name in ("attention", "ffn")}
        for name, rows, columns in (("wq", wide, DIM), ("wk", narrow, DIM), ("wv", narrow, DIM), ("wo", DIM, wide)):
            weights[f"{prefix}attention.{name}.weight"] = plain(rows, columns)
        weights |= experts(f"{prefix}feed_forward.") if i in MOE_LAYERS else network(f"{prefix}feed_forward.", HIDDEN)
    weights |= {"norm.weight": torch.ones(DIM), "output.weight": plain(VOCABULARY, DIM)}
    weights["vision_projection.weight"] = plain(DIM, VISION)
    return weights, torch.randn(1, 6, VISION)


def model_of(weights):
    rope = [i not in NOPE_LAYERS for i in range(LAYERS)]
    return Model(head_dim=HEAD_DIM, n_heads=HEADS, n_kv_heads=KV_HEADS, norm_eps=1e-5, chunk=CHUNK, freqs=plain_freqs(HEAD_DIM, 10000.0),
                 rope=rope, chunked=rope, qk_norm=True, tuning=True, floor_scale=2.0, attn_scale=0.1, top_k=1, weights=weights)


def named(seen, layer, names, prefix=""):
    for name in names:
        yield f"{prefix}{name}", seen[f"layers.{layer}.{name}"]


def walk_8(dtype=torch.float32):
    """(name, tensor) in the walk's order."""
    torch.manual_seed(WALK_SEED)
    weights, image_embedding = drawn()
    model = model_of(weights).to(dtype)
    tokens, cache = torch.arange(6)[None], {}
    seen = forward(model, tokens, cache=cache)
    assert close_calls(seen) > 1e-3, "a token's expert is a close call"

    yield "tokens", tokens
    yield "embeddings", seen["embeddings"]
    yield from named(seen, 0, ("attention_norm", "xq", "xk", "xv", "xq_rotated", "xk_rotated", "xq_normed", "xk_normed", "attn_scores", "masked",
                               "attn_weights", "combined", "attention", "h", "ffn_norm", "ffn_gate", "ffn_up", "feed_forward", "output"))
    yield from named(seen, 1, ("router_logits", "router_scores", "experts", "shared_expert", "feed_forward"), "moe.")
    yield from named(seen, 3, ("xq", "xk", "temperature", "xq_scaled", "attn_scores", "attn_weights", "attention"), "nope.")
    yield "norm", seen["norm"]
    yield "logits", seen["logits"]
    next_token = seen["logits"][:, -1:].argmax(dim=-1)
    yield "next_token", next_token

    step = forward(model, next_token, 6, dict(cache))
    no_chunk = forward(model, next_token, 6, dict(cache), rule="reference")
    yield "step.logits", step["logits"]
    yield from named(step, 0, ("attn_weights",), "step.")
    yield from named(no_chunk, 0, ("attn_weights",), "no_chunk.")
    yield "no_chunk.logits", no_chunk["logits"]

    image_mask = torch.tensor([[False, True, True, False, False, False]])
    projected = linear(model, "vision_projection", image_embedding.to(dtype))
    yield "image_mask", image_mask
    yield "vision_projection(image_embedding)", projected
    merged = forward(model, tokens, images=(image_embedding.to(dtype), image_mask.unsqueeze(-1)))
    yield "merged", merged["embeddings"]


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder to write to (default: the folder of this file)")
    options = parser.parse_args()

    torch.set_num_threads(1)  # more threads split sums elsewhere: other last bits
    write_prints(options.out / "torch_prints.json", {8: firm(list(walk_8()), list(walk_8(torch.float64)), limit=0.5)})


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Ask PyTorch for the prints of chapter 9's walk: chapter 9's part of torch_prints.json.

Draws a text and the weights in the order in which the chapter draws them, and computes every variant of the attention with the
formulas of make_models_reference.py. Needs torch, numpy and safetensors; takes a second. --search FIRST looks for a
seed whose prints are firm, from FIRST on.
"""

import argparse
import math
import pathlib
from dataclasses import dataclass, replace

import torch
from torch import nn

from make_attention_reference import HERE, write_prints
from make_mla_reference import firm
from make_models_reference import Buckets, Linear, Norm, Recipe, Rope, alibi_slopes, linear, position_bias, project, rotate, visible

WALK_SEED = 1820  # no print in scientific notation, no digit that hangs on the last bits: see `firm`
DIM, HEADS, HEAD_DIM, TEXT = 5, 2, 4, 6
WIDE = HEADS * HEAD_DIM
BUCKETS = Buckets(table="distance_bias", count=8, max_distance=16, both_ways=True)


def drawn():
    """The text, the next token, and every weight."""
    x, x_next = torch.randn(1, TEXT, DIM), torch.randn(1, 1, DIM)
    weights = {}

    def add(name, rows, columns, bias):
        layer = nn.Linear(columns, rows, bias=bias)
        weights.update({f"{name}.{part}": tensor.detach() for part, tensor in layer.named_parameters()})

    for name in ("q", "k", "v"):
        add(name, WIDE, DIM, True)
    add("o", DIM, WIDE, False)
    for name in ("q_norm", "k_norm"):
        weights[name] = torch.empty(HEAD_DIM).uniform_(0.5, 1.5)
    weights["sinks"] = torch.randn(HEADS)
    weights["distance_bias"] = nn.Embedding(BUCKETS.count, HEADS).weight.detach()
    add("gate", WIDE, DIM, True)
    for name in ("whole_q_norm", "whole_k_norm"):
        weights[name] = torch.empty(WIDE).uniform_(0.5, 1.5)
    return x, x_next, weights | fused(weights)


def fused(weights):
    """The other layouts of the same weights."""
    def together(names, by_heads):
        for part in ("weight", "bias"):
            tensors = [weights[f"{name}.{part}"] for name in names]
            if by_heads:
                tensors = [tensor.unflatten(0, (HEADS, HEAD_DIM)) for tensor in tensors]
                yield part, torch.cat(tensors, dim=1).flatten(0, 1)
            else:
                yield part, torch.cat(tensors)

    return {f"{layout}.{part}": tensor
            for layout, names, by_heads in (("blocks", "qkv", False), ("heads", "qkv", True), ("query_and_gate", ("q", "gate"), True))
            for part, tensor in together(names, by_heads)}


def one(name):
    return Linear(f"{name}.weight", f"{name}.bias")


PLAIN = Recipe(heads=HEADS, kv_heads=HEADS, head_dim=HEAD_DIM, q=one("q"), k=one("k"), v=one("v"), o=Linear("o.weight"),
               embedding=None, input_norm=None, scale=HEAD_DIM ** -0.5)
ROPE = Rope(dims=HEAD_DIM, theta=10000.0)
ROTATED = replace(PLAIN, rope=ROPE)
NORMED = replace(ROTATED, qk_norm="head", q_norm=Norm("rms", ("q_norm",)), k_norm=Norm("rms", ("k_norm",)))
STRETCHED = replace(ROPE, scaling="longrope", factor=4.0, original=4, attention_factor=math.sqrt(1 + math.log(4) / math.log(4)),
                    short=(1.0, 1.0), long=(1.0, 4.0))


@dataclass
class Made:
    """Every stage of one attention."""
    q: torch.Tensor = None
    k: torch.Tensor = None
    v: torch.Tensor = None
    gate: torch.Tensor = None
    q_rotated: torch.Tensor = None
    attn_scores: torch.Tensor = None
    capped: torch.Tensor = None
    biased: torch.Tensor = None
    attn_weights: torch.Tensor = None
    output: torch.Tensor = None


def attend(recipe, weights, x, padding=None):
    made, T = Made(), x.shape[1]
    made.q, made.k, made.v, made.gate = project(recipe, weights, x)
    q, k = made.q, made.k
    if recipe.rope:
        q, k = (rotate(recipe.rope, part, [T] * T) for part in (q, k))
        made.q_rotated = q
    scores = made.attn_scores = q.transpose(1, 2) @ k.permute(0, 2, 3, 1) * recipe.scale
    if recipe.softcap:
        scores = made.capped = recipe.softcap * torch.tanh(scores / recipe.softcap)
    if recipe.alibi or recipe.buckets:
        scores = made.biased = scores + position_bias(recipe, weights, T, x.dtype)
    scores = scores.masked_fill(~visible(recipe, T, padding), -torch.inf)
    if recipe.sinks:
        sinks = weights["sinks"][None, :, None, None].expand(1, HEADS, T, 1)
        made.attn_weights = torch.cat([scores, sinks], dim=-1).softmax(dim=-1)[..., :-1]
    else:
        made.attn_weights = scores.softmax(dim=-1)
    combined = (made.attn_weights @ made.v.transpose(1, 2)).transpose(1, 2).flatten(2)
    if recipe.gate:
        combined = combined * torch.sigmoid(made.gate)
        made.gate = made.gate.unflatten(-1, (HEADS, HEAD_DIM))
    made.output = linear(recipe, weights, recipe.o, combined)
    return made


def named(variant, made, *names):
    for name in names:
        yield f"{variant}.{name}", getattr(made, name)


def walk_9(seed, dtype=torch.float32):
    """(name, tensor) in the walk's order."""
    torch.manual_seed(seed)
    x, x_next, weights = drawn()
    x, x_next, weights = x.to(dtype), x_next.to(dtype), {name: tensor.to(dtype) for name, tensor in weights.items()}

    def made(recipe, padding=None):
        return attend(recipe, weights, x, padding)

    plain = made(PLAIN)
    yield "x", x
    yield from ((name, getattr(plain, name)) for name in ("q", "k", "v", "attn_scores", "attn_weights", "output"))
    yield "first_by_blocks", linear(PLAIN, weights, one("blocks"), x)[0, 0]
    yield "first_by_heads", linear(PLAIN, weights, one("heads"), x)[0, 0]
    yield from named("by_heads", made(replace(PLAIN, fused="heads", q=one("heads"))), "q")

    normed = made(NORMED)
    yield "normed.q_normed", normed.q
    yield from named("normed", normed, "q_rotated", "attn_weights")
    yield "plus_one.q_normed", made(replace(NORMED, q_norm=replace(NORMED.q_norm, plus_one=True))).q
    yield "whole.q_normed", made(replace(NORMED, qk_norm="width", q_norm=Norm("rms", ("whole_q_norm",)), k_norm=Norm("rms", ("whole_k_norm",)))).q
    yield from named("soft", made(replace(PLAIN, softcap=0.5)), "capped", "attn_weights")
    yield from named("sinks", made(replace(PLAIN, sinks="sinks")), "attn_weights", "output")

    yield from named("window", made(replace(ROTATED, window=3)), "attn_weights")
    yield from named("both_ways", made(replace(PLAIN, causal=False), torch.tensor([[1, 1, 1, 1, 1, 0]])), "attn_weights")

    yield from named("partial", made(replace(ROTATED, rope=replace(ROPE, dims=2))), "q_rotated")
    yield "slopes", torch.tensor(alibi_slopes(HEADS), dtype=dtype)
    yield from named("alibi", made(replace(PLAIN, alibi=True)), "biased")
    yield from named("distance", made(replace(PLAIN, buckets=BUCKETS, causal=False, scale=1.0)), "biased")
    yield from named("stretched", made(replace(ROTATED, rope=STRETCHED)), "attn_scores")
    yield from named("gated", made(replace(PLAIN, gate=True, q=one("query_and_gate"))), "gate", "output")

    # The seventh token sees the last three keys.
    longer = attend(replace(ROTATED, window=3), weights, torch.cat([x, x_next], dim=1))
    yield "step.attn_weights", longer.attn_weights[:, :, -1:, -3:].contiguous()
    yield "step.output", longer.output[:, -1:].contiguous()


def firm_prints(seed):
    return firm(list(walk_9(seed)), list(walk_9(seed, torch.float64)), limit=4)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder to write to (default: the folder of this file)")
    parser.add_argument("--search", type=int, metavar="FIRST", help="print the next firm seed, and write nothing")
    options = parser.parse_args()

    torch.set_num_threads(1)  # more threads split sums elsewhere: other last bits
    if options.search is None:
        write_prints(options.out / "torch_prints.json", {9: firm_prints(WALK_SEED)})
        return
    seed = options.search
    while True:
        try:
            firm_prints(seed)
        except AssertionError:
            seed += 1
        else:
            return print(seed)


if __name__ == "__main__":
    main()

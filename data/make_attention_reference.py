#!/usr/bin/env python3
"""Ask PyTorch for the numbers of chapters 5 (grouped-query attention with a cache) and 6 (RoPE).

Writes chapter_5_gqa.safetensors and chapter_6_rope.safetensors (float32; sizes chosen so that no two
dimensions can be mixed up), and their part of torch_prints.json: what print(tensor)
says for the small sizes of the walks. Needs torch, numpy and safetensors; takes about a second.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib

import torch
from safetensors.torch import save
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
SEED = 123       # of the files of tensors
WALK_SEED = 123  # of the walks


# --- rotary frequencies and their scalings: every tensor is float32, every plain number a double

def plain_freqs(head_dim, theta):
    return 1.0 / (theta ** (torch.arange(0, head_dim, 2).float() / head_dim))


def linear_freqs(head_dim, theta, factor=4.0):
    return plain_freqs(head_dim, theta) / factor


def ntk_freqs(head_dim, theta, factor=4.0):
    return plain_freqs(head_dim, theta * factor ** (head_dim / (head_dim - 2)))


def llama3_freqs(head_dim, theta, factor=8.0, low=1.0, high=4.0, old_len=8192):
    freqs = plain_freqs(head_dim, theta)
    wavelen = 2 * math.pi / freqs
    smooth = (old_len / wavelen - low) / (high - low)
    between = (1 - smooth) * freqs / factor + smooth * freqs
    slow = torch.where(wavelen > old_len / low, freqs / factor, between)
    return torch.where(wavelen < old_len / high, freqs, slow)


def yarn_range(head_dim, theta, original, beta_fast, beta_slow):
    """First and last pair of the ramp: those that turn beta_fast and beta_slow times in `original` positions."""
    def pair(turns):
        return head_dim * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))
    return max(math.floor(pair(beta_fast)), 0), min(math.ceil(pair(beta_slow)), head_dim - 1)


def yarn_freqs(head_dim, theta, factor=40.0, original=4096, beta_fast=32, beta_slow=1):
    freqs = plain_freqs(head_dim, theta)
    low, high = yarn_range(head_dim, theta, original, beta_fast, beta_slow)
    if low == high:
        high += 0.001
    ramp = torch.clamp((torch.arange(head_dim // 2).float() - low) / (high - low), 0, 1)
    smooth = 1 - ramp
    return freqs / factor * (1 - smooth) + freqs * smooth


def angles(freqs, start, length):
    return torch.outer(torch.arange(start, start + length).float(), freqs)


def turns(freqs, start, length):
    """Each angle as a complex number of length 1, (length, head_dim/2)."""
    angle = angles(freqs, start, length)
    return torch.polar(torch.ones_like(angle), angle)


# --- two layouts of the same rotation; x is (B, T, heads, head_dim)

def as_complex(x):
    return torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))


def rotate_pairs(x, freqs, start):
    """Neighbours (2i, 2i+1) are one complex number."""
    turned = as_complex(x) * turns(freqs, start, x.shape[1])[None, :, None, :]
    return torch.view_as_real(turned).reshape(x.shape)


def rotate_halves(x, freqs, start):
    """Hugging Face: elements i and i + head_dim/2 belong together."""
    angle = angles(freqs, start, x.shape[1])
    angle = torch.cat([angle, angle], dim=-1)[None, :, None, :]
    first, second = x.chunk(2, dim=-1)
    return x * angle.cos() + torch.cat([-second, first], dim=-1) * angle.sin()


def to_halves(weight, heads):
    """Reorder the rows of each head: all even ones, then all odd ones."""
    rows, columns = weight.shape
    return weight.view(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


# --- the attention layer, keeping every intermediate

@dataclasses.dataclass(frozen=True)
class Sizes:
    dim: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    max_batch: int
    max_seq: int
    theta: float = 10000.0


def repeat_kv(x, times):
    """(B, S, kv_heads, hd) -> (B, S, kv_heads * times, hd): each head `times` times in a row."""
    B, S, heads, head_dim = x.shape
    return x[:, :, :, None, :].expand(B, S, heads, times, head_dim).reshape(B, S, heads * times, head_dim)


class Attention(nn.Module):
    """Layers are drawn in the order wq, wk, wv, wo. `rotate` turns q and k before k is cached."""

    def __init__(self, sizes, *, rotate=None, widen=1):
        super().__init__()
        self.sizes, self.rotate = sizes, rotate
        self.wq = nn.Linear(sizes.dim, sizes.n_heads * sizes.head_dim, bias=False)
        self.wk = nn.Linear(sizes.dim, sizes.n_kv_heads * sizes.head_dim, bias=False)
        self.wv = nn.Linear(sizes.dim, sizes.n_kv_heads * sizes.head_dim, bias=False)
        self.wo = nn.Linear(sizes.n_heads * sizes.head_dim, sizes.dim, bias=False)
        for weight in self.parameters():
            weight.mul_(widen)
        self.forget()

    def forget(self):
        sizes = self.sizes
        self.cache_k = torch.zeros(sizes.max_batch, sizes.max_seq, sizes.n_kv_heads, sizes.head_dim)
        self.cache_v = torch.zeros_like(self.cache_k)

    def turned(self, q, k, start):
        freqs = plain_freqs(self.sizes.head_dim, self.sizes.theta)
        return self.rotate(q, freqs, start), self.rotate(k, freqs, start)

    def cached(self, k, v, start):
        """Write k and v behind what is there; everything up to them, for all query heads."""
        B, end = k.shape[0], start + k.shape[1]
        self.cache_k[:B, start:end] = k
        self.cache_v[:B, start:end] = v
        times = self.sizes.n_heads // self.sizes.n_kv_heads
        return repeat_kv(self.cache_k[:B, :end], times), repeat_kv(self.cache_v[:B, :end], times)

    def forward(self, x, start=0):
        """Every intermediate by name; the output is the last."""
        B, T, _ = x.shape
        head_dim = self.sizes.head_dim
        seen = {name: linear(x).view(B, T, -1, head_dim) for name, linear in [("xq", self.wq), ("xk", self.wk), ("xv", self.wv)]}
        q, k, v = seen.values()
        if self.rotate:
            q, k = seen["xq_rotated"], seen["xk_rotated"] = self.turned(q, k, start)

        keys, values = seen["keys"], seen["values"] = self.cached(k, v, start)
        scores = seen["attn_scores"] = torch.matmul(q.transpose(1, 2), keys.transpose(1, 2).transpose(2, 3))
        masked = seen["masked"] = scores.masked_fill(later(start, T), -math.inf)
        weights = seen["attn_weights"] = torch.softmax(masked / math.sqrt(head_dim), dim=-1)

        context = seen["head_context"] = torch.matmul(weights, values.transpose(1, 2))
        combined = seen["combined"] = context.transpose(1, 2).contiguous().view(B, T, -1)
        seen["cache_k"], seen["cache_v"] = self.cache_k.clone(), self.cache_v.clone()
        seen["output"] = self.wo(combined)
        return seen


def later(start, length):
    """(length, start + length), True where a key comes after the query at start + row."""
    return torch.arange(start + length)[None, :] > start + torch.arange(length)[:, None]


# --- checks that the numbers deserve to be called a reference

def same(a, b, limit, what):
    gap = (a - b).abs().max().item()
    assert a.shape == b.shape and gap <= limit, f"{what}: shapes {tuple(a.shape)} and {tuple(b.shape)}, difference {gap:.3g} > {limit}"


def check_fused(layer, seen, what):
    """PyTorch's own attention function and its own way to repeat heads, from the same projections."""
    q, k = seen.get("xq_rotated", seen["xq"]), seen.get("xk_rotated", seen["xk"])
    times = layer.sizes.n_heads // layer.sizes.n_kv_heads
    k, v = [x.repeat_interleave(times, dim=2).transpose(1, 2) for x in (k, seen["xv"])]
    heads = nn.functional.scaled_dot_product_attention(q.transpose(1, 2), k, v, is_causal=True)
    same(layer.wo(heads.transpose(1, 2).flatten(2)), seen["output"], 1e-5, f"{what} and scaled_dot_product_attention")


def check_shapes(seen, sizes, B, T, what):
    H, Hkv, hd = sizes.n_heads, sizes.n_kv_heads, sizes.head_dim
    wanted = {"xq": (B, T, H, hd), "xk": (B, T, Hkv, hd), "keys": (B, T, H, hd), "attn_weights": (B, H, T, T), "output": (B, T, sizes.dim),
              "cache_k": (sizes.max_batch, sizes.max_seq, Hkv, hd)}
    for name, shape in wanted.items():
        assert seen[name].shape == shape, f"{what}: {name} is {tuple(seen[name].shape)}, not {shape}"


# --- the files of tensors

def prefixed(prefix, tensors):
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def drawn(sizes, rotate=None):
    torch.manual_seed(SEED)
    x = torch.randn(2, 7, sizes.dim)
    return x, Attention(sizes, rotate=rotate, widen=2)


def in_pieces(layer, x, lengths=(3, 2, 1, 1)):
    layer.forget()
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return [layer(x[:, start:start + length], start) for start, length in zip(starts, lengths)]


def whole_and_pieces(sizes, rotate, what):
    """The layer, and all its numbers: once in one go, once in pieces of 3, 2, 1 and 1 tokens."""
    x, layer = drawn(sizes, rotate)
    whole, pieces = layer(x), in_pieces(layer, x)
    together = torch.cat([piece["output"] for piece in pieces], dim=1)

    same(together, whole["output"], 1e-5, f"{what}: pieces and prefill")
    same(pieces[-1]["cache_k"], whole["cache_k"], 1e-5, f"{what}: cache after the pieces and after the prefill")
    check_shapes(whole, sizes, 2, 7, what)
    check_fused(layer, whole, what)
    tensors = {"x": x, **layer.state_dict(), **prefixed("prefill", whole), **prefixed("chunk", pieces[1]), **prefixed("step", pieces[-1])}
    return layer, {**tensors, "pieces.output": together}


def other_heads(sizes, n_kv_heads, name):
    """As many key heads as query heads (MHA), or one for all (MQA): weights and output."""
    sizes = dataclasses.replace(sizes, n_kv_heads=n_kv_heads)
    x, layer = drawn(sizes)
    seen = layer(x)
    check_shapes(seen, sizes, 2, 7, name)
    check_fused(layer, seen, name)
    return prefixed(name, {**layer.state_dict(), "output": seen["output"]})


def chapter_5():
    sizes = Sizes(dim=12, n_heads=6, n_kv_heads=2, head_dim=5, max_batch=3, max_seq=9)
    _, tensors = whole_and_pieces(sizes, None, "chapter 5")
    return {**tensors, **other_heads(sizes, 6, "mha"), **other_heads(sizes, 1, "mqa")}


def hugging_face(layer, x):
    """The same layer with its rows in the half-split order, under the names of such checkpoints."""
    sizes = layer.sizes
    halves = Attention(sizes, rotate=rotate_halves)
    weights = {"wq.weight": to_halves(layer.wq.weight, sizes.n_heads), "wk.weight": to_halves(layer.wk.weight, sizes.n_kv_heads),
               "wv.weight": layer.wv.weight, "wo.weight": layer.wo.weight}
    halves.load_state_dict(weights)
    seen = halves(x)
    renamed = {f"{name[1]}_proj.weight": weight for name, weight in weights.items()}
    return prefixed("hf", {**renamed, **{name: seen[name] for name in ("xq_rotated", "xk_rotated", "output")}})


def scalings():
    makers = {"plain": plain_freqs, "linear": linear_freqs, "ntk": ntk_freqs, "llama3": llama3_freqs, "yarn": yarn_freqs}
    return {f"freqs_{name}.{head_dim}": make(head_dim, theta)
            for head_dim, theta in [(8, 10000.0), (128, 500000.0)] for name, make in makers.items()}


def chapter_6():
    sizes = Sizes(dim=12, n_heads=6, n_kv_heads=2, head_dim=6, max_batch=3, max_seq=9)
    layer, tensors = whole_and_pieces(sizes, rotate_pairs, "chapter 6")
    freqs = plain_freqs(sizes.head_dim, sizes.theta)
    rotary = {"freqs": freqs, "freqs_complex": torch.view_as_real(turns(freqs, 0, sizes.max_seq))}

    other = hugging_face(layer, tensors["x"])
    same(other["hf.output"], tensors["prefill.output"], 1e-6, "chapter 6: half-split and interleaved layout")
    return {**tensors, **rotary, **other, **scalings()}


# --- the prints of the walks: (name, tensor) in order

def walk_layer(rotate=None, **heads):
    torch.manual_seed(WALK_SEED)
    x = torch.randn(1, 3, 6)
    layer = Attention(Sizes(dim=6, max_batch=2, max_seq=6, **heads), rotate=rotate)
    return x, layer, torch.randn(1, 1, 6)


def walk_5():
    x, layer, fourth = walk_layer(n_heads=4, n_kv_heads=2, head_dim=2)
    seen = {"x": x, "wk.weight": layer.wk.weight, **layer(x)}
    seen["cache_k[:1]"] = seen["cache_k"][:1]
    for name in ("x", "wk.weight", "xq", "xk", "xv", "keys", "attn_scores", "masked", "attn_weights", "head_context", "output", "cache_k[:1]"):
        yield name, seen[name]

    step = layer(fourth, 3)
    for name in ("xq", "attn_weights", "output"):
        yield f"step.{name}", step[name]


def walk_6():
    x, layer, fourth = walk_layer(rotate_pairs, n_heads=2, n_kv_heads=1, head_dim=4)
    freqs = plain_freqs(4, layer.sizes.theta)
    seen = layer(x)
    seen |= {"freqs": freqs, "freqs_complex": turns(freqs, 0, 5), "xq_complex": as_complex(seen["xq"])}
    for name in ("freqs", "freqs_complex", "xq", "xq_complex", "xq_rotated", "xk_rotated", "attn_scores", "attn_weights", "output"):
        yield name, seen[name]

    step = layer(fourth, 3)
    for name in ("xq_rotated", "attn_weights", "output"):
        yield f"step.{name}", step[name]


# --- writing the files: a reader never meets half of one

def write(path, content):
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)
    print(f"{path.name}: {len(content):,} bytes, PyTorch {torch.__version__}")


def write_tensors(path, tensors):
    for name, tensor in tensors.items():
        assert tensor.dtype in (torch.float32, torch.float8_e4m3fn), f"{name} is {tensor.dtype}"
    apart = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    write(path, save(apart, metadata={"torch": torch.__version__}))


def as_print(chapter, name, tensor):
    """A print in the form of notebook_prints.json; cell 0 says that no notebook has it."""
    torch.set_printoptions(profile="default")
    return {"chapter": chapter, "cell": 0, "name": name, "text": str(tensor.detach())}


def write_entries(path, about, entries):
    """One print a line."""
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    write(path, f'{{"about": {json.dumps(about)}, "prints": [\n{lines}\n]}}\n'.encode("ascii"))


def write_prints(path, walks):
    """New prints for the chapters of `walks`; those of other chapters stay."""
    old = json.loads(path.read_text())["prints"] if path.exists() else []
    kept = [entry for entry in old if entry["chapter"] not in walks]
    new = [as_print(chapter, name, tensor) for chapter, prints in walks.items() for name, tensor in prints]
    about = f"What PyTorch {torch.__version__} prints for the tensors of the walks through chapters 5 and later."
    write_entries(path, about, sorted(kept + new, key=lambda entry: entry["chapter"]))


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder to write to (default: the folder of this file)")
    options = parser.parse_args()

    torch.set_num_threads(1)  # more threads split sums elsewhere: other last bits
    write_tensors(options.out / "chapter_5_gqa.safetensors", chapter_5())
    write_tensors(options.out / "chapter_6_rope.safetensors", chapter_6())
    write_prints(options.out / "torch_prints.json", {5: walk_5(), 6: walk_6()})


if __name__ == "__main__":
    main()

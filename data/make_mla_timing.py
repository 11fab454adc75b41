#!/usr/bin/env python3
"""Time one decode step of multi-head latent attention in PyTorch, at the size of a layer of DeepSeek-V2-Lite.

Both forms as einsums, the usual way to write them: naive keeps every head's keys and values, absorbed one latent.
Weights, caches and token are those of tests/benchmarks/latent_decode.cpp, number by number; batch 1, float32.
Prints one line of JSON: the median time of a call, and how large the process ever was (its weights and its
cache included; `after_import_mib` is PyTorch alone). One case for each process, since memory only grows.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import einsum, nn
from torch.nn.functional import rms_norm

DIM, N_HEADS, KV_LORA_RANK, NOPE, ROPE, V, THETA = 2048, 16, 512, 128, 64, 128, 10000.0

# B = batch, T = new tokens (t in einsums), S = tokens so far (s), H = heads (h), c = kv_lora_rank


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def turns(length):
    freqs = 1.0 / (THETA ** (torch.arange(0, ROPE, 2).float() / ROPE))
    angle = torch.outer(torch.arange(length).float(), freqs)
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x, turned):
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turned[None, :, None, :]).reshape(x.shape)


class Layer:
    """What both forms have in common; `sizes` are those of the two caches, behind (1, max_seq)."""

    def __init__(self, context, *sizes):
        self.wq, self.wkv_a, self.wkv_b, self.wo = [
            nn.Linear(wide, out, bias=False) for wide, out in
            ((DIM, N_HEADS * (NOPE + ROPE)), (DIM, KV_LORA_RANK + ROPE), (KV_LORA_RANK, N_HEADS * (NOPE + V)), (N_HEADS * V, DIM))]
        self.kv_norm = torch.ones(KV_LORA_RANK)
        self.turned = turns(context + 1)
        # as if earlier tokens had been here
        self.caches = [torch.zeros(1, context + 1, *size) for size in sizes]
        for cache in self.caches:
            cache[:, :context].uniform_(-1, 1)

    def project(self, x, start):
        """The two parts of the queries (B, T, H, ...), the latent (B, T, c) and the shared k_pe (B, T, rope)."""
        turned = self.turned[start:start + x.shape[1]]
        q_nope, q_pe = self.wq(x).unflatten(-1, (N_HEADS, -1)).split([NOPE, ROPE], dim=-1)
        kv, k_pe = self.wkv_a(x).split([KV_LORA_RANK, ROPE], dim=-1)
        return q_nope, rotate(q_pe, turned), rms_norm(kv, (KV_LORA_RANK,), self.kv_norm, 1e-6), rotate(k_pe[:, :, None], turned)[:, :, 0]

    def keep(self, start, *fresh):
        """Writes what belongs to the new tokens; all so far, as slices that copy nothing."""
        stop = start + fresh[0].shape[1]
        for cache, new in zip(self.caches, fresh):
            cache[:, start:stop] = new
        return [cache[:, :stop] for cache in self.caches]


def weigh(scores):
    return torch.softmax(scores * (NOPE + ROPE) ** -0.5, dim=-1)  # one new token sees all: no mask


class Naive(Layer):
    def __init__(self, context):
        super().__init__(context, (N_HEADS, NOPE + ROPE), (N_HEADS, V))

    def __call__(self, x, start):
        q_nope, q_pe, kv, k_pe = self.project(x, start)
        k_nope, v = self.wkv_b(kv).unflatten(-1, (N_HEADS, -1)).split([NOPE, V], dim=-1)
        k = torch.cat([k_nope, k_pe[:, :, None].expand(-1, -1, N_HEADS, -1)], dim=-1)
        keys, values = self.keep(start, k, v)
        scores = einsum("bthd,bshd->bths", torch.cat([q_nope, q_pe], dim=-1), keys)
        return self.wo(einsum("bths,bshd->bthd", weigh(scores), values).flatten(2))


class Absorbed(Layer):
    def __init__(self, context):
        super().__init__(context, (KV_LORA_RANK,), (ROPE,))

    def __call__(self, x, start):
        q_nope, q_pe, kv, k_pe = self.project(x, start)
        latents, turned_k_pe = self.keep(start, kv, k_pe)
        w_uk, w_uv = self.wkv_b.weight.unflatten(0, (N_HEADS, -1)).split([NOPE, V], dim=1)
        q_absorbed = einsum("bthd,hdc->bthc", q_nope, w_uk)
        scores = einsum("bthc,bsc->bths", q_absorbed, latents) + einsum("bthr,bsr->bths", q_pe, turned_k_pe)
        context_latent = einsum("bths,bsc->bthc", weigh(scores), latents)
        return self.wo(einsum("bthc,hdc->bthd", context_latent, w_uv).flatten(2))


# name: (form, tokens that are in the cache already)
CASES = {f"{name}-{context}": (form, context) for name, form in (("naive", Naive), ("absorbed", Absorbed))
         for context in (4096, 16384)}


def seconds(layer, x, start):
    began = time.perf_counter()
    layer(x, start)
    return time.perf_counter() - began


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, default="absorbed-4096", help="what to time (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="torch.set_num_threads (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="timed calls, after one that is not (default: %(default)s)")
    options = parser.parse_args()

    after_import = peak_mib()
    torch.set_num_threads(options.threads)
    torch.manual_seed(123)
    form, context = CASES[options.case]
    layer, x = form(context), torch.randn(1, 1, DIM)

    output = layer(x, context)
    times = [seconds(layer, x, context) for _ in range(options.runs)]
    per_token = sum(cache.nbytes for cache in layer.caches) // (context + 1)
    print(json.dumps({"case": options.case, "threads": options.threads, "runs": options.runs,
                      "median_s": round(statistics.median(times), 6), "min_s": round(min(times), 6), "peak_rss_mib": round(peak_mib(), 1),
                      "after_import_mib": round(after_import, 1), "cache_bytes_per_token": per_token,
                      "output_0": output[0, 0, 0].item(), "torch": torch.__version__}))


if __name__ == "__main__":
    main()

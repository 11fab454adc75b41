#!/usr/bin/env python3
"""Time one attention layer of Llama 3 8B's size in PyTorch: dim 4096, 32 heads, 8 of them for keys, head_dim 128.

The layer is the plain one: RoPE, cache, repeat_kv, matmul, softmax, matmul; random weights, batch 1, float32.
Prints one line of JSON: the median time of a call, and how large the process ever was (its weights and its
cache included; `after_import_mib` is PyTorch alone). One case for each process, since memory only grows.
"""

import argparse
import json
import math
import resource
import statistics
import time

import torch
from torch import nn

DIM, N_HEADS, N_KV_HEADS, HEAD_DIM, THETA = 4096, 32, 8, 128, 500000.0

# name: (start_pos, new tokens)
CASES = {"prefill-512": (0, 512), "decode-4096": (4096, 1), "decode-16384": (16384, 1)}


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def turns(length):
    freqs = 1.0 / (THETA ** (torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM))
    angle = torch.outer(torch.arange(length).float(), freqs)
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x, turned):
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turned[None, :, None, :]).reshape(x.shape)


def repeat_kv(x):
    """(B, S, 8, hd) -> (B, S, 32, hd)"""
    B, S, heads, head_dim = x.shape
    return x[:, :, :, None, :].expand(B, S, heads, N_HEADS // heads, head_dim).reshape(B, S, N_HEADS, head_dim)


class Layer:
    def __init__(self, max_seq):
        self.wq, self.wk, self.wv = [nn.Linear(DIM, heads * HEAD_DIM, bias=False) for heads in (N_HEADS, N_KV_HEADS, N_KV_HEADS)]
        self.wo = nn.Linear(N_HEADS * HEAD_DIM, DIM, bias=False)
        # as if earlier tokens had been here
        self.cache_k, self.cache_v = [torch.randn(1, max_seq, N_KV_HEADS, HEAD_DIM) for _ in range(2)]
        self.turned = turns(max_seq)

    def __call__(self, x, start):
        B, T, _ = x.shape
        q, k, v = [linear(x).view(B, T, -1, HEAD_DIM) for linear in (self.wq, self.wk, self.wv)]
        turned = self.turned[start:start + T]
        self.cache_k[:B, start:start + T] = rotate(k, turned)
        self.cache_v[:B, start:start + T] = v

        keys, values = [repeat_kv(cache[:B, :start + T]).transpose(1, 2) for cache in (self.cache_k, self.cache_v)]
        scores = torch.matmul(rotate(q, turned).transpose(1, 2), keys.transpose(2, 3)) / math.sqrt(HEAD_DIM)
        if T > 1:
            scores.masked_fill_(torch.arange(start + T)[None, :] > start + torch.arange(T)[:, None], -math.inf)
        context = torch.matmul(torch.softmax(scores, dim=-1), values)
        return self.wo(context.transpose(1, 2).reshape(B, T, -1))


def seconds(layer, x, start):
    began = time.perf_counter()
    layer(x, start)
    return time.perf_counter() - began


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, default="prefill-512", help="what to time (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="torch.set_num_threads (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="timed calls, after one that is not (default: %(default)s)")
    options = parser.parse_args()

    after_import = peak_mib()
    torch.set_num_threads(options.threads)
    torch.manual_seed(123)
    start, length = CASES[options.case]
    layer, x = Layer(start + length), torch.randn(1, length, DIM)

    layer(x, start)
    times = [seconds(layer, x, start) for _ in range(options.runs)]
    print(json.dumps({"case": options.case, "threads": options.threads, "runs": options.runs,
                      "median_s": round(statistics.median(times), 6), "min_s": round(min(times), 6), "peak_rss_mib": round(peak_mib(), 1),
                      "after_import_mib": round(after_import, 1), "torch": torch.__version__}))


if __name__ == "__main__":
    main()

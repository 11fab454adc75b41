"""What this card does at best, today: a copy within its memory, and a bf16 matmul of random numbers."""

import torch

from shared.progress import say
from shared.work import Roofs


def measure(clock, random, quick):
    say("measuring the roofs: a copy and a matmul ...")
    copied, side = (2 ** 28, 4096) if quick else (2 ** 31, 8192)
    source = random(torch.bfloat16, copied // 2)
    target = torch.empty_like(source)
    a, b = random(torch.bfloat16, side, side), random(torch.bfloat16, side, side)
    product = torch.empty_like(a)
    times = clock.compare({"copy": [lambda: target.copy_(source)], "matmul": [lambda: torch.matmul(a, b, out=product)]})
    return Roofs(bytes_per_second=2 * copied / times["copy"].median, flops_per_second=2 * side ** 3 / times["matmul"].median)


def described(roofs, quick):
    copied, side = ("0.25 GiB", 4096) if quick else ("2 GiB", 8192)
    return (f"copy of {copied}, read and write counted: {roofs.bytes_per_second / 1e12:.2f} TB/s; "
            f"{side}^3 matmul, bf16: {roofs.flops_per_second / 1e12:.0f} TFLOP/s")

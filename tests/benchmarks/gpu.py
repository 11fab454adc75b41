#!/usr/bin/env python3
"""Times the CUDA kernels of chapters 5, 6 and 7 beside PyTorch's own, on a machine with an NVIDIA GPU.

First each rung of the ladders is compared with a float64 result on fresh random inputs; what is wrong is not timed.
Then rungs and peers are timed in turn, 30 samples each, and set against the roofs of the same card: how fast it copies
and how fast it multiplies, measured first. Tables go to standard output, progress to standard error.
"""

import argparse
import datetime
import os
import pathlib
import platform
import random as python_random
import shlex
import subprocess
import sys

from shared.problem import Problem, one_line
from shared.progress import say

KINDS = ("decode", "prefill", "rope", "latent")
EXAMPLES = """examples:
  python3 tests/benchmarks/gpu.py                       all sizes; the first run builds the kernels for this GPU
  python3 tests/benchmarks/gpu.py --quick               small sizes: does everything work?
  python3 tests/benchmarks/gpu.py --only latent --only rope
  python3 tests/benchmarks/gpu.py --markdown > gpu.md   the tables for docs/performance.md
  python3 tests/benchmarks/gpu.py --emulated            no GPU: the same checks on the emulator, nothing is timed

exit status: 0 all rungs are right; 1 one is wrong or failed, and was not timed; 2 nothing could be measured"""


def command_line(arguments):
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, whose figures say little")
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help=f"one of {', '.join(KINDS)}; may be repeated")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--emulated", action="store_true", help="kernels on the CPU, in the emulator, at tiny sizes")
    parser.add_argument("--seed", type=int, help="of the random inputs (default: another one each time, which is printed)")
    options = parser.parse_args(arguments)
    if options.emulated and options.quick:
        parser.error("--emulated has sizes of its own: leave out --quick")
    return options


def import_torch():
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own diary
    try:
        import torch
    except ImportError:
        raise Problem(f"{sys.executable} has no PyTorch: install torch, or run this with an interpreter that has it") from None
    return torch


def cases(options):
    from gpu.decode_case import DecodeCase
    from gpu.latent_case import LatentCase
    from gpu.prefill_case import PrefillCase
    from gpu.rope_case import RopeCase

    if options.emulated:
        chosen = [DecodeCase(2, 6, 2, 77, 16), PrefillCase(2, 6, 2, 37, 16), RopeCase(2, 6, 2, 5, 16),
                  LatentCase(2, 5, 41, latent=32, rope=32)]
    elif options.quick:
        chosen = [DecodeCase(4, 32, 8, 1024, 128), PrefillCase(1, 32, 8, 1024, 128), RopeCase(1, 32, 8, 512, 128), LatentCase(2, 16, 4096)]
    else:
        chosen = [DecodeCase(32, 32, 8, 4096, 128), DecodeCase(1, 32, 8, 16384, 128),
                  PrefillCase(1, 64, 8, 2048, 128), PrefillCase(1, 64, 8, 8192, 128),
                  RopeCase(1, 32, 8, 8192, 128),
                  *[LatentCase(batch, heads, 8192) for batch in (128, 1) for heads in (16, 128)]]
    return [case for case in chosen if not options.only or case.kind in options.only]


class Bench:
    """The device, its kernels, its roofs."""

    def __init__(self, torch, options):
        from gpu import build
        from gpu.kernels import Kernels

        self.torch, self.options = torch, options
        self.seed = options.seed if options.seed is not None else python_random.SystemRandom().randrange(2 ** 31)
        self.device = torch.device("cpu" if options.emulated else "cuda")
        self.generator = torch.Generator(self.device).manual_seed(self.seed)
        self.clock = self.roofs = None
        self.cache_bytes = 0
        if options.emulated:
            library = build.build_emulated()
        else:
            library = build.build_for_gpu(torch.cuda.get_device_capability(), pathlib.Path(torch.__file__).parents[1])
        self.kernels = Kernels(library, self.device)
        if not options.emulated:
            self.start_clock()

    def start_clock(self):
        from gpu import roofs
        from gpu.clock import Clock

        properties = self.torch.cuda.get_device_properties(0)
        self.cache_bytes = getattr(properties, "L2_cache_size", 64 * 2 ** 20)
        self.clock = Clock(self.cache_bytes)
        self.roofs = roofs.measure(self.clock, self.random, self.options.quick)

    def random(self, dtype, *sizes):
        return self.torch.randn(sizes, generator=self.generator, device=self.device).to(dtype)

    def header(self):
        torch, options = self.torch, self.options
        command = "python3 tests/benchmarks/gpu.py " + shlex.join(sys.argv[1:])
        lines = [f"{datetime.date.today().isoformat()}, `{command.strip()}`, seed {self.seed}"]
        if options.emulated:
            return lines + [f"the emulator on {platform.machine()}, PyTorch {torch.__version__} on the CPU: nothing is timed"]
        from gpu import build, roofs
        return lines + [
            f"{torch.cuda.get_device_name(0)}, L2 {self.cache_bytes / 2 ** 20:.0f} MiB, driver {driver_version()}, PyTorch {torch.__version__}, "
            f"CUDA {torch.version.cuda} (PyTorch's), {build.nvcc_version()} (nvcc's), cuDNN {torch.backends.cudnn.version()}",
            "Roofs: " + roofs.described(self.roofs, options.quick)]


def driver_version():
    try:
        said = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True)
        return said.stdout.splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def show(measured, bench):
    """A case's table, and below it which kernels its peers ran."""
    from gpu.table import render

    markdown = bench.options.markdown
    print(f"\n{'### ' if markdown else ''}{measured.case.name}" + "\n" * markdown)
    print(render(measured.rows, bench.roofs, markdown), flush=True)
    ran = [f"- {who}: {', '.join(names)}" for who, names in measured.kernels.items() if names]
    if ran:
        print("\nKernels that the peers ran:", *ran, sep="\n", flush=True)


def run(options):
    torch = import_torch()
    if not options.emulated and not torch.cuda.is_available():
        raise Problem("PyTorch sees no GPU: run this where there is one, or with --emulated, which times nothing")
    from gpu.measure_case import measure_case

    torch.set_grad_enabled(False)
    stream = None if options.emulated else torch.cuda.Stream()
    wrong = False
    # Not the default stream: on that one CUDA cannot record graphs.
    with torch.cuda.stream(stream):
        try:
            bench = Bench(torch, options)
        except torch.cuda.OutOfMemoryError:
            raise Problem("the GPU has too little memory free to measure its roofs: is somebody else using it? --quick needs less") from None
        print(*bench.header(), sep="\n" * (1 + options.markdown), flush=True)
        for case in cases(options):
            try:
                measured = measure_case(case, bench.kernels, bench.random, bench.clock, bench.cache_bytes)
            except torch.cuda.OutOfMemoryError:
                say(f"{case.name}: skipped, its inputs do not fit into the GPU's memory")
                continue
            show(measured, bench)
            wrong |= measured.is_wrong
    if wrong:
        say("at least one rung is wrong or failed: see its row")
    return 1 if wrong else 0


def main():
    options = command_line(sys.argv[1:])
    try:
        return run(options)
    except Problem as problem:
        say(problem)
        return 2
    except RuntimeError as error:  # an error of the GPU itself: nothing runs on it after that
        if "CUDA" not in str(error):
            raise
        say(one_line(error))
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())

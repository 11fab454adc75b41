#!/usr/bin/env python3
"""Measure the figures of docs/performance.md: build times, and chapters against PyTorch.

Times of different programs are taken in turn, in one run, and given as ratios: the machine's mood
is then the same for both. Needs PyTorch only for --python, the interpreter that has it.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure_layers import measure_latent, measure_llama

ROOT = pathlib.Path(__file__).resolve().parent.parent
WALK_CPP = "chapters/03_causal_mask_and_dropout/walk.cpp"


def run(command, **options):
    """Runs a command to its end; returns seconds and peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"measure: this failed: {' '.join(map(str, command))}")
    return seconds, usage.ru_maxrss / 1024


def measure_builds(jobs):
    """What a reader waits for after git clone, after a change, and when nothing has changed."""
    # A compiler cache would measure itself.
    environment = dict(os.environ, CCACHE_DISABLE="1", CMAKE_BUILD_PARALLEL_LEVEL=str(jobs))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="measure-build-"))

    def measure(what, checkout, *arguments):
        before = os.times()
        seconds, _ = run([f"./{checkout}/walk", *arguments], env=environment, cwd=folder, stderr=subprocess.DEVNULL)
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        print(f"{what}: {seconds:.1f} s, {cpu:.1f} s of CPU time")

    try:
        for checkout in ("one", "all"):
            subprocess.run(["git", "clone", "-q", str(ROOT), checkout], cwd=folder, check=True)
        print(f"on {jobs} cores, load {os.getloadavg()[0]:.1f}")
        measure("./walk 1 in a fresh clone", "one", "1")
        measure("./walk in a fresh clone", "all")
        measure("./walk 3, nothing has changed", "all", "3")
        (folder / "all" / WALK_CPP).touch()
        measure("./walk 3 after a change to its walk.cpp", "all", "3")
    finally:
        shutil.rmtree(folder)


def measure_chapter(python, runs):
    """Chapter 3 from start to last line, here and in PyTorch, in turn."""
    ours = [str(ROOT / "build/bin/03_causal_mask_and_dropout"), "--tensors-only"]
    theirs = [python, str(ROOT / "data/make_notebook_prints.py"), "--chapter", "3"]
    run(ours), run(theirs)  # once unmeasured, so that both come from the page cache
    pairs = [(run(ours), run(theirs)) for _ in range(runs)]
    ratios = sorted(b[0] / a[0] for a, b in pairs)
    middle = [[statistics.median(pair[side][figure] for pair in pairs) for figure in (0, 1)] for side in (0, 1)]
    print(f"chapter 3, {runs} runs in turn: here {middle[0][0] * 1000:.1f} ms and {middle[0][1]:.0f} MiB, "
          f"PyTorch {middle[1][0] * 1000:.0f} ms and {middle[1][1]:.0f} MiB")
    print(f"PyTorch / here: time {statistics.median(ratios):.0f} times "
          f"({ratios[0]:.0f} to {ratios[-1]:.0f}), peak memory {middle[1][1] / middle[0][1]:.0f} times")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", help="an interpreter that has PyTorch: compares chapter 3 with it (needs ./walk first)")
    parser.add_argument("--llama", action="store_true",
                        help="with --python: compares a layer of Llama 3 8B's size instead of chapter 3")
    parser.add_argument("--latent", action="store_true",
                        help="with --python: compares a decode step of latent attention, naive and absorbed")
    parser.add_argument("--threads", type=int, default=1, help="for both sides of --llama and --latent (default 1)")
    parser.add_argument("--runs", type=int, default=11, help="pairs of runs (default 11)")
    parser.add_argument("--builds", action="store_true", help="measures builds, without ccache")
    parser.add_argument("--jobs", type=int, default=2, help="cores for the builds (default 2)")
    arguments = parser.parse_args()
    if not arguments.python and not arguments.builds:
        parser.error("nothing to measure: give --builds, --python PATH or both")
    if (arguments.llama or arguments.latent) and not arguments.python:
        parser.error("--llama and --latent need --python PATH, an interpreter that has PyTorch")
    if arguments.builds:
        measure_builds(arguments.jobs)
    if arguments.llama:
        measure_llama(arguments.python, arguments.runs, arguments.threads)
    if arguments.latent:
        measure_latent(arguments.python, arguments.runs, arguments.threads)
    if arguments.python and not arguments.llama and not arguments.latent:
        measure_chapter(arguments.python, arguments.runs)


if __name__ == "__main__":
    main()

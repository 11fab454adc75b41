"""The memory that a prefill needs beside its inputs and its output. A program of its own counts it."""

import json
import os
import subprocess

from cpu.goals import Goal, Outcome, Ratio
from shared.problem import Problem

TOKENS = (512, 2048, 8192)
MIB = 2 ** 20


def measure(program, threads, quick):
    """The Outcomes, and what the program has said."""
    tokens = (64, 128) if quick else TOKENS
    ended = subprocess.run([program, *map(str, tokens)], capture_output=True, text=True,
                           env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    if ended.returncode != 0:
        raise Problem(f"{program.name} failed: {ended.stderr.strip()}")
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    return [Outcome(f"prefill {one['tokens']}", Goal("scratch memory, MiB a thread", 4, None, at_most=True),
                    Ratio((one["bytes"] / one["threads"] / MIB,))) for one in said], said

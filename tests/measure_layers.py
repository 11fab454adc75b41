"""Layers of the size of real models, lesson code and PyTorch in turn: measure.py --llama and --latent."""

import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def one_line_of_json(command, threads):
    """Runs a command that prints one line of JSON, and returns what it says."""
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=str(threads))
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if process.returncode != 0:
        sys.exit(f"measure: this failed: {' '.join(map(str, command))}")
    return json.loads(process.stdout)


class Turns:
    """What benchmark `target` and PyTorch's `script` say for each case: `rounds` processes each, all in turn."""

    def __init__(self, target, script, cases, python, rounds, threads):
        subprocess.run(["cmake", "--build", str(ROOT / "build"), "--target", target], check=True, stdout=subprocess.DEVNULL)
        here = [str(ROOT / "build/bin" / target)]
        pytorch = [python, str(ROOT / "data" / script), "--threads", str(threads)]
        self.said = {case: ([], []) for case in cases}
        for _ in range(rounds):
            for case, sides in self.said.items():
                for side, command in zip(sides, (here, pytorch)):
                    side.append(one_line_of_json(command + ["--case", case, "--runs", "5"], threads))

    def values(self, case, side, name):
        return [said[name] for said in self.said[case][side]]

    def middle(self, case, side, name="median_s"):
        return statistics.median(self.values(case, side, name))

    def ratio(self, above, below):
        """Of the times of two (case, side), round by round."""
        ratios = sorted(a / b for a, b in zip(self.values(*above, "median_s"), self.values(*below, "median_s")))
        return f"{statistics.median(ratios):.2f} times ({ratios[0]:.2f} to {ratios[-1]:.2f})"

    def print_table(self):
        print("| case | here | PyTorch | time: here / PyTorch | peak memory: here / PyTorch | the same without PyTorch's own |")
        print("|---|---|---|---|---|---|")
        for case in self.said:
            here, pytorch = [self.middle(case, side, "peak_rss_mib") for side in (0, 1)]
            figures = [f"{1000 * self.middle(case, side):.1f} ms, {peak:.0f} MiB" for side, peak in ((0, here), (1, pytorch))]
            imported = self.middle(case, 1, "after_import_mib")
            print(f"| {case} | {figures[0]} | {figures[1]} | {self.ratio((case, 0), (case, 1))} "
                  f"| {here / pytorch:.2f} times | {here / (pytorch - imported):.2f} times without {imported:.0f} MiB |")


def measure_llama(python, rounds, threads):
    """One layer of Llama 3 8B's size: chapter 6's lesson code and PyTorch."""
    cases = ("prefill-512", "decode-4096", "decode-16384")
    turns = Turns("llama_layer_benchmark", "make_llama_timing.py", cases, python, rounds, threads)
    print(f"A layer of Llama 3 8B, {rounds} rounds in turn, threads {threads}:")
    turns.print_table()


def measure_latent(python, rounds, threads):
    """One decode step of latent attention: chapter 7's two forms and PyTorch's."""
    contexts = (4096, 16384)
    cases = [f"{form}-{context}" for context in contexts for form in ("naive", "absorbed")]
    turns = Turns("latent_decode_benchmark", "make_mla_timing.py", cases, python, rounds, threads)
    for case in cases:
        here, pytorch = [turns.middle(case, side, "output_0") for side in (0, 1)]
        if not math.isclose(here, pytorch, abs_tol=1e-6):
            sys.exit(f"measure: {case} is not the same computation: it gives {here} here and {pytorch} in PyTorch")

    print(f"One decode step of latent attention, {rounds} rounds in turn, threads {threads}:")
    turns.print_table()
    for context in contexts:
        naive, absorbed = f"naive-{context}", f"absorbed-{context}"
        sides = [turns.ratio((naive, side), (absorbed, side)) for side in (0, 1)]
        print(f"{context} tokens, time naive / absorbed: here {sides[0]}, PyTorch {sides[1]}")
    for side, name in ((0, "here"), (1, "PyTorch")):
        naive, absorbed = [turns.middle(case, side, "cache_bytes_per_token") for case in cases[:2]]
        print(f"cache of one token, counted from the buffers, {name}: naive {naive:.0f} bytes, absorbed {absorbed:.0f} bytes, "
              f"{naive / absorbed:.2f} times")

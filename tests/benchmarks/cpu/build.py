"""Builds the chapters as a shared library, in a build folder of its own: only there is the code position-independent."""

import pathlib
import subprocess

from shared.problem import Problem, first_error
from shared.progress import say

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "build/cpu_benchmark"
OPTIONS = ["-DCMAKE_BUILD_TYPE=Release", "-DATTN_KERNELS=OFF", "-DBUILD_TESTING=OFF", "-DATTN_CUDA=off", "-DATTN_CPU_BENCHMARK=ON",
           "-DCMAKE_POSITION_INDEPENDENT_CODE=ON",
           "-DCMAKE_CXX_FLAGS=-fno-semantic-interposition"]  # functions are inlined as in the programs


def run(command, what):
    try:
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        raise Problem(f"{command[0]} is not on the PATH: ./walk doctor shows how to install it") from None
    if ended.returncode != 0:
        raise Problem(f"{what} failed; its first error: {first_error(ended.stderr + ended.stdout)}")


def build(jobs):
    """The library and the program that counts scratch memory."""
    say(f"building {FOLDER.relative_to(ROOT)}; the first time takes some minutes ...")
    run(["cmake", "-S", ROOT, "-B", FOLDER, *OPTIONS], "preparing the build")
    run(["cmake", "--build", FOLDER, "-j", str(jobs), "--target", "cpu_benchmark", "--target", "scratch_memory"], "the build")
    return FOLDER / "bin/libcpu_benchmark.so", FOLDER / "bin/scratch_memory"

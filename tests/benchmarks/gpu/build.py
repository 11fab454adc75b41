"""Builds kernels_c.cu as a shared library, for a GPU or from the emulator. What is newer than its sources stays."""

import pathlib
import shutil
import subprocess

from shared.problem import Problem, first_error
from shared.progress import say

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent
FOLDER = ROOT / "build/gpu_benchmark"


def sources():
    """All that goes into it."""
    for folder in (HERE, ROOT / "common/cuda", *sorted((ROOT / "chapters").glob("*/cuda"))):
        yield from (path for path in folder.rglob("*") if path.suffix in (".cu", ".cuh", ".hpp", ".cpp"))


def compile_to(library, command):
    if library.exists() and library.stat().st_mtime > max(path.stat().st_mtime for path in sources()):
        return library
    library.parent.mkdir(parents=True, exist_ok=True)
    say(f"building {library.relative_to(ROOT)}, under a minute ...")
    unfinished = library.with_suffix(".unfinished")
    process = subprocess.run([*command, "-o", unfinished], cwd=ROOT, capture_output=True, text=True)
    if process.returncode != 0:
        raise Problem(f"{command[0]} could not compile kernels_c.cu; its first error: {first_error(process.stderr)}")
    unfinished.replace(library)
    return library


def find(program, *more_places, install):
    path = next((found for found in (shutil.which(place) for place in (program, *more_places)) if found), None)
    if not path:
        raise Problem(f"{program} is not on the PATH: install {install}")
    return path


def find_nvcc():
    return find("nvcc", "/usr/local/cuda/bin/nvcc", install="the CUDA Toolkit")


def cublas(nvcc, packages):
    """What links cuBLAS: the toolkit's, or where it has none, the one that pip has brought with PyTorch."""
    toolkit = pathlib.Path(nvcc).resolve().parents[1]
    if (toolkit / "include/cublas_v2.h").exists():
        return ["-lcublas", "-Xlinker", f"-rpath,{toolkit / 'lib64'}"]
    for header in sorted(packages.glob("nvidia/*/include/cublas_v2.h")):
        for library in sorted((header.parents[1] / "lib").glob("libcublas.so*")):
            return ["-I", header.parent, "-Xlinker", library, "-Xlinker", f"-rpath,{library.parent}"]
    raise Problem(f"cublas_v2.h is neither in {toolkit / 'include'} nor in {packages / 'nvidia'}: install the CUDA Toolkit with cuBLAS")


def build_for_gpu(capability, packages):
    """`capability` is (9, 0) for a Hopper; `packages` is the folder that PyTorch is in."""
    nvcc = find_nvcc()
    architecture = "sm_{}{}".format(*capability)
    return compile_to(FOLDER / f"kernels_{architecture}.so",
                      [nvcc, "-std=c++17", "-O3", f"-arch={architecture}", "-shared", "-Xcompiler", "-fPIC", "-I", ROOT,
                       HERE / "kernels_c.cu", ROOT / "common/cuda/gpu/gpu.cu", ROOT / "common/cuda/host_tensors.cpp",
                       *cublas(nvcc, packages)])


def build_emulated():
    compiler = find("g++", "c++", install="g++")
    return compile_to(FOLDER / "kernels_emulated.so",
                      [compiler, "-std=c++20", "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-DFMT_HEADER_ONLY", "-I", ROOT,
                       "-x", "c++", HERE / "kernels_c.cu", *sorted((ROOT / "common/cuda/emulator").glob("*.cpp")),
                       ROOT / "common/cuda/host_tensors.cpp"])


def nvcc_version():
    said = subprocess.run([find_nvcc(), "--version"], capture_output=True, text=True).stdout
    return said.split("release ")[-1].split(",")[0]

#!/usr/bin/env python3
"""Times chapter 10's attention beside PyTorch and NumPy on this processor, and checks the goals of docs/performance.md.

Each function is first compared with a float64 result on random inputs; a wrong one is not timed. All functions of a
case, and the limits of the machine, are then timed in turn in one process. A ratio is taken within each round.
Tables in Markdown go to standard output, progress to standard error.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import random as python_random
import shlex
import sys

from shared.problem import Problem
from shared.progress import say

KINDS = ("prefill", "decode", "latent", "layer", "scratch")
EXAMPLES = """examples:
  python3 tests/benchmarks/cpu.py --python /path/to/venv/bin/python                  the goals; about 20 minutes
  python3 tests/benchmarks/cpu.py --python /path/to/venv/bin/python --quick          small sizes: does everything work?
  python3 tests/benchmarks/cpu.py --only decode --json decode.json                   this Python has PyTorch

The first run builds the chapters as a library. Other programs that run at the same time change the times.

exit status: 0 all functions are right; 1 one of the chapters' is wrong or failed, and was not timed; 2 nothing could be measured"""


def command_line(arguments):
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", metavar="PATH", help="the interpreter that has PyTorch (default: this one)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="for all functions; the process stays on as many cores (default 2)")
    parser.add_argument("--samples", type=int, default=9, metavar="N", help="of each function, after two calls that are not timed (default 9)")
    parser.add_argument("--quick", action="store_true", help="small sizes, whose times say little")
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help=f"one of {', '.join(KINDS)}; may be repeated")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="every sample, into this file")
    parser.add_argument("--seed", type=int, help="of the random inputs (default: another one each time, which is printed)")
    options = parser.parse_args(arguments)
    usable = sorted(os.sched_getaffinity(0))
    if not 1 <= options.threads <= len(usable):
        parser.error(f"--threads {options.threads}: this process may use {len(usable)} cores; choose 1 to {len(usable)}")
    if options.samples < 1:
        parser.error(f"--samples {options.samples}: at least one is necessary")
    if options.json and not os.access(options.json.resolve().parent, os.W_OK):
        parser.error(f"--json {options.json}: there is no such folder, or you may not write into it")
    options.cores = usable[:options.threads]
    if options.seed is None:
        options.seed = python_random.SystemRandom().randrange(2 ** 31)
    return options


def with_another_python(options):
    """Starts again with the interpreter that has PyTorch."""
    arguments = sys.argv[1:]
    for i, argument in enumerate(arguments):
        if argument == "--python":
            del arguments[i:i + 2]
            break
        if argument.startswith("--python="):
            del arguments[i]
            break
    command = [options.python, str(pathlib.Path(__file__).resolve()), *arguments]
    try:
        os.execv(options.python, command)
    except OSError as error:
        raise Problem(f"--python {options.python} cannot be started: {error.strerror}") from None


def pin(options):
    """Before any library starts its threads. The names are those of PyTorch, MKL, and OpenBLAS here and in NumPy."""
    os.sched_setaffinity(0, options.cores)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)


def import_torch(options):
    try:
        import numpy  # noqa: F401
        import torch
    except ImportError as error:
        raise Problem(f"{sys.executable} has no {error.name}: give --python PATH, an interpreter that has PyTorch and NumPy") from None
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    return torch


def versions(torch):
    import numpy
    return {"python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__,
            "torch_cpu": torch.backends.cpu.get_cpu_capability(), "torch_parallel": torch.__config__.parallel_info(),
            "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY", "not set")}


def header(options, library, torch):
    machine, command = library.machine(), "python3 tests/benchmarks/cpu.py --python PYTHON " + shlex.join(sys.argv[1:])
    return [f"{datetime.date.today().isoformat()}, `{command.strip()}`, seed {options.seed}, {options.samples} samples in turn",
            f"{machine['processor']}, {options.threads} thread{'s' * (options.threads > 1)} on cores {', '.join(map(str, options.cores))}. "
            f"Here: {machine['threads']}, {machine['blas']}, vectors {machine['vectors']}. "
            f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}; {platform.system()} {platform.release()}"]


def run(options):
    pin(options)
    torch = import_torch(options)
    from cpu import scratch
    from cpu.build import build
    from cpu.cases import cases
    from cpu.goals import outcomes
    from cpu.library import Library
    from cpu.measure_case import measure_case
    from cpu.tables import goals_table, times_table

    path, scratch_program = build(len(os.sched_getaffinity(0)))
    library = Library(path, options.threads)
    generator = torch.Generator().manual_seed(options.seed)
    kinds = options.only or KINDS
    lines = header(options, library, torch)
    print(*lines, sep="\n\n", flush=True)

    reached, measured_cases, said = [], [], []
    for make in cases(options.quick, kinds, lambda *sizes: torch.randn(sizes, generator=generator)):
        case = make()
        measured = measure_case(case, library, options.samples)
        measured_cases.append(measured)
        reached += outcomes(case.goals(), measured)
        print(f"\n{case.text}\n\n{times_table(measured, next(iter(measured.timed)))}", flush=True)
        del case  # its tensors are large
    if "scratch" in kinds:
        say("counting scratch memory ...")
        found, said = scratch.measure(scratch_program, options.threads, options.quick)
        reached += found
    print(f"\n{goals_table(reached)}", flush=True)
    if options.json:
        write_json(options, lines, library, versions(torch), measured_cases, reached, said)
    wrong = [f"{measured.work}: {timed.who}" for measured in measured_cases for timed in measured.timed.values()
             if timed.kind == "ours" and timed.failed]
    for words in wrong:
        say(f"{words} is wrong or failed: see its row")
    return 1 if wrong else 0


def write_json(options, lines, library, version, measured_cases, reached, said):
    found = {"header": lines, "date": datetime.date.today().isoformat(), "command": sys.argv, "quick": options.quick,
             "seed": options.seed, "threads": options.threads, "cores": options.cores, "machine": library.machine(),
             "versions": version,
             "cases": [{"work": measured.work, "timed": [vars(timed) for timed in measured.timed.values()]}
                       for measured in measured_cases],
             "scratch": said, "goals": [outcome.as_json() for outcome in reached]}
    options.json.write_text(json.dumps(found, indent=1) + "\n")


def main():
    options = command_line(sys.argv[1:])
    try:
        if options.python:
            with_another_python(options)
        return run(options)
    except Problem as problem:
        say(problem)
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())

"""One case: every contender against float64 first, then the clock for those that are right."""

import time

import torch

from cpu import peers
from cpu.goals import Measured, Timed
from cpu.library import Failure
from shared import reference
from shared.problem import one_line
from shared.progress import say
from shared.samples import in_turn

TOLERANCE = 1e-5  # relative, of float32 results
# OpenMP, the BLAS here and NumPy's have threads of their own in this process. After a call, such threads wait for work
# for some milliseconds without sleeping, and would take the cores from the next contender.
PAUSE = 0.02  # seconds before a call
WARM_UP = 2


def available_bytes():
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def check(contender, timed, expected):
    """Fills in the error, or the reason why there is none. Gives what to time."""
    say(f"    {contender.who}")
    needed = getattr(contender, "bytes", 0)
    if needed > 0.7 * available_bytes():
        timed.note = f"left out: its tensors need about {needed / 1e9:.0f} GB"
        return None
    try:
        run, result = contender.make()
        run()
        timed.error = reference.relative_error([result()], [expected])
    except Failure as error:
        timed.note, timed.failed = f"failed: {one_line(error)}", True
        return None
    except Exception as error:  # a peer may refuse in any way
        if contender.kind == "ours":
            raise
        timed.note = f"not supported: {peers.reason_of(error)}"
        return None
    if timed.error > TOLERANCE:
        timed.note, timed.failed = f"wrong: the relative error is {timed.error:.0e}; not timed", True
        return None
    return run


def time_in_turn(runs, samples):
    """`runs` by name. Each call is alone: before it, the threads of the last one have gone to sleep."""
    seconds = {who: [] for who in runs}
    for who in in_turn(list(runs), WARM_UP):
        runs[who]()
    for who in in_turn(list(runs), samples):
        time.sleep(PAUSE)
        began = time.perf_counter()
        runs[who]()
        seconds[who].append(time.perf_counter() - began)
    return seconds


def measure_case(case, library, samples):
    torch.compiler.reset()  # what was compiled for the sizes of the last case is not needed again
    contenders = case.contenders(library)
    say(f"{case.name}: checking {len(contenders)} against float64 ...")
    exact, timed, runs = {}, [], {}
    for contender in contenders:
        make_reference = getattr(contender, "reference", case.reference)
        if make_reference not in exact:
            exact[make_reference] = make_reference()
        timed.append(Timed(contender.who, contender.kind))
        run = check(contender, timed[-1], exact[make_reference])
        if run is not None:
            runs[contender.who] = run
    exact.clear()
    for limit in case.limits(library):
        timed.append(Timed(limit.who, "limit", amount=limit.amount))
        runs[limit.who] = limit.make()

    say(f"{case.name}: timing {len(runs)} ...")
    seconds = time_in_turn(runs, samples)
    for each in timed:
        each.seconds = seconds.get(each.who, [])
    return Measured(case.name, timed)

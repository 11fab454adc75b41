"""One case: every contender against float64 first, then the clock for those that are right."""

import torch

from shared import reference
from gpu.device_kernels import kernels_of
from gpu.kernels import KernelFailure
from shared.problem import Problem, Unsupported, one_line
from shared.progress import say
from shared.samples import sets_needed
from gpu.table import Row


class Measured:
    """A case's rows, and which kernels its peers ran."""

    def __init__(self, case):
        self.case, self.rows, self.kernels = case, [], {}

    @property
    def is_wrong(self):
        return any(not row.is_peer and row.failed for row in self.rows)


def draw(case, random, dtypes):
    return {dtype: case.draw(random, dtype) for dtype in dtypes}


def measure_case(case, kernels, random, clock, cache_bytes):
    """`clock` is None where there is nothing to time: on the emulator."""
    torch.compiler.reset()  # what was compiled for the last case's shapes is not wanted again
    measured = Measured(case)
    contenders = case.contenders(kernels, emulated=clock is None)
    dtypes = list(dict.fromkeys(contender.dtype for contender in contenders))
    say(f"{case.name}: checking {len(contenders)} against float64 ...")
    inputs = draw(case, random, dtypes)
    exact = {dtype: case.reference(inputs[dtype]) for dtype in dtypes}

    right = []
    for contender in contenders:
        row = Row(contender.who, contender.is_peer, case.work(torch.finfo(contender.dtype).bits // 8))
        measured.rows.append(row)
        check(contender, row, inputs[contender.dtype], exact[contender.dtype], measured)
        if not row.note:
            right.append((contender, row))
    del exact
    if clock is None:
        for _, row in right:
            row.note = "not timed: emulated"
    elif right:
        time_all(case, right, inputs, random, clock, cache_bytes)
    return measured


def check(contender, row, inputs, exact, measured):
    """Fills in the row's error, or why it has none."""
    say(f"    {contender.who}")
    try:
        ready = contender.ready(inputs)
        ready.run()
        row.error = reference.relative_error(ready.results(), exact)
        if row.error > contender.tolerance:
            row.note, row.failed = f"wrong: more than {contender.tolerance:.0e} off, not timed", True
        elif contender.is_peer:
            measured.kernels[contender.who] = kernels_of(ready.run)
    except torch.cuda.OutOfMemoryError:
        row.note = "skipped: out of memory"
    except Unsupported as error:
        row.note = f"unsupported: {one_line(error)}"
    except KernelFailure as error:
        row.note, row.failed = f"failed: {one_line(error, 400)}", True
    except Exception as error:  # a peer may refuse in any way it likes
        if not contender.is_peer:
            raise Problem(f"{measured.case.name}, {contender.who}: {one_line(error)}") from error
        row.note = f"unsupported: {one_line(error)}"


def time_all(case, right, inputs, random, clock, cache_bytes):
    dtypes = list(dict.fromkeys(contender.dtype for contender, _ in right))
    sets = sets_needed(case.work(2).bytes, cache_bytes)
    say(f"{case.name}: timing {len(right)}, {sets} set{'s' * (sets > 1)} of inputs ...")
    sets_of_inputs = [{dtype: inputs[dtype] for dtype in dtypes}] + [draw(case, random, dtypes) for _ in range(sets - 1)]
    rings = {}
    for contender, row in right:
        try:
            rings[contender.who] = [contender.ready(each[contender.dtype]).run for each in sets_of_inputs]
        except torch.cuda.OutOfMemoryError:
            row.note = "skipped: out of memory"
    times = clock.compare(rings)
    for contender, row in right:
        row.times = times.get(contender.who)

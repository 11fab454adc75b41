"""A case's table: for people at a terminal, or as Markdown for docs/performance.md."""

from dataclasses import dataclass
from typing import Optional

from shared.samples import Times
from shared.work import Work


@dataclass
class Row:
    who: str
    is_peer: bool
    work: Work
    error: Optional[float] = None  # relative, against the float64 result
    times: Optional[Times] = None
    note: str = ""                 # in place of times: why there are none
    failed: bool = False


def microseconds(seconds):
    value = seconds * 1e6
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def best_peer(rows):
    """The median of the fastest peer that was timed."""
    return min((row.times.median for row in rows if row.is_peer and row.times), default=None)


def is_memory_bound(rows, roofs):
    """One unit for a whole table, that of the bf16 rows: the others move twice the bytes for the same work."""
    return roofs.is_memory_bound(min((row.work for row in rows), key=lambda work: work.bytes))


def cells(row, memory_bound, roofs, best):
    error = "" if row.error is None else f"{row.error:.1e}"
    if row.times is None:
        return [row.who, row.note, "", "", "", error]
    times = row.times
    amount, roof = (row.work.bytes, roofs.bytes_per_second) if memory_bound else (row.work.flops, roofs.flops_per_second)
    rate = amount / times.median
    return [row.who,
            f"{microseconds(times.median)} ({microseconds(times.p10)}-{microseconds(times.p90)})",
            f"{rate / 1e12:.2f}" if memory_bound else f"{rate / 1e12:.1f}",
            f"{100 * rate / roof:.0f} %",
            f"{times.median / best:.2f}" if best else "no peer",
            error]


def heading(memory_bound):
    unit = "TB/s" if memory_bound else "TFLOP/s"
    roof = "copy" if memory_bound else "matmul"
    return ["who", "microseconds (p10-p90)", unit, f"% of {roof} roof", "time / best peer's", "error"]


def render(rows, roofs, markdown):
    """`roofs` is None where nothing was timed: then a row is who, why not, and its error."""
    if roofs is None:
        lines = [["who", "microseconds", "error"]]
        lines += [[row.who, row.note, "" if row.error is None else f"{row.error:.1e}"] for row in rows]
    else:
        bound, best = is_memory_bound(rows, roofs), best_peer(rows)
        lines = [heading(bound)] + [cells(row, bound, roofs, best) for row in rows]
    if markdown:
        lines.insert(1, ["---"] * len(lines[0]))
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return in_columns(lines)


def in_columns(lines):
    """Columns as wide as their cells; a line's last one, such as why there are no figures, may be longer."""
    def is_last(line, i):
        return not any(line[i + 1:])
    widths = [max((len(line[i]) for line in lines if not is_last(line, i)), default=0) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)

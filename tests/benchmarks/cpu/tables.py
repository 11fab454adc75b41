"""The tables, as Markdown for docs/performance.md."""

from shared.samples import percentile


def markdown(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def goals_table(outcomes):
    return markdown(["work", "ratio", "goal", "measured: median (quartiles)", ""], [outcome.cells() for outcome in outcomes])


def milliseconds(seconds):
    value = seconds * 1e3
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}"


def with_spread(seconds):
    median, low, high = (milliseconds(percentile(seconds, percent)) for percent in (50, 25, 75))
    return f"{median} ({low}-{high})"


def rate(timed):
    """Of a limit."""
    unit = "GFLOP/s" if "sgemm" in timed.who else "GB/s"
    return f"{timed.amount / percentile(timed.seconds, 50) / 1e9:.0f} {unit}"


def times_table(measured, ours):
    """All times of a case; the last column compares with `ours`."""
    rows = []
    reference = measured.seconds(ours)
    for timed in measured.timed.values():
        error = "" if timed.error is None else f"{timed.error:.0e}"
        if not timed.seconds:
            rows.append([timed.who, timed.note, "", error])
        elif timed.kind == "limit":
            rows.append([timed.who, with_spread(timed.seconds), rate(timed), ""])
        else:
            ratio = f"{percentile(timed.seconds, 50) / percentile(reference, 50):.2f}" if reference else ""
            rows.append([timed.who, with_spread(timed.seconds), ratio, error])
    return markdown([measured.work, "ms: median (quartiles)", "time / ours, or rate", "error"], rows)

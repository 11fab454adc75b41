"""What can go wrong in a way that its reader can do something about."""


class Problem(Exception):
    """Nothing can be measured: one line, exit status 2."""


class Unsupported(Exception):
    """One row cannot be: its reason stands in the table, and the others go on."""


def one_line(error, limit=150):
    """The first line that says something. Compilers' and PyTorch's errors go on for pages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return line if len(line) <= limit else line[:limit - 3] + "..."


def first_error(output):
    """The first line of a compiler's output that reports an error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "it said nothing")

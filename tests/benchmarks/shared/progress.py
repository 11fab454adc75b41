"""What a reader who waits wants to see, on standard error. Standard output has the tables."""

import pathlib
import sys


def say(line):
    """The line begins with the name of the program: gpu or cpu."""
    print(f"{pathlib.Path(sys.argv[0]).stem}: {line}", file=sys.stderr, flush=True)

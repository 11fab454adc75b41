"""What somebody who waits wants to see, on standard error: standard output is the tables'."""

import sys


def say(line):
    print(f"gpu: {line}", file=sys.stderr, flush=True)

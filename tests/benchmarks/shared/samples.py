"""Times that were taken: in which order, and what stands for many of them."""

import math
from dataclasses import dataclass


def in_turn(names, samples):
    """A B B A A B B A ...: each name `samples` times, so that a slow drift of the card meets all alike."""
    order = []
    for i in range(samples):
        order += names if i % 2 == 0 else names[::-1]
    return order


def percentile(samples, percent):
    """Between the two nearest samples, in proportion."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    below, above = math.floor(place), math.ceil(place)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclass(frozen=True)
class Times:
    """Seconds of one call."""

    median: float
    p10: float
    p90: float

    @staticmethod
    def of(samples):
        return Times(*(percentile(samples, percent) for percent in (50, 10, 90)))


def sets_needed(bytes_of_a_set, cache_bytes):
    """How many sets of inputs to go round, so that none is still in the cache when its turn comes again."""
    return max(1, math.ceil(4 * cache_bytes / bytes_of_a_set))

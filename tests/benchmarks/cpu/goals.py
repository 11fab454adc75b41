"""What was to be reached, and what was: ratios of times that were taken in the same round."""

import operator
from dataclasses import dataclass, field

from shared.samples import percentile


@dataclass(frozen=True)
class Ratio:
    """A ratio for each round. The processor's speed drifts, but within a round it is nearly the same."""

    rounds: tuple
    against: str = ""  # whose times they are compared with, where a goal does not name it

    @staticmethod
    def of(above, below, factor=1.0, against=""):
        return Ratio(tuple(factor * a / b for a, b in zip(above, below, strict=True)), against)

    @property
    def median(self):
        return percentile(self.rounds, 50)

    def __str__(self):
        low, high = percentile(self.rounds, 25), percentile(self.rounds, 75)
        return f"{self.median:.2f} ({low:.2f}-{high:.2f})"


@dataclass(frozen=True)
class Goal:
    """`measure` gives the Ratio from a Measured case, or the reason why there is none."""

    what: str
    bound: float
    measure: object
    at_most: bool = False

    def words(self):
        if self.bound is None:
            return "-"
        return f"{'<=' if self.at_most else '>='} {self.bound:g}"

    def is_met(self, value):
        return (operator.le if self.at_most else operator.ge)(value, self.bound)


@dataclass
class Outcome:
    """One row of the table of goals."""

    work: str
    goal: Goal
    ratio: Ratio = None
    note: str = ""  # why nothing was measured

    def cells(self):
        if self.ratio is None:
            return [self.work, self.goal.what, self.goal.words(), self.note, ""]
        what = self.goal.what + (f": {self.ratio.against}" if self.ratio.against else "")
        met = "" if self.goal.bound is None else "met" if self.goal.is_met(self.ratio.median) else "missed"
        return [self.work, what, self.goal.words(), str(self.ratio), met]

    def as_json(self):
        found = {"work": self.work, "what": self.goal.what, "bound": self.goal.bound, "at_most": self.goal.at_most}
        if self.ratio is None:
            return {**found, "note": self.note}
        return {**found, "against": self.ratio.against, "median": self.ratio.median, "rounds": list(self.ratio.rounds),
                "met": None if self.goal.bound is None else self.goal.is_met(self.ratio.median)}


@dataclass
class Timed:
    """A contender or a limit of the machine, and its times."""

    who: str
    kind: str                   # "ours", "peer" (PyTorch), "NumPy" or "limit"
    seconds: list = field(default_factory=list)
    error: float = None         # relative, against the float64 result
    note: str = ""              # in place of times: why there are none
    failed: bool = False
    amount: float = 0.0         # of a limit: FLOP or bytes of a call


class Measured:
    """The times of a case, by name."""

    def __init__(self, work, timed):
        self.work, self.timed = work, {each.who: each for each in timed}

    def seconds(self, who):
        return self.timed[who].seconds if who in self.timed else []

    def fastest(self, names):
        """The one with the lowest median of those that were timed, or None."""
        with_times = [who for who in names if self.seconds(who)]
        return min(with_times, key=lambda who: percentile(self.seconds(who), 50), default=None)

    def reason(self, *names):
        """Why the first of these without times has none."""
        missing = [self.timed.get(who, Timed(who, "", note="it is not among the contenders")) for who in names if not self.seconds(who)]
        return f"not measured: {missing[0].who}: {missing[0].note}" if missing else "not measured"

    def peers(self):
        return [who for who, each in self.timed.items() if each.kind == "peer"]


def times_faster(what, bound, who, than=None):
    """The time of `than` divided by that of `who`. Without `than`: the fastest of PyTorch."""
    def measure(measured):
        slower = measured.fastest([than] if than else measured.peers())
        if slower is None or not measured.seconds(who):
            return measured.reason(who, *([than] if than else []))
        return Ratio.of(measured.seconds(slower), measured.seconds(who), against="" if than else slower)
    return Goal(what, bound, measure)


def times_slower(what, bound, who, than):
    return Goal(what, bound, lambda measured: times_faster("", 0, than, who).measure(measured), at_most=True)


def share(what, bound, who, amount, limits):
    """The rate of `who`, which does `amount` of FLOP or bytes, as a share of the fastest of these limits."""
    def measure(measured):
        limit = measured.fastest(limits)
        if limit is None or not measured.seconds(who):
            return measured.reason(who, *limits)
        return Ratio.of(measured.seconds(limit), measured.seconds(who), amount / measured.timed[limit].amount)
    return Goal(what, bound, measure)


def outcomes(goals, measured):
    found = []
    for goal in goals:
        result = goal.measure(measured)
        is_ratio = isinstance(result, Ratio)
        found.append(Outcome(measured.work, goal, result if is_ratio else None, "" if is_ratio else result))
    return found

#!/usr/bin/env python3
"""Tests of the CPU benchmark's parts that need no PyTorch: ratios, goals, tables, the C structs, the command line."""

import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cpu import goals  # noqa: E402
from cpu.goals import Measured, Outcome, Ratio, Timed  # noqa: E402
from cpu.tables import goals_table, milliseconds, times_table  # noqa: E402


def measured():
    """Ours takes 1 ms and PyTorch 2 to 4 ms; a limit reads 1 GB in 0.5 s."""
    return Measured("decode 7", [Timed("ours", "ours", [0.001, 0.002, 0.001], error=3e-7),
                                 Timed("the lesson", "ours", [0.008, 0.008, 0.008], error=2e-7),
                                 Timed("eager", "peer", [0.004, 0.004, 0.004], error=1e-7),
                                 Timed("bmm", "peer", [0.002, 0.003, 0.002], error=1e-7),
                                 Timed("flex", "peer", note="not supported: too old"),
                                 Timed("NumPy", "NumPy", [0.0015, 0.0015, 0.0015], error=1e-7),
                                 Timed("reading", "limit", [0.5, 0.5, 0.5], amount=1e9)])


class Ratios(unittest.TestCase):
    def test_within_a_round(self):
        """Not the ratio of the medians, which is 1.5."""
        ratio = Ratio.of([2, 30, 3], [2, 10, 2])
        self.assertEqual(ratio.rounds, (1, 3, 1.5))
        self.assertEqual(ratio.median, 1.5)
        self.assertEqual(str(Ratio.of([1, 2, 3, 4, 5], [1, 1, 1, 1, 1])), "3.00 (2.00-4.00)")

    def test_rounds_that_are_missing_are_refused(self):
        with self.assertRaises(ValueError):
            Ratio.of([1, 2], [1])

    def test_times_faster(self):
        ratio = goals.times_faster("", 1, "ours", "eager").measure(measured())
        self.assertEqual(ratio.rounds, (4, 2, 4))

    def test_the_fastest_peer(self):
        """Of PyTorch only."""
        self.assertEqual(goals.times_faster("", 1, "ours").measure(measured()).rounds, (2, 1.5, 2))

    def test_without_times(self):
        self.assertEqual(goals.times_faster("", 1, "ours", "flex").measure(measured()), "not measured: flex: not supported: too old")
        self.assertIn("nobody", goals.times_faster("", 1, "nobody").measure(measured()))

    def test_share_of_a_limit(self):
        """1 MB in 1 ms is 1 GB/s; the limit is 2 GB/s."""
        self.assertEqual(goals.share("", 0.5, "ours", 1e6, ["reading"]).measure(measured()).rounds, (0.5, 0.25, 0.5))

    def test_times_slower(self):
        self.assertEqual(goals.times_slower("", 1.5, "the lesson", "eager").measure(measured()).rounds, (2, 2, 2))


class Tables(unittest.TestCase):
    def test_goals(self):
        found = goals.outcomes([goals.times_faster("times faster than eager", 4, "ours", "eager"),
                                goals.times_faster("times faster than the fastest", 2.5, "ours"),
                                goals.times_slower("lesson / eager", 1.5, "the lesson", "eager"),
                                goals.times_faster("for information", None, "ours", "the lesson"),
                                goals.times_faster("times faster than flex", 2, "ours", "flex")], measured())
        found.append(Outcome("prefill 5", goals.Goal("MiB a thread", 4, None, at_most=True), Ratio((1.25,))))
        self.assertEqual(goals_table(found).splitlines(), [
            "| work | ratio | goal | measured: median (quartiles) |  |",
            "| --- | --- | --- | --- | --- |",
            "| decode 7 | times faster than eager | >= 4 | 4.00 (3.00-4.00) | met |",
            "| decode 7 | times faster than the fastest: bmm | >= 2.5 | 2.00 (1.75-2.00) | missed |",
            "| decode 7 | lesson / eager | <= 1.5 | 2.00 (2.00-2.00) | missed |",
            "| decode 7 | for information | - | 8.00 (6.00-8.00) |  |",
            "| decode 7 | times faster than flex | >= 2 | not measured: flex: not supported: too old |  |",
            "| prefill 5 | MiB a thread | <= 4 | 1.25 (1.25-1.25) | met |"])

    def test_times(self):
        self.assertEqual(times_table(measured(), "ours").splitlines(), [
            "| decode 7 | ms: median (quartiles) | time / ours, or rate | error |",
            "| --- | --- | --- | --- |",
            "| ours | 1 (1-1.5) | 1.00 | 3e-07 |",
            "| the lesson | 8 (8-8) | 8.00 | 2e-07 |",
            "| eager | 4 (4-4) | 4.00 | 1e-07 |",
            "| bmm | 2 (2-2.5) | 2.00 | 1e-07 |",
            "| flex | not supported: too old |  |  |",
            "| NumPy | 1.5 (1.5-1.5) | 1.50 | 1e-07 |",
            "| reading | 500 (500-500) | 2 GB/s |  |"])

    def test_milliseconds(self):
        self.assertEqual([milliseconds(x) for x in (0.00012345, 0.0999, 1.2345)], ["0.123", "100", "1234"])

    def test_json(self):
        outcome = goals.outcomes([goals.times_faster("what", 4, "ours", "eager")], measured())[0].as_json()
        self.assertEqual(outcome, {"work": "decode 7", "what": "what", "bound": 4, "at_most": False, "against": "", "median": 4, "rounds": [4, 2, 4], "met": True})


class CFunctions(unittest.TestCase):
    """No compiler compares the structs of ctypes with those of library.cpp."""

    def test_structs(self):
        in_python = re.findall(r'struct\("(\w+)", "([\w ]+)", "(\w+)"\)', (HERE / "cpu/library.py").read_text())
        source = (HERE / "cpu/library.cpp").read_text()
        self.assertEqual(len(in_python), 2)
        for name, sizes, last in in_python:
            body = re.search(rf"struct {name} {{(.*?)}};", source, re.DOTALL)[1]
            self.assertEqual(re.search(r"size_t ([\w, \n]+);", body)[1].split(), [size + "," for size in sizes.split()[:-1]] + [sizes.split()[-1]])
            self.assertEqual(re.search(r"float (\w+);", body)[1], last)

    def test_functions_exist(self):
        called = set(re.findall(r'self\.c\.(cpu_\w+)|"(cpu_\w+)"', (HERE / "cpu/library.py").read_text()))
        source = (HERE / "cpu/library.cpp").read_text()
        for name in {a or b for a, b in called}:
            self.assertRegex(source, rf"\n\w[\w *]+\b{name}\(", name)


class CommandLine(unittest.TestCase):
    def run_cpu(self, *arguments):
        return subprocess.run([sys.executable, HERE / "cpu.py", *arguments], capture_output=True, text=True)

    def test_help(self):
        self.assertIn("--quick", self.run_cpu("--help").stdout)

    def test_bad_usage(self):
        for arguments in (["--threads", "0"], ["--samples", "0"], ["--only", "everything"], ["--json", "/no/such/folder/cpu.json"], ["--python", "/no/such/python"]):
            ended = self.run_cpu(*arguments)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), arguments)
            self.assertIn(arguments[0], ended.stderr)

    def test_without_pytorch(self):
        ended = subprocess.run([sys.executable, "-S", HERE / "cpu.py"], capture_output=True, text=True)
        self.assertEqual(ended.returncode, 2)
        self.assertEqual(len(ended.stderr.splitlines()), 1)
        self.assertIn("--python PATH", ended.stderr)


if __name__ == "__main__":
    unittest.main()

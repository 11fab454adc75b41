#!/usr/bin/env python3
"""Tests of the GPU benchmark's parts that need neither a GPU nor PyTorch: formulas, percentiles, tables, complaints."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from shared import samples, work  # noqa: E402
from shared.problem import first_error, one_line  # noqa: E402
from gpu.table import Row, render  # noqa: E402

ROOFS = work.Roofs(bytes_per_second=4e12, flops_per_second=800e12)


class Formulas(unittest.TestCase):
    """Against sums over the tensors, written out."""

    def test_decode(self):
        done = work.decode(batch=2, heads=6, kv_heads=3, tokens=5, head_dim=7, element_bytes=2)
        self.assertEqual(done.flops, 2 * (2 * 6 * 5 * 7) * 2)            # scores and context, a multiply-add is two
        keys_and_values, queries_and_context = 2 * (2 * 5 * 3 * 7), 2 * (2 * 6 * 7)
        self.assertEqual(done.bytes, 2 * (keys_and_values + queries_and_context))

    def test_fp32_is_twice_the_bytes_and_the_same_work(self):
        shapes = {work.decode: (2, 6, 3, 5, 7), work.prefill: (2, 6, 3, 5, 7, 4), work.latent_decode: (2, 6, 5, 7, 4)}
        for formula, shape in shapes.items():
            half, whole = formula(*shape, 2), formula(*shape, 4)
            self.assertEqual((whole.flops, whole.bytes), (half.flops, 2 * half.bytes))

    def test_prefill(self):
        done = work.prefill(batch=2, heads=6, kv_heads=3, tokens=5, qk_dim=7, v_dim=4, element_bytes=2)
        self.assertEqual(done.flops, 2 * 2 * 6 * 5 * 5 * (7 + 4) / 2)    # half of the square
        self.assertEqual(done.bytes, 2 * 2 * 5 * (6 * 7 + 3 * 7 + 3 * 4 + 6 * 4))

    def test_latent_decode(self):
        done = work.latent_decode(batch=3, heads=16, tokens=100, latent=512, rope=64, element_bytes=2)
        self.assertEqual(done.flops, 2 * 3 * 16 * 100 * (576 + 512))
        self.assertEqual(done.bytes, 1152 * 3 * 100 + 2 * 3 * 16 * (576 + 512))

    def test_rope(self):
        done = work.rope_append(batch=2, heads=6, kv_heads=3, new_tokens=5, head_dim=8, element_bytes=2)
        xq, xk = 2 * 5 * 6 * 8, 2 * 5 * 3 * 8
        self.assertEqual(done.bytes, 2 * (2 * xq + 2 * xk + 2 * xk) + 4 * 5 * 8)

    def test_which_roof(self):
        few_heads, many_heads = (work.latent_decode(128, heads, 8192, 512, 64, 2) for heads in (16, 128))
        self.assertTrue(ROOFS.is_memory_bound(few_heads))
        self.assertFalse(ROOFS.is_memory_bound(many_heads))


class Samples(unittest.TestCase):
    def test_percentiles(self):
        self.assertEqual(samples.percentile([3, 1, 2], 50), 2)
        self.assertEqual(samples.percentile([4, 1, 3, 2], 50), 2.5)
        self.assertAlmostEqual(samples.percentile(list(range(11)), 10), 1)
        self.assertAlmostEqual(samples.percentile([0, 10], 90), 9)
        self.assertEqual(samples.percentile([5], 90), 5)

    def test_in_turn(self):
        self.assertEqual("".join(samples.in_turn(["a", "b"], 3)), "abbaab")
        order = samples.in_turn(["a", "b", "c"], 30)
        self.assertEqual([order.count(name) for name in "abc"], [30, 30, 30])

    def test_sets(self):
        self.assertEqual(samples.sets_needed(bytes_of_a_set=500, cache_bytes=100), 1)
        self.assertEqual(samples.sets_needed(bytes_of_a_set=150, cache_bytes=100), 3)


def row(who, microseconds=None, is_peer=False, **others):
    times = microseconds and samples.Times(*(value * 1e-6 for value in microseconds))
    return Row(who, is_peer, work.Work(flops=1e9, bytes=2e8), times=times, **others)


class Tables(unittest.TestCase):
    def test_markdown(self):
        rows = [row("ours", (100, 95, 1234), error=1.23e-3), row("peer", (80, 79, 81), is_peer=True),
                row("fast but refused", is_peer=True, note="unsupported: no")]
        self.assertEqual(render(rows, ROOFS, markdown=True).splitlines(), [
            "| who | microseconds (p10-p90) | TB/s | % of copy roof | time / best peer's | error |",
            "| --- | --- | --- | --- | --- | --- |",
            "| ours | 100.0 (95.0-1234) | 2.00 | 50 % | 1.25 | 1.2e-03 |",
            "| peer | 80.0 (79.0-81.0) | 2.50 | 62 % | 1.00 |  |",
            "| fast but refused | unsupported: no |  |  |  |  |"])

    def test_arithmetic_bound(self):
        heavy = Row("ours", False, work.Work(flops=1e12, bytes=1e6), times=samples.Times(2.5e-3, 2.5e-3, 2.5e-3))
        self.assertEqual(render([heavy], ROOFS, markdown=True).splitlines()[-1], "| ours | 2500 (2500-2500) | 400.0 | 50 % | no peer |  |")

    def test_one_unit_for_fp32_and_bf16(self):
        """The fp32 row alone would be memory-bound."""
        rows = [Row(who, False, work.Work(1e12, size), times=samples.Times(1, 1, 1)) for who, size in (("fp32", 6e9), ("bf16", 3e9))]
        self.assertIn("TFLOP/s", render(rows, ROOFS, markdown=False))

    def test_columns_stand_below_each_other(self):
        rows = [row("a", (1, 1, 1)), row("long name", (100, 90, 110)), row("b", note="unsupported: " + "for many reasons " * 5)]
        lines = render(rows, ROOFS, markdown=False).splitlines()
        self.assertEqual(lines[0].index("TB/s"), lines[1].index("200.00"))
        self.assertEqual([lines[0].index("microseconds"), lines[1].index("1.0 ("), lines[2].index("100.0 (")], [11, 11, 11])

    def test_nothing_timed(self):
        lines = render([row("ours", note="not timed: emulated", error=1e-3)], None, markdown=True).splitlines()
        self.assertEqual(lines[-1], "| ours | not timed: emulated | 1.0e-03 |")


class CFunctions(unittest.TestCase):
    """What ctypes believes, and no compiler compares with the headers."""

    def test_structs_are_those_of_the_headers(self):
        in_python = dict(re.findall(r'struct\("(\w+)", "([\w ]+)"', (HERE / "gpu/kernels.py").read_text()))
        self.assertEqual(set(in_python), {"DecodeShape", "PrefillShape", "RopeShape", "LatentShape", "Splits"})
        headers = "".join(path.read_text() for path in [*ROOT.glob("chapters/*/cuda/*_shape.hpp"), ROOT / "common/cuda/splits.hpp"])
        for name, fields in in_python.items():
            body = re.search(rf"struct {name} {{(.*?)(?:\n\n|}})", headers, re.DOTALL)[1]
            ints = ", ".join(re.findall(r"int ([\w, ]+);", body))
            self.assertEqual(fields.split(), ints.split(", "), name)

    def test_they_compile_for_the_emulator(self):
        compiler = shutil.which("g++") or self.skipTest("there is no g++")
        ended = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-I", ROOT, "-x", "c++", HERE / "gpu/kernels_c.cu"],
                               capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stderr[:2000])


class Complaints(unittest.TestCase):
    def test_one_line(self):
        self.assertEqual(one_line(ValueError("\n  first\nsecond")), "first")
        self.assertEqual(one_line(ValueError()), "ValueError")
        self.assertEqual(len(one_line("x" * 1000)), 150)

    def test_first_error_of_a_compiler(self):
        self.assertEqual(first_error("note: a\nx.cu(3): error: b\nx.cu(4): error: c"), "x.cu(3): error: b")
        self.assertEqual(first_error(""), "it said nothing")

    def run_with_torch(self, text, *arguments):
        """gpu.py where `import torch` gives this module."""
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "torch.py").write_text(text)
            return subprocess.run([sys.executable, HERE / "gpu.py", *arguments], capture_output=True, text=True,
                                  env={**os.environ, "PYTHONPATH": folder})

    def test_no_torch(self):
        ended = self.run_with_torch("raise ImportError")
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        self.assertRegex(ended.stderr, r"^gpu: .* has no PyTorch: install torch[^\n]*\n$")

    NO_GPU = "class cuda:\n    def is_available(): return False\n"

    def test_no_gpu(self):
        ended = self.run_with_torch(self.NO_GPU)
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        self.assertRegex(ended.stderr, r"^gpu: PyTorch sees no GPU: [^\n]*--emulated[^\n]*\n$")

    def test_help_has_examples(self):
        ended = self.run_with_torch("", "--help")
        self.assertEqual(ended.returncode, 0)
        self.assertIn("--markdown > gpu.md", ended.stdout)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Make the notebooks with gaps from their solutions: tests/exercises/NN_M_name/solution/*.ipynb.

In a solution, a line that ends in "# gap" becomes "name = ..." or "return ..." in the student's notebook, which has no
outputs; "# gap: cache[...] = new" names another line. A solution's outputs are what PyTorch printed, so take its cells
from data/notebooks/ or run it where PyTorch is. With --check, only compares. Needs no PyTorch.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def with_gap(line):
    """One line of a cell, as the student gets it."""
    line = re.sub(r"^(\s*)\S.*# gap: (.*)", r"\1\2", line)
    return re.sub(r"^(\s*[\w, .]+ = |\s*return ).*# gap", r"\1...", line)


def with_gaps(solution):
    for cell in solution["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell["source"] = [with_gap(line) for line in cell["source"]]
    return json.dumps(solution, indent=1, ensure_ascii=False) + "\n"


def main():
    status, made = 0, 0
    for solution in sorted(ROOT.glob("tests/exercises/*/solution/*.ipynb")):
        chapter, name = solution.parent.parent.name.split("_", 1)
        (folder,) = ROOT.glob(f"chapters/{chapter}_*/exercises/{name}")
        text = with_gaps(json.loads(solution.read_text(encoding="utf-8")))
        assert "# gap" in solution.read_text(encoding="utf-8"), f"{solution}: no line ends in # gap"
        assert "# gap" not in text, f"{solution}: a line with # gap is no assignment and no return; write # gap: LINE"
        notebook, made = folder / solution.name, made + 1
        if "--check" not in sys.argv:
            notebook.write_text(text, encoding="utf-8")
        elif not notebook.exists() or notebook.read_text(encoding="utf-8") != text:
            print(f"{notebook} is not made from its solution; run data/make_exercise_notebooks.py", file=sys.stderr)
            status = 1
    print(f"{made} notebooks")
    return status


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Make the companion notebooks: notebooks/src/*.py, executed, as notebooks/*.ipynb.

A source is a Python file cut into cells by lines "# %% name" and "# %% [markdown] name". What the notebook prints must
be what notebook_prints.json and torch_prints.json say, print by print and under the same names; otherwise nothing
is written. Needs torch, nbclient and ipykernel; takes about half a minute.
"""

import argparse
import ast
import dataclasses
import json
import os
import pathlib
import re

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "notebooks" / "src"


# --- a source: named cells

@dataclasses.dataclass(frozen=True)
class Cell:
    name: str
    is_code: bool
    text: str


def uncommented(text):
    """The text of a markdown cell: each line has a # and a space before it."""
    lines = text.split("\n")
    assert all(line == "#" or line.startswith("# ") for line in lines), f"no comment in a markdown cell:\n{text}"
    return "\n".join(line[2:] for line in lines)


def read_cells(path):
    start_of_cell = re.compile(r"^# %%(?P<markdown> \[markdown\])? (?P<name>[a-z0-9-]+)\n", re.MULTILINE)
    source = path.read_text(encoding="utf-8")
    starts = list(start_of_cell.finditer(source))
    ends = [start.start() for start in starts[1:]] + [len(source)]
    cells = []
    for start, end in zip(starts, ends):
        text, is_code = source[start.end():end].strip("\n"), start["markdown"] is None
        cells.append(Cell(start["name"] if is_code else f"about-{start['name']}", is_code, text if is_code else uncommented(text)))
    assert starts[0].start() == 0 and len({cell.name for cell in cells}) == len(cells), f"{path.name}: names of cells"
    return cells


# --- a notebook: executed, and the same bytes each time

def executed(cells, hidden=""):
    """The cells with what they print. `hidden` runs before them and leaves no trace: it can make PyTorch another build."""
    shown = [(nbformat.v4.new_code_cell if cell.is_code else nbformat.v4.new_markdown_cell)(cell.text, id=cell.name) for cell in cells]
    first = [nbformat.v4.new_code_cell(hidden, id="hidden")] if hidden else []
    notebook = nbformat.v4.new_notebook(cells=first + shown)
    by_files = Config({"KernelManager": {"transport": "ipc"}})  # not over the network
    NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False, config=by_files).execute()

    notebook.cells = shown
    for number, cell in enumerate((cell for cell in shown if cell.cell_type == "code"), start=1):
        tidy(cell, number)
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                         "language_info": {"name": "python"}}
    nbformat.validate(notebook)
    return notebook


def tidy(cell, number):
    """Numbers without gaps, and the pieces in which text arrived put together."""
    cell.metadata, cell.execution_count, pieces = {}, number, cell.outputs
    cell.outputs = []
    for output in pieces:
        assert output.output_type in ("stream", "execute_result"), f"cell {cell.id}: {output}"
        if output.output_type == "execute_result":
            output.execution_count = number
        elif cell.outputs and cell.outputs[-1].get("name") == output.name:
            cell.outputs[-1].text += output.text
            continue
        cell.outputs.append(output)
    assert all(output.get("name") != "stderr" for output in cell.outputs), f"cell {cell.id} complains: {cell.outputs}"


# --- what a notebook prints

@dataclasses.dataclass(frozen=True)
class Print:
    cell: str
    name: str  # the expression that is printed
    text: str  # as it stands in the file of prints: without what belongs to autograd


def printed_names(code):
    """The last argument of each print, and the value of the last line if it is an expression."""
    lines = ast.parse(code).body
    for i, line in enumerate(lines):
        if not isinstance(line, ast.Expr):
            continue
        if isinstance(line.value, ast.Call) and getattr(line.value.func, "id", "") == "print":
            yield ast.unparse(line.value.args[-1])
        elif i == len(lines) - 1:
            yield ast.unparse(line.value)


def without_autograd(text):
    text = re.sub(r",\s+(grad_fn=<\w+>|requires_grad=True)(?=\))", "", text)
    return text.replace("Parameter containing:\n", "")


def printed_texts(output):
    """Cut a cell's output behind each tensor(...) and torch.Size(...)."""
    begin = 0
    for value in re.finditer(r"(tensor|torch\.Size)\(", output):
        depth, end = 1, value.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(output[end], 0)
            end += 1
        yield without_autograd(output[begin:end])
        begin = end + 1  # past the line's end
    assert not output[begin:], f"more than tensors was printed: {output[begin:]!r}"


def prints_of(notebook):
    prints = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            output = "".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs)
            pairs = zip(printed_names(cell.source), printed_texts(output), strict=True)
            prints += [Print(cell.id, name, text) for name, text in pairs]
    return prints


def reference_prints(chapter):
    """What the chapter shows with a tick, in its order."""
    files = [json.loads((HERE / name).read_text()) for name in ("notebook_prints.json", "torch_prints.json")]
    return [entry for file in files for entry in file["prints"] if entry["chapter"] == chapter]


def check(chapter, prints):
    """Print by print; the first that is not as it should be is told."""
    wanted = reference_prints(chapter)
    for i, (print_, entry) in enumerate(zip(prints, wanted)):
        place = f"chapter {chapter}, print {i + 1} in cell {print_.cell}"
        assert print_.name == entry["name"], f"{place} is of {print_.name}, not of {entry['name']}"
        assert print_.text == entry["text"], f"{place}, {print_.name}, is\n{print_.text}\nand should be\n{entry['text']}"
    assert len(prints) == len(wanted), f"chapter {chapter}: {len(prints)} prints, not {len(wanted)}"


# --- writing: a reader never meets half of a file

def write(path, text):
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
    print(f"{path.name}: {len(text.encode()):,} bytes")


def write_notebook(path, notebook):
    write(path, nbformat.writes(notebook, version=4) + "\n")


def one_thread():
    """For the kernels, which inherit it."""
    os.environ["OMP_NUM_THREADS"] = "1"


def source_of(chapter):
    return next(SOURCES.glob(f"{chapter:02}_*.py"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter", type=int, help="only this one (default: all)")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "notebooks", help="folder to write to (default: notebooks, beside this file)")
    options = parser.parse_args()

    one_thread()
    for source in [source_of(options.chapter)] if options.chapter else sorted(SOURCES.glob("*.py")):
        notebook = executed(read_cells(source))
        check(int(source.name[:2]), prints_of(notebook))
        write_notebook(options.out / f"{source.stem}.ipynb", notebook)


if __name__ == "__main__":
    main()

// What is found in notebooks and texts: which tensors, under which names, and where.
#include "common/compare/read_prints.hpp"

#include "common/compare/python_source.hpp"
#include "common/compare/read_value.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/notebooks.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

// "name|words|where" of each value.
std::vector<std::string> found_in(const std::vector<PrintedTensor>& printed) {
    std::vector<std::string> found;
    for (const PrintedTensor& tensor : printed)
        found.push_back(tensor.name + "|" + tensor.words + "|" + tensor.where);
    return found;
}

using Found = std::vector<std::string>;

Found names_in(const std::vector<NotebookCell>& cells) {
    return found_in(read_notebook("n.ipynb", notebook_of(cells)));
}

std::string one_value(int number) {
    return fmt::format("tensor([{}., 0.5000])\n", number);
}

}  // namespace

TEST_CASE("compare: the source of a cell says what it prints") {
    const auto printed = [](const char* source) {
        Found found;
        for (const PrintedExpression& e : printed_expressions(source))
            found.push_back(e.words + "|" + e.expression);
        return found;
    };
    CHECK(printed("print(x)") == Found{"|x"});
    CHECK(printed("print('Sum:', w.sum(dim=-1), sep=', ')") == Found{"Sum:|w.sum(dim=-1)"});
    CHECK(printed("print(\"\\nSecond head:\\n\", res)") == Found{"Second head:|res"});
    CHECK(printed("print(a, b.shape)") == Found{"|a", "|b.shape"});
    CHECK(printed("print(f\"shape {x.shape} and {y=}\")") == Found{"shape|x.shape", "and y=|y"});
    CHECK(printed("print(f(a, 'x, y')[0, 1])") == Found{"|f(a, 'x, y')[0, 1]"});
    CHECK(printed("# print(x)\ns = 'print(y)'\nmy_print(z)\nlog.print(z)\ndisplay(v)") == Found{"|v"});
    CHECK(printed("print(\"a\" + str(x))") == Found{"a|str(x)"});
    CHECK(printed("print(x # (unclosed\n, y)") == Found{"|x # (unclosed", "|y"});
    CHECK(printed("print(x") == Found{});
    CHECK(printed("print('abc") == Found{});

    CHECK(last_expression("y = 2\nx.shape") == "x.shape");
    CHECK(last_expression("a @ b  # product") == "a @ b");
    CHECK(last_expression("f(x, dim=1)") == "f(x, dim=1)");
    CHECK(last_expression("x = 3") == "");
    CHECK(last_expression("x == 3") == "x == 3");
}

TEST_CASE("compare: a notebook's values get the names of their prints") {
    CHECK(names_in({{"print(x)", one_value(1)}}) == Found{"x||In [1]"});
    CHECK(names_in({{"print('Sum:', s)", "Sum: " + one_value(1)}}) == Found{"s|Sum:|In [1]"});
    CHECK(names_in({{"print('First:\\n', r)", "First:\n " + one_value(1)}}) == Found{"r|First:|In [1]"});
    CHECK(names_in({{"print(x, y)", "tensor([1.]) tensor([2.])\n"}}) == Found{"x||In [1]", "y||In [1]"});
    CHECK(names_in({{"a = 1\na.shape", "", "torch.Size([1, 2])"}}) == Found{"a.shape||In [1]"});

    // Prints of other things stand between them; a loop prints again; words decide over order.
    CHECK(names_in({{"print(d)\nprint(x)", "17\n" + one_value(1)}}) == Found{"x||In [1]"});
    CHECK(names_in({{"print('d =', d)\nprint(x)", "d = 17\n" + one_value(1)}}) == Found{"x||In [1]"});
    CHECK(names_in({{"for i in a:\n  print('i:', i)", "i: tensor(1.)\ni: tensor(2.)\n"}}) ==
          Found{"i|i:|In [1]", "i|i:|In [1]"});
    CHECK(names_in({{"print('b', b)\nprint('a', a)", "a " + one_value(1) + "b " + one_value(2)}}) ==
          Found{"a|a|In [1]", "b|b|In [1]"});
    CHECK(names_in({{"print(p)", "Parameter containing:\n" + one_value(1)}})[0].starts_with("p|"));
}

TEST_CASE("compare: text/plain and streams as lists of lines, other outputs passed over") {
    const std::string json = R"json({"nbformat": 4, "cells": [
        {"cell_type": "code", "execution_count": null, "source": ["print(x)\n", "x"], "outputs": [
            {"output_type": "stream", "name": "stderr", "text": "tensor([9.])"},
            {"output_type": "stream", "name": "stdout", "text": ["tensor([1.,\n", "        2.])\n"]},
            {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo"}},
            {"output_type": "error", "traceback": ["tensor([9.])"]},
            {"output_type": "execute_result", "data": {"text/html": "<b>", "text/plain": ["tensor([3.])"]}}]},
        {"cell_type": "code", "source": 7, "outputs": "none"}, 5, {"cell_type": "raw"}]})json";
    const std::vector<PrintedTensor> printed = read_notebook("n.ipynb", json);
    CHECK(found_in(printed) == Found{"x||code cell 1", "x||code cell 1"});
    CHECK(printed[0].shape == Shape{2});
}

TEST_CASE("compare: a notebook that cannot be compared says why") {
    const auto refused = [](const std::string& json) {
        return error_of([&] { read_notebook("n.ipynb", json); });
    };
    CHECK(has(refused("<html>"), "not JSON"));
    CHECK(has(refused("[1]"), "not JSON"));
    CHECK(has(refused("{}"), "no cells"));
    CHECK(has(refused(R"({"nbformat": 3, "worksheets": []})"), "nbformat 3"));
    CHECK(has(refused(R"({"nbformat": 4, "cells": []})"), "no outputs"));
    CHECK(has(refused(notebook_of({{"print(x)", ""}})), "run all its cells"));
    CHECK(has(refused(R"({"cells": [{"cell_type": "code", "outputs": [
        {"output_type": "display_data", "data": {"text/html": "<table>"}}]}]})"),
              "pictures or HTML"));
}

TEST_CASE("compare: a text saved from a notebook") {
    const std::string text =
        "Some prose (with tensor(x) in it), don't stop.\n"
        "In [1]:\nimport torch\nx = torch.tensor(\n  [[1.5, 2.5], # a (row\n   [3.5, 4.5]])\n"
        "# shape: torch.Size([9, 9])\nassert y.shape == torch.Size([9])\nz = [1.5, 2.5]\n\n"
        "In [7]:\nclass A(nn.Module):\n    def f(self, x):\n        return g(x)\n\nprint(A(x))\nprint(\"Sum:\", s)\nprint(f\"{k=}\")\n\n"
        "tensor([[0.1000]],\n       grad_fn=<MmBackward0>)\nSum: tensor(1.)\nk=tensor(2.)\n\n"
        "In [8]:\nx.shape\n\ntorch.Size([1, 2])\n\nMore prose from f() and g().\n";
    CHECK(found_in(read_text("t.txt", text)) ==
          Found{"A(x)||In [7]", "s|Sum:|In [7]", "k|k=|In [7]", "x.shape|x.shape|In [8]"});
}

TEST_CASE("compare: source after an output starts anew") {
    CHECK(found_in(
              read_text("t.txt", "print(a)\nprint(never)\n\ntensor([1.5])\n\nprint(b)\n\ntensor([2.5])\n")) ==
          Found{"a||line 4", "b||line 8"});
}

TEST_CASE("compare: a log of prints") {
    CHECK(
        found_in(read_text("log", "scores: tensor([1.5])\n\nweights\ntensor([2.5])\nx = tensor([3.5])\n")) ==
        Found{"|scores:|line 1", "weights|weights|line 4", "|x =|line 5"});
    CHECK(found_in(read_text("log", "keys:\n[[0.1 0.2]\n [0.3 0.4]]\n[12:30] done [0.5 s]\n")) ==
          Found{"|keys:|line 2"});
    // Windows line ends.
    CHECK(found_in(read_text("log", "x:\r\ntensor([1.,\r\n        2.])\r\n")) == Found{"|x:|line 2"});
}

TEST_CASE("compare: files by their ending") {
    const TemporaryFolder folder;
    CHECK(found_in(read_prints(folder.file("n.ipynb", notebook_of({{"print(x)", one_value(1)}})))) ==
          Found{"x||In [1]"});
    CHECK(found_in(read_prints(folder.file("log", "\xef\xbb\xbfx tensor([1.])"))) == Found{"|x|line 1"});
    std::string utf16 = "\xff\xfe";
    for (const char c : std::string("x tensor([1.5])\n")) utf16 += std::string{c, '\0'};
    CHECK(found_in(read_prints(folder.file("utf16.txt", utf16))) == Found{"|x|line 1"});

    for (const char* name : {"t.safetensors", "t.npz"}) {
        save_tensors(folder.path(name),
                     {{"w", tensor<float>({2, 1}, {0.5f, 1.5f})}, {"m", tensor<bool>({1}, {true})}});
        const std::vector<PrintedTensor> saved = read_prints(folder.path(name));
        CHECK(found_in(saved) == Found{"w||the file", "m||the file"});
        CHECK(saved[0].shape == Shape{2, 1});
        CHECK(saved[0].numbers[1].value == 1.5);
    }
    CHECK(
        has(error_of([&] { read_prints(folder.file("empty.txt", "nothing here\n")); }), "no printed tensor"));
    CHECK(has(error_of([&] { read_prints(folder.path("missing.ipynb")); }), "missing.ipynb"));
}

TEST_CASE("compare: what is too large is refused, not read") {
    const TemporaryFolder folder;
    const std::string path = folder.file("large.ipynb", "{}");
    std::filesystem::resize_file(path, largest_file + 1);
    CHECK(has(error_of([&] { read_prints(path); }), "larger than 64 MB"));

    std::string numbers = "tensor([0";
    for (std::size_t i = 0; i < most_numbers / 2; ++i) numbers += ",0";
    numbers += "])\n";
    std::vector<NotebookCell> cells(most_printed_numbers / (most_numbers / 2) + 1, {"print(x)", numbers});
    CHECK(
        has(error_of([&] { read_notebook("n.ipynb", notebook_of(cells)); }), "more than 4 million numbers"));
}

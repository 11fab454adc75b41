// A walk is data: sections, steps, and the blocks of each step. The renderers (terminal, bare tensors, page)
// read this data, so a new renderer changes no chapter.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/any_tensor.hpp"
#include "common/bench/roofs.hpp"

// A print to reproduce: the number of the notebook's cell, and the label that the cell prints before the
// tensor. The number is 0 where no notebook exists and the reference print is PyTorch's (chapter 5 and
// later).
struct Cell {
    int number;
    std::string label;
};
inline Cell cell(int number, std::string label = "") {
    return {number, std::move(label)};
}
inline Cell pytorch() {
    return {0, ""};
}

// Whether the walk reproduced the print, and the first difference if it did not.
struct Verdict {
    bool reproduced;
    std::string difference;
};

// `tensor.shape`, which PyTorch prints as torch.Size([...]).
struct Size {
    Shape shape;
};

struct Shown {
    std::string name;  // as in the notebook
    std::variant<AnyTensor, Size> value;
    std::vector<std::string> axes;  // the letters of its shape: {"T", "d_out"}
    std::optional<Cell> cell;       // the notebook's or PyTorch's print of it, if there is one
    std::optional<Verdict> verdict;
};

struct Formula {
    std::string text;
};

// One or two sentences about the tensor above.
struct Note {
    std::string text;
};

struct Table {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
};

// Attention weights in [0, 1] as shades: row `i` has the weights of word `i` on the words of the columns.
struct Heatmap {
    std::string title;
    AnyTensor weights;               // float32 (rows, columns)
    std::vector<std::string> words;  // on both axes
};

// Two heatmaps, one beside the other, to be compared.
struct HeatmapPair {
    Heatmap left, right;
};

// Two versions of a tensor, one beside the other, to be compared.
struct ShownPair {
    Shown left, right;
};

// Lines of a program. As in a diff, a line starts with two columns: "- " for a line that only the first
// version has, "+ " for one that only the second has, or two spaces.
struct Code {
    std::vector<std::string> lines;
};

// Measured times of some work below the limits of the machine, all with the same number of threads.
struct Roofline {
    struct Point {
        std::string name;
        bench::Work work;
        double seconds;
    };
    std::string title;
    bench::Roofs roofs;
    std::vector<Point> points;
};

using Block = std::variant<Formula, Shown, Note, Table, Heatmap, HeatmapPair, ShownPair, Code, Roofline>;

struct Step {
    std::string title;
    std::string text;    // one or two sentences
    std::string source;  // the file that a reader opens beside this step
    std::vector<Block> blocks;

    // Each function adds a block and returns the step, so that calls can be chained. Notes, tables and
    // heatmaps may contain words from the reader's files; printable() replaces what a terminal must not get.
    Step& read(std::string file);
    Step& formula(std::string text_of_formula);
    Step& show(std::string name, AnyTensor value, std::vector<std::string> axes,
               std::optional<Cell> printed = std::nullopt);
    Step& show_shape(std::string name, const Shape& shape, std::optional<Cell> printed = std::nullopt);
    Step& note(const std::string& text_of_note);
    Step& table(std::vector<std::string> header, std::vector<std::vector<std::string>> rows);
    Step& heatmap(const std::string& title_of_map, AnyTensor weights, std::vector<std::string> words);
    Step& side_by_side(Heatmap left, Heatmap right);
    Step& show_pair(Shown left, Shown right);
    Step& code(std::vector<std::string> lines);
    // Throws std::invalid_argument if a number is not above zero, because both axes are logarithmic.
    Step& roofline(Roofline picture);
};

struct Section {
    std::string number;  // the notebook's, as in "3.5"; may be empty
    std::string title;
};

// Which of the reader's own files a chapter works on instead of its own numbers.
enum class Takes {
    input,    // --input, --tokens
    weights,  // these and --weights, --prefix
    layer,    // these and --config, --ignore-unused, --prefill
    model     // the same for a whole model, whose input is token numbers
};

// Which random numbers a chapter draws.
enum class Draws {
    nothing,
    numbers,     // --seed
    dropout_too  // --seed, --dropout-rng
};

struct Chapter {
    int number;
    std::string folder;
    std::string title;
    std::string letters;  // the legend of its shapes: "T tokens, d_in width of an embedding"
    Takes takes;
    Draws draws = Draws::numbers;
};

struct Document {
    Chapter chapter;
    std::string kind = "Chapter";  // what chapter.number counts: "Chapter 5", "Bug 12"; 0 is not shown
    std::vector<std::pair<std::string, AnyTensor>>
        kept;                                       // to be saved though not shown: output, cache_k, cache_v
    std::deque<std::variant<Section, Step>> parts;  // a deque: a step stays where it is while others follow
};

// "Chapter 5", "Bug 12", "Benchmark".
std::string numbered_kind(const Document& document);

// Calls `visit` with every shown tensor, in order. Works on const and on mutable documents.
template <class SomeDocument, class Visit>
void for_each_shown(SomeDocument& document, Visit visit) {
    for (auto& part : document.parts) {
        if (auto* step = std::get_if<Step>(&part)) {
            for (auto& block : step->blocks) {
                if (auto* shown = std::get_if<Shown>(&block)) visit(*shown);
                if (auto* pair = std::get_if<ShownPair>(&block)) {
                    visit(pair->left);
                    visit(pair->right);
                }
            }
        }
    }
}

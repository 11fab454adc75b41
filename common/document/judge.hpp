// The notebook's figures and PyTorch's own (data/*_prints.json, carried in the executable), and the
// comparison with them.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/document/step.hpp"
#include "common/torch/print.hpp"

// One print, to the byte, without grad_fn.
struct ReferencePrint {
    int chapter;
    int cell;          // of the notebook; 0 if PyTorch itself was asked
    std::string name;  // the expression that is printed
    std::string text;
};

const std::vector<ReferencePrint>& reference_prints();

// "the notebook" for a print of one of its cells, "PyTorch" for cell 0.
std::string_view source_of_prints(int cell);

// Whether the notebook has prints of this chapter. For the others PyTorch itself was asked.
bool has_notebook(int chapter);

// How many prints of a chapter there are, and how many of them the walk gave again.
struct Score {
    int reproduced = 0;
    int expected = 0;
};

// Gives every shown tensor that names a cell its verdict, and counts. A print that the walk never
// shows counts as not reproduced. Throws std::logic_error where a walk names a print that is not there.
Score judge(Document& document);

// A shown value as PyTorch prints it, and what the notebook's print call prints: its label, then the value.
std::string value_text(const Shown& shown, const torch::PrintOptions& options = {});
std::string printed_text(const Shown& shown, const torch::PrintOptions& options = {});

// The numbers in a print, in order, as they are written: "0.9544", "-inf", "2.".
std::vector<std::string> numbers_in(std::string_view printed);

// Where two prints part, in words: "[0, 2] is 0. here, 2. in the notebook".
std::string first_difference(const std::string& here, const std::string& there, const Shape& shape,
                             std::string_view source);

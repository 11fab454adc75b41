// The reference prints, of the notebook and of PyTorch (data/*_prints.json, embedded in the executable), and
// the comparison of a walk with them.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/document/step.hpp"
#include "common/torch/print.hpp"

// One print, byte for byte, without grad_fn.
struct ReferencePrint {
    int chapter;
    int cell;          // of the notebook; 0 if no notebook has it and PyTorch printed it
    std::string name;  // the printed expression
    std::string text;
};

const std::vector<ReferencePrint>& reference_prints();

// "the notebook" for a print of one of its cells, "PyTorch" for cell 0.
std::string_view source_of_prints(int cell);

// Whether the notebook has prints of this chapter. For the other chapters the prints are PyTorch's own.
bool has_notebook(int chapter);

// The number of a chapter's reference prints, and how many of them the walk reproduced.
struct Score {
    int reproduced = 0;
    int expected = 0;
};

// Sets the verdict of every shown tensor that names a cell, and counts. A reference print that the walk never
// shows counts as not reproduced. Throws std::logic_error if a walk names a print that does not exist.
Score judge(Document& document);

// A shown value as PyTorch prints it, and the whole output of the notebook's print call: label and value.
std::string value_text(const Shown& shown, const torch::PrintOptions& options = {});
std::string printed_text(const Shown& shown, const torch::PrintOptions& options = {});

// The numbers in a print, in their order and as they are written: "0.9544", "-inf", "2.".
std::vector<std::string> numbers_in(std::string_view printed);

// The first difference between two prints, in words: "[0, 2] is 0. here, 2. in the notebook".
std::string first_difference(const std::string& here, const std::string& there, const Shape& shape,
                             std::string_view source);

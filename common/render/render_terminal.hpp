// The renderer for a terminal: a rule for each section, a number and a title for each step, text that fits
// the terminal, tensors at the left margin as PyTorch prints them, and a tick where the reference print
// agrees.
#pragma once
#include <string>
#include <vector>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/print.hpp"

// `closing` is the last line: the score, or why there is none.
std::string render_terminal(const Document& document, const Terminal& terminal,
                            const torch::PrintOptions& options, const std::string& closing);

// The same text in pieces, one for each step. The first piece starts with all text before step 1, the last
// piece ends with the closing line.
std::vector<std::string> render_steps(const Document& document, const Terminal& terminal,
                                      const torch::PrintOptions& options, const std::string& closing);

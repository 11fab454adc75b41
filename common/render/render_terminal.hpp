// The renderer for people: a rule for each section, a number and a title for each step, prose that fits
// the terminal, tensors at the left margin as PyTorch prints them, and a tick where the notebook agrees.
#pragma once
#include <string>
#include <vector>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/print.hpp"

// `closing` is the last line: the score, or why there is none.
std::string render_terminal(const Document& document, const Terminal& terminal,
                            const torch::PrintOptions& options, const std::string& closing);

// The same in pieces, one for each step: what stands before the first belongs to it, the closing line to the
// last.
std::vector<std::string> render_steps(const Document& document, const Terminal& terminal,
                                      const torch::PrintOptions& options, const std::string& closing);

// --step: shows the walk one step at a time.
#pragma once
#include <string>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/print.hpp"

// Whether this is possible: standard input and standard output are both a terminal.
bool can_step();

// Shows step after step until the reader has seen the last one or quits: Enter goes on, b goes back, q quits,
// a number goes to that step. A step with more lines than the terminal takes several screens.
void step_through(const Document& document, ColorChoice color, const torch::PrintOptions& options,
                  const std::string& closing);

// --step: the walk a step at a time, at the reader's pace.
#pragma once
#include <string>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/print.hpp"

// Whether somebody can: both standard input and output are a terminal.
bool can_step();

// Shows step after step until the reader has seen the last one or quits: Enter goes on, b goes back, q quits,
// a number goes to that step. A step taller than the terminal comes in several screens.
void step_through(const Document& document, ColorChoice color, const torch::PrintOptions& options,
                  const std::string& closing);

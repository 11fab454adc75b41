// Attention weights as a small picture: a row for each query word, a column for each key word.
#pragma once
#include <string>
#include <vector>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"

// The lines of the picture; each takes at most `terminal.width` columns.
std::vector<std::string> draw_heatmap(const Heatmap& heatmap, const Terminal& terminal);

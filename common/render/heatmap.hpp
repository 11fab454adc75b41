// Attention weights as a small picture: a row for each word that looks, a column for each it looks at.
#pragma once
#include <string>
#include <vector>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"

// The lines of the picture, each at most `terminal.width` columns wide.
std::vector<std::string> draw_heatmap(const Heatmap& heatmap, const Terminal& terminal);

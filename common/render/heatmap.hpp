// Attention weights as a small picture: a row for each query word, a column for each key word.
#pragma once
#include <string>
#include <vector>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"

// The lines of the picture; each takes at most `terminal.width` columns.
std::vector<std::string> draw_heatmap(const Heatmap& heatmap, const Terminal& terminal);

// The lines of two pictures with their titles, one beside the other. Each has half of the terminal.
std::vector<std::string> draw_heatmaps(const HeatmapPair& pair, const Terminal& terminal);

// The parts of chapter 8's walk.
#pragma once
#include <string>
#include <vector>

#include "chapters/08_llama_4/small_model.hpp"
#include "common/program/engine_options.hpp"
#include "common/program/walkthrough.hpp"

namespace ch8 {

using Rows = std::vector<std::vector<std::string>>;

// The words of the small model's tokens, for tables and heatmaps.
std::vector<std::string> words_of(const Tokens& tokens);

// The walk, section by section.
void walk_words_and_local_attention(Walkthrough& walk, const Setting& setting);
void walk_global_attention(Walkthrough& walk, const Setting& setting);
void walk_feed_forward(Walkthrough& walk, const Setting& setting);
void walk_model(Walkthrough& walk, const Setting& setting);

// --config: your own model.
void walk_own_model(Walkthrough& walk, const FlashEngine& engine);

}  // namespace ch8

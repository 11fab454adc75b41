// The parts of chapter 9's walk.
#pragma once
#include <string>
#include <vector>

#include "chapters/09_every_model/layer_files.hpp"
#include "chapters/09_every_model/tour.hpp"
#include "common/program/engine_options.hpp"
#include "common/program/walkthrough.hpp"

namespace ch9 {

using Rows = std::vector<std::vector<std::string>>;

// "1.2e-07": how far two tensors differ.
std::string told(float difference);

// The walk, section by section.
void walk_projections(Walkthrough& walk, const Setting& setting, const Variants& all);
void walk_scores(Walkthrough& walk, const Setting& setting, const Variants& all);
void walk_visible_keys(Walkthrough& walk, const Setting& setting, const Variants& all);
void walk_positions(Walkthrough& walk, const Setting& setting, const Variants& all);
void walk_gate_and_cache(Walkthrough& walk, const Setting& setting, const Variants& all);

// All models, a line for each.
void walk_models(Walkthrough& walk);

// --model or --config: one attention of your own model.
void walk_own_model(Walkthrough& walk, const Wanted& wanted, const FlashEngine& engine);

}  // namespace ch9

// The parts of chapter 9's walk.
#pragma once
#include "chapters/09_every_model/layer_files.hpp"
#include "common/program/walkthrough.hpp"

namespace ch9 {

// --model or --config: one attention of your own model.
void walk_own_model(Walkthrough& walk, const Wanted& wanted);

// All models, a line for each.
void walk_models(Walkthrough& walk);

}  // namespace ch9

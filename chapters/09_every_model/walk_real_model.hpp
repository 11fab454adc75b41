// A part of chapter 9's walk: the attention of a real model on a sentence.
#pragma once
#include "common/program/walkthrough.hpp"

namespace ch9 {

// Reads data/minilm. If the folder is missing, the section only says how to make it.
void walk_real_model(Walkthrough& walk);

}  // namespace ch9

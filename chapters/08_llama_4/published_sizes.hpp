// The sizes of the published Llama 4 models, for steps that count without computing.
#pragma once
#include "chapters/08_llama_4/config.hpp"

namespace ch8 {

// 48 layers, each with 16 experts.
Config llama_4_scout();

// 48 layers, every second with 128 experts.
Config llama_4_maverick();

}  // namespace ch8

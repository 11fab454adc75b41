// What one warp does, instruction by instruction, for a reader who steps through it.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "common/any_tensor.hpp"
#include "common/cuda/emulator/place.hpp"

struct WarpEvent {
    std::string instruction;
    Place place;
    std::string text;
    std::vector<std::pair<std::string, AnyTensor>> tensors;  // what the 32 lanes hold together
};
using WarpLog = std::vector<WarpEvent>;

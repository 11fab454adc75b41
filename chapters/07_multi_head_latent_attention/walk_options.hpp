// The options that only chapter 7 has.
#pragma once
#include <cstddef>
#include <optional>

#include "common/cuda/device_options.hpp"
#include "common/program/chapter_options.hpp"
#include "common/program/engine_options.hpp"

namespace ch7 {

struct Choices {
    std::optional<std::size_t> world_size;  // --world-size: the number of ranks that share the heads
    bool journey = false;  // --size journey: the size of a real layer instead of the small one
    DeviceChoice on;       // --device, --warp
    EngineChoice engine;   // --engine
};

// Declares them. They are read into `choices`, which must outlive the result.
ChapterOptions options(Choices& choices);

}  // namespace ch7

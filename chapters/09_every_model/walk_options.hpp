// The options that only chapter 9 has.
#pragma once
#include <optional>
#include <string>

#include "chapters/09_every_model/layer_files.hpp"
#include "common/program/chapter_options.hpp"
#include "common/program/engine_options.hpp"

namespace ch9 {

struct Choices {
    std::optional<std::string> model;  // --model: a folder with config.json and the weights
    Wanted wanted;                     // --layer, --decoder, --ids
    EngineChoice engine;               // --engine
};

// Declares them. They are read into `choices`, which must outlive the result.
ChapterOptions options(Choices& choices);

}  // namespace ch9

// The options of a single chapter, declared in the chapter's folder.
#pragma once
#include <functional>
#include <string>

#include "common/program/option_rules.hpp"

namespace CLI {
class App;
}

struct OwnFiles;

struct ChapterOptions {
    std::function<void(CLI::App&)> declare = [](CLI::App&) {};  // names, help and checks, in CLI11's terms
    // Sets the files that the chapter's own options name: a folder has a config and weights.
    std::function<void(OwnFiles&)> fill = [](OwnFiles&) {};
    OptionRules rules = {};     // which options they need or exclude
    std::string examples = {};  // lines for --help, each with its newline
};

// The options of both, in this order, for a chapter that shares options with others.
ChapterOptions joined(const ChapterOptions& first, const ChapterOptions& second);

// Options that a chapter declares beside its walk. common/ knows none of them.
#pragma once
#include <functional>
#include <string>

#include "common/program/option_rules.hpp"

namespace CLI {
class App;
}

struct ChapterOptions {
    std::function<void(CLI::App&)> declare = [](CLI::App&) {};  // names, help and checks, in CLI11's terms
    OptionRules rules;                                          // which options they go together with
    std::string examples;                                       // lines for --help, each with its newline
};

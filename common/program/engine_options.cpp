#include "common/program/engine_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

ChapterOptions engine_options(int number, EngineChoice& choice) {
    using Kind = OptionRule::Kind;
    ChapterOptions options;
    options.declare = [&choice](CLI::App& app) {
        app.add_option_function<std::string>(
               "--engine", [&choice](const std::string& engine) { choice.is_flash = engine == "flash"; },
               "your own layer: lesson, or flash (chapter 10: the same output, faster, and no scores)")
            ->check(CLI::IsMember({"lesson", "flash"}))
            ->type_name("NAME");
    };
    options.rules = {
        {"--engine flash",
         Kind::needs,
         {"--config", "--model"},
         "it runs a layer of your own, and the chapter's tensors are the lesson's"},
        {"--engine flash", Kind::excludes, {"--compare"}, "it makes no scores that could be compared"},
        {"--engine flash", Kind::excludes, {"--tokens"}, "it makes no attention weights for the heatmap"}};
    options.examples = fmt::format(
        "  ./walk {} --config config.json --engine flash   your layer with chapter 10's attention, for long texts\n",
        number);
    return options;
}

FlashEngine chosen_engine(int chapter, const EngineChoice& choice, const FlashEngine& linked) {
    if (!choice.is_flash) return {};
    if (linked.is_there()) return linked;
    throw UsageError(fmt::format(
        "this program has no engine in it; ./walk {} --engine flash builds and runs the one that has",
        chapter));
}

#include "chapters/07_multi_head_latent_attention/walk_options.hpp"

#include <CLI/CLI.hpp>

#include "common/program/plain_number.hpp"

namespace ch7 {
namespace {

void declare(CLI::App& app, Choices& choices) {
    app.add_option("--world-size", choices.world_size, "this many ranks share the heads, one after the other")
        ->check(plain_number)
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    app.add_option_function<std::string>(
           "--size", [&choices](const std::string& size) { choices.journey = size == "journey"; },
           "small, or journey: one call at a real layer's size, operation by operation")
        ->check(CLI::IsMember({"small", "journey"}))
        ->type_name("SIZE");
}

}  // namespace

ChapterOptions options(Choices& choices) {
    constexpr auto excludes = OptionRule::Kind::excludes;
    ChapterOptions options;
    options.declare = [&choices](CLI::App& app) { declare(app, choices); };
    options.rules = {
        {"--size journey",
         excludes,
         {"--config", "--weights", "--input"},
         "the journey has sizes of its own"},
        {"--size journey", excludes, {"--tensors-only"}, "PyTorch's figures are for the small layer"},
        {"--size journey",
         excludes,
         {"--world-size", "--device cuda", "--device emulated"},
         "the journey runs on one CPU"},
        {"--world-size", excludes, {"--device cuda", "--device emulated"}, "kernels run on one device"}};
    options.examples =
        "  ./walk 7 --size journey         operation by operation, at a real size\n"
        "  ./walk 7 --config config.json --world-size 4       the heads in four ranks\n"
        "  mpirun -n 4 build/bin/07_multi_head_latent_attention ...    and each rank a process\n";
    return joined(joined(options, device_options(7, choices.on)), engine_options(7, choices.engine));
}

}  // namespace ch7

#include "common/cuda/device_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/program/plain_number.hpp"

namespace {

void declare(CLI::App& app, DeviceChoice& choice) {
    const auto choose = [&choice](const std::string& device) {
        if (device == "cuda") choice.device = Device::cuda;
        if (device == "emulated") choice.device = Device::emulated;
    };
    app.add_option_function<std::string>("--device", choose,
                                         "cpu, cuda (a GPU), or emulated (the GPU's kernels on the CPU)")
        ->check(CLI::IsMember({"cpu", "cuda", "emulated"}))
        ->type_name("WHERE");
    app.add_option("--warp", choice.warp,
                   "with --device emulated: what this warp of the kernel does, step by step")
        ->check(plain_number)
        ->check(CLI::Range(0, 31))
        ->type_name("N");
}

}  // namespace

ChapterOptions device_options(int number, DeviceChoice& choice) {
    constexpr auto excludes = OptionRule::Kind::excludes;
    ChapterOptions options;
    options.declare = [&choice](CLI::App& app) { declare(app, choice); };
    options.rules = {{"--warp",
                      OptionRule::Kind::needs,
                      {"--device emulated"},
                      "only the emulator can stop after an instruction"},
                     {"--warp", excludes, {"--tensors-only", "--compare"}, "PyTorch has no warps"}};
    for (const char* device : {"--device cuda", "--device emulated"}) {
        options.rules.push_back(
            {device, excludes, {"--compare"}, "kernels round to bf16, and PyTorch's prints do not"});
        options.rules.push_back(
            {device, excludes, {"--prefill"}, "kernels take all tokens but the last, then the last"});
        options.rules.push_back({device, excludes, {"--tokens"}, "no heatmap is shown"});
        options.rules.push_back({device, excludes, {"--engine flash"}, "kernels compute the attention"});
    }
    options.examples = fmt::format(
        "  ./walk {0} --device emulated        its GPU kernels, run on the CPU: what they compute and cost\n"
        "  ./walk {0} --device emulated --warp 0 --step    one warp, instruction by instruction\n",
        number);
    return options;
}

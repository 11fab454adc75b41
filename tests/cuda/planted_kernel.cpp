// Chapter 5's decoding and prefill with a bug in one of their files: KERNEL_SIDE is planted_<bug>, and the
// folder with the altered copy stands before the sources in the list of includes.
#include "chapters/05_grouped_query_attention/cuda/launch_decode.cuh"
#include "chapters/05_grouped_query_attention/cuda/launch_prefill.cuh"
#include "common/cuda/emulator/emulated_machine.hpp"
#include "tests/cuda/planted_kernels.hpp"

namespace {

ch5::DecodeRun decode_planted(ch5::DecodeRung rung, const ch5::DecodeInput& input,
                              const EmulatorOptions& options) {
    EmulatedMachine machine(options);
    return ch5::KERNEL_SIDE::decode_on(machine, rung, input);
}
ch5::PrefillRun prefill_planted(const ch5::PrefillInput& input, const EmulatorOptions& options) {
    EmulatedMachine machine(options);
    return ch5::KERNEL_SIDE::prefill_on(machine, input);
}
[[maybe_unused]] const bool is_listed =
    planted_kernels().emplace(PLANTED_BUG, PlantedKernels{decode_planted, prefill_planted}).second;

}  // namespace

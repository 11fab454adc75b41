#include "chapters/05_grouped_query_attention/cuda/demonstrations.hpp"

#include "chapters/05_grouped_query_attention/cuda/demonstrations.cuh"
#include "common/cuda/emulator/emulated_machine.hpp"

namespace ch5 {
namespace {

template <bool is_swizzled>
BankConflicts conflicts() {
    EmulatedMachine machine;
    const auto numbers = machine.upload("numbers", std::vector<bf16>(16 * 64));
    machine.launch("read_tile", emulated::read_tile<is_swizzled>, Grid{1, 1, 1, 32, 16 * 64 * sizeof(bf16)},
                   numbers);
    const AccessCounts reads = machine.report(std::nullopt).launches.front().counts.shared_reads;
    return {reads.cost, reads.needed};
}

}  // namespace

std::string without_barrier() {
    EmulatedMachine machine;
    const auto numbers = machine.upload("numbers", std::vector<float>(32));
    try {
        machine.launch("hand_over_without_barrier", emulated::hand_over_without_barrier,
                       Grid{1, 1, 1, 64, 32 * sizeof(float)}, numbers);
    } catch (const KernelError& error) {
        return error.what();
    }
    return "nothing";
}

BankConflicts conflicts_without_swizzle() {
    return conflicts<false>();
}
BankConflicts conflicts_with_swizzle() {
    return conflicts<true>();
}

}  // namespace ch5

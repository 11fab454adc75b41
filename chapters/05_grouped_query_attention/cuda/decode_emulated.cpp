#include "chapters/05_grouped_query_attention/cuda/launch_decode.cuh"
#include "common/cuda/emulator/emulated_machine.hpp"

namespace ch5 {

DecodeRun decode_emulated(DecodeRung rung, const DecodeInput& input, const EmulatorOptions& options) {
    EmulatedMachine machine(options);
    return emulated::decode_on(machine, rung, input);
}

}  // namespace ch5

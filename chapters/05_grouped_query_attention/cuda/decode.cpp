#include "chapters/05_grouped_query_attention/cuda/decode.hpp"

#include "common/cuda/emulator/emulator_options.hpp"

namespace ch5 {

std::string to_string(DecodeRung rung) {
    switch (rung) {
        case DecodeRung::naive:
            return "naive";
        case DecodeRung::online_softmax:
            return "online softmax";
        case DecodeRung::split_kv:
            return "split KV";
        case DecodeRung::tensor_cores:
            break;
    }
    return "tensor cores";
}

DecodeRun decode(Device device, DecodeRung rung, const DecodeInput& input, const EmulatorOptions& options) {
    if (device == Device::emulated) return decode_emulated(rung, input, options);
    require_gpu();
    return decode_on_gpu(rung, input);
}

DecodeRun decode(Device device, DecodeRung rung, const DecodeInput& input) {
    return decode(device, rung, input, EmulatorOptions{});
}

}  // namespace ch5

#include "chapters/05_grouped_query_attention/cuda/decode.hpp"

#include <fmt/format.h>

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

std::string why_not(DecodeRung rung, const DecodeShape& shape) {
    const bool holds_columns = rung == DecodeRung::online_softmax || rung == DecodeRung::split_kv;
    if (holds_columns && shape.head_dim > 256) {
        return fmt::format("decode: head_dim {} is over 256 (8 columns for each lane); use the rung naive",
                           shape.head_dim);
    }
    if (rung != DecodeRung::tensor_cores) return "";
    if (shape.group() > 16) {
        return fmt::format(
            "decode_tensor_cores: {} query heads share a key head, and an mma tile has 16 rows; use the rung split KV",
            shape.group());
    }
    if (shape.head_dim > 128) {
        return fmt::format("decode_tensor_cores: head_dim {} is over 128; use the rung split KV",
                           shape.head_dim);
    }
    return "";
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

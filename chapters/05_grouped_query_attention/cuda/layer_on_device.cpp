#include "chapters/05_grouped_query_attention/cuda/layer_on_device.hpp"

#include <cmath>

#include "common/cuda/multiply.hpp"
#include "common/cuda/tensors.hpp"

namespace ch5 {
namespace {

int size(const Tensor4& tensor, std::size_t axis) {
    return static_cast<int>(tensor.shape(axis));
}

float scale_of(const Tensor4& xq) {
    return 1.0f / std::sqrt(static_cast<float>(xq.shape(3)));
}

DecodeShape shape_of_step(const DeviceTrace& trace, const Tensor4& keys, int first_key) {
    return {.batch = size(trace.xq, 0),
            .n_heads = size(trace.xq, 2),
            .n_kv_heads = size(keys, 2),
            .head_dim = size(keys, 3),
            .tokens = size(keys, 1) - first_key,
            .max_tokens = size(keys, 1),
            .first_key = first_key,
            .softmax_scale = scale_of(trace.xq)};
}

// Concatenates the heads' results and applies wo.
void finish(Device device, DeviceTrace& trace, const Weights& weights, const std::vector<float>& context) {
    const std::size_t batch = trace.xq.shape(0), tokens = trace.xq.shape(1),
                      width = trace.xq.shape(2) * trace.xq.shape(3);
    trace.combined = to_tensor<3>(context, {batch, tokens, width});
    trace.output = linear_on(device, weights.wo, trace.combined);
}

}  // namespace

Tensor3 linear_on(Device device, const ch2::Linear& layer, const Tensor3& x) {
    const std::size_t in = layer.weight.shape(1), out = layer.weight.shape(0), rows = x.shape(0) * x.shape(1);
    const ProductRun run = linear(device, to_floats(x), to_floats(layer.weight), static_cast<int>(rows),
                                  static_cast<int>(in), static_cast<int>(out));
    Tensor3 result = to_tensor<3>(run.c, {x.shape(0), x.shape(1), out});
    if (layer.bias) result += *layer.bias;
    return result;
}

DeviceTrace project_on(Device device, const Tensor3& x, const Weights& weights, const Config& config) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1);
    DeviceTrace trace;
    trace.xq =
        torch::view<4>(linear_on(device, weights.wq, x), {batch, tokens, config.n_heads, config.head_dim});
    trace.xk =
        torch::view<4>(linear_on(device, weights.wk, x), {batch, tokens, config.kv_heads(), config.head_dim});
    trace.xv =
        torch::view<4>(linear_on(device, weights.wv, x), {batch, tokens, config.kv_heads(), config.head_dim});
    return trace;
}

void prefill_on(Device device, DeviceTrace& trace, const Weights& weights, const Tensor4& keys,
                const Tensor4& values, int chunk) {
    const int new_tokens = size(trace.xq, 1), tokens = size(keys, 1);
    const PrefillShape shape{.batch = size(trace.xq, 0),
                             .n_heads = size(trace.xq, 2),
                             .n_kv_heads = size(keys, 2),
                             .qk_head_dim = size(keys, 3),
                             .v_head_dim = size(values, 3),
                             .new_tokens = new_tokens,
                             .start_pos = tokens - new_tokens,
                             .chunk = chunk,
                             .softmax_scale = scale_of(trace.xq)};
    const PrefillRun run = prefill(device, {shape, to_floats(trace.xq), to_floats(keys), to_floats(values)});
    trace.attention = run.report;
    finish(device, trace, weights, run.context);
}

void decode_on(Device device, DecodeRung rung, DeviceTrace& trace, const Weights& weights,
               const Tensor4& keys, const Tensor4& values, const EmulatorOptions& options, int first_key) {
    const DecodeShape shape = shape_of_step(trace, keys, first_key);
    const DecodeRun run =
        decode(device, rung, {shape, to_floats(trace.xq), to_floats(keys), to_floats(values)}, options);
    trace.attention = run.report;
    finish(device, trace, weights, run.context);
}

bool supports(DecodeRung rung, const DeviceTrace& trace, const Tensor4& keys) {
    return why_not(rung, shape_of_step(trace, keys, 0)).empty();
}

}  // namespace ch5

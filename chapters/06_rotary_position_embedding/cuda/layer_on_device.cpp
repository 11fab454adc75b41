#include "chapters/06_rotary_position_embedding/cuda/layer_on_device.hpp"

#include "common/cuda/tensors.hpp"

namespace ch6 {
namespace {

std::array<std::size_t, 4> shape_of(const Tensor4& tensor) {
    return {tensor.shape(0), tensor.shape(1), tensor.shape(2), tensor.shape(3)};
}

}  // namespace

DeviceCache::DeviceCache(const ch5::Config& config, std::size_t batch)
    : keys(xt::zeros<float>({batch, config.max_seq_len, config.kv_heads(), config.head_dim})), values(keys) {}

RunReport append_on(Device device, RopeRung rung, ch5::DeviceTrace& trace, const ComplexMatrix& table,
                    DeviceCache& cache, std::size_t start_pos, const EmulatorOptions& options) {
    const auto size = [](const Tensor4& tensor, std::size_t axis) {
        return static_cast<int>(tensor.shape(axis));
    };
    const RopeShape shape{.batch = size(trace.xq, 0),
                          .n_heads = size(trace.xq, 2),
                          .n_kv_heads = size(trace.xk, 2),
                          .head_dim = size(trace.xq, 3),
                          .new_tokens = size(trace.xq, 1),
                          .start_pos = static_cast<int>(start_pos),
                          .max_tokens = size(cache.keys, 1)};
    const RopeRun run = rope_append(device, rung,
                                    {shape, as_pairs(table), to_floats(trace.xq), to_floats(trace.xk),
                                     to_floats(trace.xv), to_floats(cache.keys), to_floats(cache.values)},
                                    options);
    trace.xq = to_tensor<4>(run.xq_rotated, shape_of(trace.xq));
    cache.keys = to_tensor<4>(run.cache_k, shape_of(cache.keys));
    cache.values = to_tensor<4>(run.cache_v, shape_of(cache.values));
    return run.report;
}

bool supports(RopeRung rung, const ch5::DeviceTrace& trace) {
    const RopeShape shape{.batch = 1,
                          .n_heads = 1,
                          .n_kv_heads = 1,
                          .head_dim = static_cast<int>(trace.xq.shape(3)),
                          .new_tokens = 1,
                          .start_pos = 0,
                          .max_tokens = 1};
    return why_not(rung, shape).empty();
}

std::vector<float> as_pairs(const ComplexMatrix& table) {
    std::vector<float> pairs;
    pairs.reserve(2 * table.size());
    for (const std::complex<float>& turn : table) {
        pairs.push_back(turn.real());
        pairs.push_back(turn.imag());
    }
    return pairs;
}

}  // namespace ch6

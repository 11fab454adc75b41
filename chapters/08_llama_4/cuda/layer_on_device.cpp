#include "chapters/08_llama_4/cuda/layer_on_device.hpp"

#include "chapters/06_rotary_position_embedding/cuda/layer_on_device.hpp"
#include "chapters/08_llama_4/qk_norm.hpp"

namespace ch8 {

LocalOnDevice project_on(Device device, const Tensor3& x, const ch5::Weights& weights, const Config& config,
                         const ch6::ComplexMatrix& table) {
    ch5::DeviceTrace trace = ch5::project_on(device, x, weights, config.heads);
    ch6::DeviceCache cache(config.heads, x.shape(0));
    ch6::append_on(device, ch6::RopeRung::fused, trace, table, cache, 0);

    LocalOnDevice made;
    made.xq_rotated = trace.xq;
    made.xk_rotated = torch::narrow(cache.keys, 1, 0, x.shape(1));
    made.xq_normed = qk_norm(made.xq_rotated, config.norm_eps);
    made.xk_normed = qk_norm(made.xk_rotated, config.norm_eps);
    made.xv = trace.xv;
    return made;
}

ch5::DeviceTrace prefill_in_chunks(Device device, const LocalOnDevice& made, const ch5::Weights& weights,
                                   std::size_t chunk) {
    ch5::DeviceTrace trace;
    trace.xq = made.xq_normed;
    ch5::prefill_on(device, trace, weights, made.xk_normed, made.xv, static_cast<int>(chunk));
    return trace;
}

ch5::DeviceTrace decode_in_chunk(Device device, ch5::DecodeRung rung, const LocalOnDevice& made,
                                 const ch5::Weights& weights, std::size_t chunk, std::size_t position,
                                 const EmulatorOptions& options) {
    ch5::DeviceTrace trace;
    trace.xq = torch::narrow(made.xq_normed, 1, position, 1);
    ch5::decode_on(device, rung, trace, weights, torch::narrow(made.xk_normed, 1, 0, position + 1),
                   torch::narrow(made.xv, 1, 0, position + 1), options,
                   static_cast<int>(position / chunk * chunk));
    return trace;
}

}  // namespace ch8

#include "chapters/07_multi_head_latent_attention/cuda/layer_on_device.hpp"

#include "chapters/05_grouped_query_attention/cuda/layer_on_device.hpp"
#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"
#include "common/cuda/multiply.hpp"
#include "common/cuda/tensors.hpp"

namespace ch7 {
namespace {

Projections project_on(Device device, const Tensor3& x, const Weights& weights, const Config& config,
                       const ch6::ComplexMatrix& table, std::size_t start_pos) {
    Projections made;
    Tensor3 flat_q;
    if (config.q_lora_rank == 0) {
        flat_q = ch5::linear_on(device, weights.wq, x);
    } else {
        made.q_latent = ch5::linear_on(device, weights.wq_a, x);
        made.q_normed = rms_norm(made.q_latent, weights.q_norm);
        flat_q = ch5::linear_on(device, weights.wq_b, made.q_normed);
    }
    cut_and_turn(made, flat_q, ch5::linear_on(device, weights.wkv_a, x), weights, config, table, start_pos);
    return made;
}

// One matrix for each head, in one call: the heads are the batch, and their columns are side by side in x and
// in the result. (B, T, H, in), (H, ...) -> (B, T, H, out)
Tensor4 per_head_on(Device device, const Tensor4& x, const Tensor3& matrices, bool is_transposed) {
    const auto rows = static_cast<int>(x.shape(0) * x.shape(1)), heads = static_cast<int>(x.shape(2)),
               in = static_cast<int>(x.shape(3)),
               out = static_cast<int>(matrices.shape(is_transposed ? 1 : 2));
    const long b_row = is_transposed ? in : out;
    const Product product{.m = rows,
                          .n = out,
                          .k = in,
                          .batch = heads,
                          .a_row = static_cast<long>(heads) * in,
                          .a_batch = in,
                          .b_row = b_row,
                          .b_batch = static_cast<long>(in) * out,
                          .b_is_transposed = is_transposed,
                          .c_row = static_cast<long>(heads) * out,
                          .c_batch = out};
    const std::array<std::size_t, 4> shape{x.shape(0), x.shape(1), x.shape(2), static_cast<std::size_t>(out)};
    const std::size_t size = shape[0] * shape[1] * shape[2] * shape[3];
    return to_tensor<4>(multiply(device, product, to_floats(x), to_floats(matrices), size).c, shape);
}

void finish(Device device, DeviceTrace& trace, const Weights& weights) {
    const Tensor4& context = trace.head_context;
    const std::array<std::size_t, 3> side_by_side{context.shape(0), context.shape(1),
                                                  context.shape(2) * context.shape(3)};
    trace.output = ch5::linear_on(device, weights.wo, torch::view<3>(context, side_by_side));
}

// Concatenates two tensors on the last axis.
template <std::size_t N>
Tensor<N> join(const Tensor<N>& left, const Tensor<N>& right) {
    return xt::concatenate(xt::xtuple(left, right), N - 1);
}

int size(const Tensor4& tensor, std::size_t axis) {
    return static_cast<int>(tensor.shape(axis));
}

}  // namespace

DeviceTrace naive_on(Device device, const Tensor3& x, const Weights& weights, const Config& config,
                     const Positions& positions, const Tensor4& keys, const Tensor4& values,
                     std::size_t start_pos) {
    DeviceTrace trace;
    trace.made = project_on(device, x, weights, config, positions.table, start_pos);
    const Tensor4 queries = join(trace.made.q_nope, trace.made.q_pe_rotated);
    const ch5::PrefillShape shape{.batch = size(queries, 0),
                                  .n_heads = size(queries, 2),
                                  .n_kv_heads = size(keys, 2),
                                  .qk_head_dim = size(keys, 3),
                                  .v_head_dim = size(values, 3),
                                  .new_tokens = size(queries, 1),
                                  .start_pos = static_cast<int>(start_pos),
                                  .chunk = 0,
                                  .softmax_scale = positions.softmax_scale};
    const ch5::PrefillRun run =
        ch5::prefill(device, {shape, to_floats(queries), to_floats(keys), to_floats(values)});
    trace.attention = run.report;
    trace.head_context =
        to_tensor<4>(run.context, {x.shape(0), x.shape(1), config.n_heads, config.v_head_dim});
    finish(device, trace, weights);
    return trace;
}

DeviceTrace absorbed_on(Device device, LatentRung rung, const Tensor3& x, const Weights& weights,
                        const Config& config, const Positions& positions, const LatentCache& cache,
                        std::size_t start_pos, const EmulatorOptions& options) {
    const std::size_t batch = x.shape(0), stop = start_pos + 1;
    DeviceTrace trace;
    trace.made = project_on(device, x, weights, config, positions.table, start_pos);
    trace.q_absorbed = per_head_on(device, trace.made.q_nope, w_uk(weights, config), false);

    // Rows of queries and cache as the kernels read them: content, followed by position.
    const Tensor4 queries = join(trace.q_absorbed, trace.made.q_pe_rotated);
    const Tensor3 rows = join<3>(cache.kv_cache.read(batch, stop), cache.pe_cache.read(batch, stop));
    const LatentShape shape{.batch = static_cast<int>(batch),
                            .n_heads = static_cast<int>(config.n_heads),
                            .kv_lora_rank = static_cast<int>(config.kv_lora_rank),
                            .qk_rope_head_dim = static_cast<int>(config.qk_rope_head_dim),
                            .tokens = static_cast<int>(stop),
                            .max_tokens = static_cast<int>(stop),
                            .softmax_scale = positions.softmax_scale};
    const LatentRun run = latent_decode(device, rung, {shape, to_floats(queries), to_floats(rows)}, options);
    trace.attention = run.report;
    trace.context_latent = to_tensor<4>(run.context, {batch, 1, config.n_heads, config.kv_lora_rank});
    trace.head_context = per_head_on(device, trace.context_latent, w_uv(weights, config), true);
    finish(device, trace, weights);
    return trace;
}

}  // namespace ch7

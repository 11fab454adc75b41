#include "chapters/08_llama_4/block.hpp"

#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"

namespace ch8 {

BlockWeights random_block(torch::Generator& generator, const Config& config, std::size_t layer) {
    const std::size_t dim = config.heads.dim;
    BlockWeights weights;
    weights.attention_norm = weights.ffn_norm = xt::ones<float>({dim});
    weights.attention = ch5::random_weights(generator, config.heads);
    if (contains(config.moe_layers, layer)) {
        weights.feed_forward = random_moe(generator, dim, config.num_experts, config.expert_dim);
    } else {
        weights.feed_forward = random_feed_forward(generator, dim, config.hidden_dim);
    }
    return weights;
}

BlockTrace run_block(const Tensor3& x, const BlockWeights& weights, const Config& config, std::size_t layer,
                     const ch6::ComplexMatrix& table, ch5::KVCache& cache, std::size_t start_pos,
                     AttentionEngine engine) {
    BlockTrace trace;
    trace.attention_norm = ch7::rms_norm(x, weights.attention_norm, config.norm_eps);
    trace.attention =
        attention(trace.attention_norm, weights.attention, config, layer, table, cache, start_pos, engine);
    trace.h = x + trace.attention.attended.output;

    // The feed-forward network knows no order: all tokens of all sequences are rows of one matrix.
    trace.ffn_norm = ch7::rms_norm(trace.h, weights.ffn_norm, config.norm_eps);
    const Matrix rows = torch::view<2>(trace.ffn_norm, {x.shape(0) * x.shape(1), x.shape(2)});
    if (const auto* dense = std::get_if<FeedForward>(&weights.feed_forward)) {
        trace.network = (*dense)(rows);
    } else {
        trace.network = mixture_of_experts(rows, std::get<MoeWeights>(weights.feed_forward), config.top_k);
    }
    const auto output_of = [](const auto& network) { return network.output; };
    trace.feed_forward = torch::view<3>(std::visit(output_of, trace.network), x.shape());
    trace.output = trace.h + trace.feed_forward;
    return trace;
}

}  // namespace ch8

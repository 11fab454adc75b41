#include "chapters/08_llama_4/parameters.hpp"

namespace ch8 {

Parameters count_parameters(const Config& config) {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double dim = number(config.heads.dim), layers = number(config.n_layers),
                 moe = number(config.moe_layers.size());
    const double heads = number(config.heads.n_heads + config.heads.kv_heads()),
                 expert = 3.0 * dim * number(config.expert_dim);
    Parameters count;
    // wq and wo are as wide as the query heads, wk and wv as the key and value heads.
    count.attention = layers * (2.0 * dim * heads * number(config.heads.head_dim) + 2.0 * dim);
    count.dense = (layers - moe) * 3.0 * dim * number(config.hidden_dim);
    count.shared = moe * (dim * number(config.num_experts) + expert);
    count.experts = moe * number(config.num_experts) * expert;
    count.used = moe * number(config.top_k) * expert;
    count.words = 2.0 * dim * number(config.vocab_size) + dim;
    return count;
}

}  // namespace ch8

#include "chapters/04_multi_head_attention/wrapper.hpp"

#include <stdexcept>

#include "chapters/03_causal_mask_and_dropout/attention.hpp"

namespace ch4 {

std::vector<ch2::LinearWeights> random_heads(torch::Generator& generator, std::size_t d_in, std::size_t d_out,
                                             std::size_t n_heads) {
    std::vector<ch2::LinearWeights> heads;
    for (std::size_t h = 0; h < n_heads; ++h)
        heads.push_back(ch2::random_linear_weights(generator, d_in, d_out));
    return heads;
}

Tensor3 multi_head_wrapper(const Tensor3& x, const std::vector<ch2::LinearWeights>& heads,
                           const ch3::Dropout& dropout, torch::Generator& generator) {
    if (heads.empty()) throw std::invalid_argument("multi-head attention needs at least one head");

    // Each head is a complete causal attention from chapter 3, independent of the other heads.
    Tensor3 context_vecs = ch3::causal_attention(x, heads[0], dropout, generator).context_vec;
    for (std::size_t h = 1; h < heads.size(); ++h) {
        const Tensor3 context_vec = ch3::causal_attention(x, heads[h], dropout, generator).context_vec;
        context_vecs = torch::cat(context_vecs, context_vec);
    }
    return context_vecs;
}

}  // namespace ch4

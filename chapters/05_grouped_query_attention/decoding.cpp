#include "chapters/05_grouped_query_attention/decoding.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace ch5 {

Tensor3 in_pieces(const Tensor3& x, const std::vector<std::size_t>& sizes, const Attention& attention) {
    if (std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}) != x.shape(1)) {
        throw std::invalid_argument("the pieces must add up to the number of tokens");
    }
    Tensor3 output = xt::zeros_like(x);
    std::size_t start_pos = 0;
    for (const std::size_t size : sizes) {
        const Tensor3 piece = attention(torch::narrow(x, 1, start_pos, size), start_pos);
        xt::view(output, xt::all(), xt::range(start_pos, start_pos + size), xt::all()) = piece;
        start_pos += size;
    }
    return output;
}

std::vector<std::size_t> prefill_then_tokens(std::size_t tokens, std::size_t prefill) {
    const std::size_t at_once = std::min(prefill, tokens);
    std::vector<std::size_t> sizes(tokens - at_once, 1);
    if (at_once > 0) sizes.insert(sizes.begin(), at_once);
    return sizes;
}

std::pair<Tensor3, Tensor3> all_but_last(const Tensor3& x) {
    const std::size_t last = x.shape(1) - 1;
    if (last == 0)
        throw std::invalid_argument("x has a single token; a second one is needed, to be decoded after it");
    return {torch::narrow(x, 1, 0, last), torch::narrow(x, 1, last, 1)};
}

}  // namespace ch5

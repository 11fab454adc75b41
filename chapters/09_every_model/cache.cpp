#include "chapters/09_every_model/cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ch9 {
namespace {

ch5::Config sizes(const Recipe& recipe, std::size_t batch, std::size_t rows) {
    return {.dim = recipe.dim,
            .n_heads = recipe.n_heads,
            .n_kv_heads = recipe.n_kv_heads,
            .head_dim = recipe.head_dim,
            .max_batch_size = batch,
            .max_seq_len = rows};
}

}  // namespace

Cache::Cache(const Recipe& recipe, std::size_t batch, std::size_t tokens)
    : buffer_(sizes(recipe, batch, cache_rows(recipe.mask, tokens))), longest_(tokens) {}

void Cache::write(std::size_t start_pos, const Tensor4& k, const Tensor4& v) {
    if (start_pos != tokens_) {
        throw std::invalid_argument(
            fmt::format("the cache has {} tokens, so the next position is not {}", tokens_, start_pos));
    }
    const std::size_t added = k.shape(1);
    if (tokens_ + added > longest_) {
        throw std::invalid_argument(
            fmt::format("the cache is for {} tokens, not {}", longest_, tokens_ + added));
    }
    // Of many new tokens only the last `rows` would stay.
    for (std::size_t t = added - std::min(added, rows()); t < added; ++t) {
        buffer_.write((start_pos + t) % rows(), torch::narrow(k, 1, t, 1), torch::narrow(v, 1, t, 1));
    }
    tokens_ += added;
}

Tensor4 Cache::in_order(const Tensor4& buffer, std::size_t first) const {
    if (first > tokens_ || tokens_ - first > rows()) {
        throw std::invalid_argument(
            fmt::format("the cache has the last {} of {} tokens; position {} is not among them",
                        std::min(rows(), tokens_), tokens_, first));
    }
    Tensor4 ordered =
        Tensor4::from_shape({buffer.shape(0), tokens_ - first, buffer.shape(2), buffer.shape(3)});
    for (std::size_t position = first; position < tokens_; ++position) {
        xt::view(ordered, xt::all(), position - first) = xt::view(buffer, xt::all(), position % rows());
    }
    return ordered;
}

std::size_t Cache::bytes() const {
    return buffer_.bytes_per_token() * buffer_.cache_k().shape(0) * rows();
}

std::size_t cache_rows(const Mask& mask, std::size_t tokens) {
    return std::min({tokens, mask.window.value_or(tokens), mask.chunk.value_or(tokens)});
}

std::size_t cache_bytes(const Recipe& recipe, std::size_t tokens) {
    return Cache(recipe, 1, 1).bytes() * cache_rows(recipe.mask, tokens);
}

}  // namespace ch9

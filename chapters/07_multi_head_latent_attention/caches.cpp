#include "chapters/07_multi_head_latent_attention/caches.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ch7 {

template <std::size_t N>
TokenBuffer<N>::TokenBuffer(const std::array<std::size_t, N>& shape) : buffer_(xt::zeros<float>(shape)) {}

template <std::size_t N>
void TokenBuffer<N>::write(std::size_t start_pos, const Tensor<N>& fresh) {
    const std::size_t batch = fresh.shape(0), stop = start_pos + fresh.shape(1);
    if (batch > buffer_.shape(0)) {
        throw std::invalid_argument(fmt::format("the cache holds {} sequences, not {}: raise max_batch_size",
                                                buffer_.shape(0), batch));
    }
    if (stop > buffer_.shape(1)) {
        throw std::invalid_argument(
            fmt::format("the cache holds {} tokens, not {}: raise max_seq_len", buffer_.shape(1), stop));
    }
    for (std::size_t b = 0; b < batch; ++b) {
        xt::view(buffer_, b, xt::range(start_pos, stop)) = torch::select(fresh, b);
    }
}

template <std::size_t N>
View<N> TokenBuffer<N>::read(std::size_t batch, std::size_t stop) const {
    return View<N>(buffer_).narrow(0, 0, batch).narrow(1, 0, stop);
}

template <std::size_t N>
std::size_t TokenBuffer<N>::per_token() const {
    return buffer_.size() / (buffer_.shape(0) * buffer_.shape(1));
}

template class TokenBuffer<3>;
template class TokenBuffer<4>;

NaiveCache::NaiveCache(const Config& config)
    : k_cache({config.max_batch_size, config.max_seq_len, config.n_heads, config.qk_head_dim()}),
      v_cache({config.max_batch_size, config.max_seq_len, config.n_heads, config.v_head_dim}) {}

LatentCache::LatentCache(const Config& config)
    : kv_cache({config.max_batch_size, config.max_seq_len, config.kv_lora_rank}),
      pe_cache({config.max_batch_size, config.max_seq_len, config.qk_rope_head_dim}) {}

}  // namespace ch7

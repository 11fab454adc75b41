#include "chapters/05_grouped_query_attention/kv_cache.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ch5 {

KVCache::KVCache(const Config& config)
    : cache_k_(
          xt::zeros<float>({config.max_batch_size, config.max_seq_len, config.kv_heads(), config.head_dim})),
      cache_v_(cache_k_) {}

void KVCache::write(std::size_t start_pos, const Tensor4& xk, const Tensor4& xv) {
    const std::size_t batch = xk.shape(0), tokens = xk.shape(1);
    if (batch > cache_k_.shape(0)) {
        throw std::invalid_argument(fmt::format(
            "the KV cache holds {} sequences, not {}: raise max_batch_size", cache_k_.shape(0), batch));
    }
    if (start_pos + tokens > cache_k_.shape(1)) {
        throw std::invalid_argument(fmt::format("the KV cache holds {} tokens, not {}: raise max_seq_len",
                                                cache_k_.shape(1), start_pos + tokens));
    }
    for (std::size_t b = 0; b < batch; ++b) {
        xt::view(cache_k_, b, xt::range(start_pos, start_pos + tokens)) = torch::select(xk, b);
        xt::view(cache_v_, b, xt::range(start_pos, start_pos + tokens)) = torch::select(xv, b);
    }
}

View4 KVCache::keys(std::size_t batch, std::size_t stop) const {
    return View4(cache_k_).narrow(0, 0, batch).narrow(1, 0, stop);
}

View4 KVCache::values(std::size_t batch, std::size_t stop) const {
    return View4(cache_v_).narrow(0, 0, batch).narrow(1, 0, stop);
}

std::size_t KVCache::bytes_per_token() const {
    const std::size_t slots = cache_k_.shape(0) * cache_k_.shape(1);
    return (cache_k_.size() + cache_v_.size()) * sizeof(float) / slots;
}

void KVCache::fill(float value) {
    cache_k_.fill(value);
    cache_v_.fill(value);
}

}  // namespace ch5

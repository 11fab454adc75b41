#include "chapters/08_llama_4/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"
#include "common/torch/random.hpp"

namespace ch8 {

Weights random_weights(torch::Generator& generator, const Config& config) {
    Weights weights;
    weights.tok_embeddings = torch::randn(generator, config.vocab_size, config.heads.dim);
    for (std::size_t layer = 0; layer < config.n_layers; ++layer) {
        weights.layers.push_back(random_block(generator, config, layer));
    }
    weights.norm = xt::ones<float>({config.heads.dim});
    weights.output = ch2::random_linear(generator, config.heads.dim, config.vocab_size);
    return weights;
}

Caches make_caches(const Config& config) {
    return Caches(config.n_layers, ch5::KVCache(config.heads));
}

Tensor3 embed(const Tokens& tokens, const Matrix& tok_embeddings) {
    const std::size_t vocab_size = tok_embeddings.shape(0), dim = tok_embeddings.shape(1);
    Tensor3 h = Tensor3::from_shape({tokens.shape(0), tokens.shape(1), dim});
    for (std::size_t b = 0; b < tokens.shape(0); ++b) {
        for (std::size_t t = 0; t < tokens.shape(1); ++t) {
            const auto word = static_cast<std::size_t>(tokens(b, t));  // a negative number becomes a huge one
            if (word >= vocab_size) {
                throw std::invalid_argument(
                    fmt::format("tokens[{}, {}] is {}, but the vocabulary has the words 0 to {}", b, t,
                                tokens(b, t), vocab_size - 1));
            }
            std::copy_n(&tok_embeddings(word, 0), dim, &h(b, t, 0));
        }
    }
    return h;
}

ModelTrace run_model(const Tensor3& h, const Weights& weights, const Config& config,
                     const ch6::ComplexMatrix& table, Caches& caches, std::size_t start_pos,
                     AttentionEngine engine) {
    ModelTrace trace;
    for (std::size_t layer = 0; layer < weights.layers.size(); ++layer) {
        const Tensor3& x = layer == 0 ? h : trace.layers.back().output;
        trace.layers.push_back(
            run_block(x, weights.layers[layer], config, layer, table, caches.at(layer), start_pos, engine));
    }
    trace.norm = ch7::rms_norm(trace.layers.back().output, weights.norm, config.norm_eps);
    trace.logits = weights.output(trace.norm);
    return trace;
}

Tokens next_tokens(const Tensor3& logits) {
    Tokens next = Tokens::from_shape({logits.shape(0), 1});
    for (std::size_t b = 0; b < logits.shape(0); ++b) {
        const float* last = &logits(b, logits.shape(1) - 1, 0);
        next(b, 0) = std::max_element(last, last + logits.shape(2)) - last;
    }
    return next;
}

}  // namespace ch8

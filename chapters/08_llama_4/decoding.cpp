#include "chapters/08_llama_4/decoding.hpp"

namespace ch8 {

std::vector<Decoded> decode(const Tensor3& logits, std::size_t count, const Weights& weights,
                            const Config& config, const ch6::ComplexMatrix& table, Caches& caches) {
    std::vector<Decoded> words;
    for (std::size_t n = 0; n < count; ++n) {
        const std::size_t position = logits.shape(1) + n;
        const Tokens token = next_tokens(words.empty() ? logits : words.back().trace.logits);
        const Tensor3 h = embed(token, weights.tok_embeddings);
        words.push_back({position, token, run_model(h, weights, config, table, caches, position)});
    }
    return words;
}

Tensor3 logits_without_cache(const Tokens& text, const Weights& weights, const Config& config,
                             const ch6::ComplexMatrix& table) {
    Caches empty = make_caches(config);
    return run_model(embed(text, weights.tok_embeddings), weights, config, table, empty, 0).logits;
}

}  // namespace ch8

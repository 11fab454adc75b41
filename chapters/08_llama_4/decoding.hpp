// Greedy decoding: the word with the largest logit joins the text, then the model runs on this word. The
// caches contain the keys and values of all earlier words. V = vocab_size
#pragma once
#include <cstddef>
#include <vector>

#include "chapters/08_llama_4/model.hpp"

namespace ch8 {

struct Decoded {
    std::size_t position;  // of the new word
    Tokens token;          // (1, 1)
    ModelTrace trace;      // of the new word alone; its logits (1, 1, V) choose the next word
};

// Adds `count` words to a text of one sequence. `logits` (1, T, V) are those of the text, which fills
// positions 0 to T - 1 of the caches.
std::vector<Decoded> decode(const Tensor3& logits, std::size_t count, const Weights& weights,
                            const Config& config, const ch6::ComplexMatrix& table, Caches& caches);

// The logits of a whole text (B, T) at once, with new caches: (B, T, V).
Tensor3 logits_without_cache(const Tokens& text, const Weights& weights, const Config& config,
                             const ch6::ComplexMatrix& table);

}  // namespace ch8

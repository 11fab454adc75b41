// The model: token numbers become embeddings, blocks process them one after the other, and the last
// projection gives a logit for each word of the vocabulary.
// B = sequences in a batch, T = new tokens, P = positions in the rotation table
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "chapters/08_llama_4/block.hpp"
#include "chapters/08_llama_4/config.hpp"
#include "common/tensor.hpp"

namespace ch8 {

using Tokens = xt::xtensor<std::int64_t, 2>;  // (B, T): numbers of words in the vocabulary

struct Weights {
    Matrix tok_embeddings;  // (vocab_size, dim): row i is the embedding of word i
    std::vector<BlockWeights> layers;
    Vector norm;         // (dim)
    ch2::Linear output;  // (vocab_size, dim)
};
// Draws tok_embeddings as nn.Embedding does, the blocks, and output.
Weights random_weights(torch::Generator& generator, const Config& config);

// One cache for each layer, with room for max_batch_size sequences of max_seq_len tokens.
using Caches = std::vector<ch5::KVCache>;
Caches make_caches(const Config& config);

// The rows of the table for the tokens: (B, T, dim). Throws std::invalid_argument that names the first token
// beyond the vocabulary.
Tensor3 embed(const Tokens& tokens, const Matrix& tok_embeddings);

struct ModelTrace {
    std::vector<BlockTrace> layers;
    Tensor3 norm;    // (B, T, dim)         what the last projection reads
    Tensor3 logits;  // (B, T, vocab_size)  row t: what may follow token t
};

// h (B, T, dim) contains the embeddings of the tokens at positions from start_pos on.
ModelTrace run_model(const Tensor3& h, const Weights& weights, const Config& config,
                     const ch6::ComplexMatrix& table, Caches& caches, std::size_t start_pos,
                     AttentionEngine engine = nullptr);

// Greedy decoding: the word with the largest logit after the last token of each sequence. (B, 1)
Tokens next_tokens(const Tensor3& logits);

}  // namespace ch8

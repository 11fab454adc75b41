// The sentence of chapters 1 to 4: "Your journey starts with one step".
#pragma once
#include <string>
#include <vector>

#include "common/tensor.hpp"

namespace ch1 {

// T = tokens, d_in = width of an embedding
struct Sentence {
    std::vector<std::string> words;  // T
    Matrix embeddings;               // (T, d_in): row i is the embedding of word i
};

// Six words with three invented numbers each, as in cell 1 of the notebook.
Sentence your_journey();

}  // namespace ch1

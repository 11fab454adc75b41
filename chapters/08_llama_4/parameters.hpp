// Counts parameters: those that the model holds, and those that process one token. Experts make the first
// number grow and leave the second as it is.
#pragma once
#include <cstddef>

#include "chapters/08_llama_4/config.hpp"

namespace ch8 {

// In double, in which no product of sizes overflows.
struct Parameters {
    double attention = 0;  // of all layers, with both norms of each
    double dense = 0;      // dense feed-forward networks
    double shared = 0;     // routers and shared experts
    double experts = 0;    // all experts of all layers
    double used = 0;       // of these, the top_k experts of a token in each layer
    double words = 0;      // tok_embeddings, the last norm and output

    [[nodiscard]] double held() const { return attention + dense + shared + experts + words; }
    [[nodiscard]] double active() const { return attention + dense + shared + used + words; }
};

// Without biases.
Parameters count_parameters(const Config& config);

}  // namespace ch8

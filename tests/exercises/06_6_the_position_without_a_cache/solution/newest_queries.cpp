#include "common/tensor.hpp"
#include "rotated.hpp"

// The rotated query of the newest token of each call. The first call gets `prompt` tokens, and each later
// call one token more: alone if the cache is on, with the whole text before it if not. queries (T, head_dim)
// -> (T - prompt + 1, head_dim), a row for each call
Matrix newest_queries(const Matrix& queries, std::size_t prompt, bool use_cache) {
    const std::size_t calls = queries.shape(0) - prompt + 1, head_dim = queries.shape(1);
    Matrix newest = xt::zeros<float>({calls, head_dim});
    for (std::size_t call = 0; call < calls; ++call) {
        const std::size_t text = prompt + call;  // the tokens of the text so far
        const std::size_t tokens = use_cache && call > 0 ? 1 : text;
        const std::size_t start_pos = text - tokens;

        // rotated(queries, start_pos) rotates the queries of a call, whose first token is at position
        // start_pos.
        const Matrix of_this_call = rotated(torch::narrow(queries, 0, start_pos, tokens), start_pos);
        for (std::size_t d = 0; d < head_dim; ++d) newest(call, d) = of_this_call(tokens - 1, d);
    }
    return newest;
}

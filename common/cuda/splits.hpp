// How a long sequence of tokens is split between blocks that run in parallel.
#pragma once

struct Splits {
    int count, tokens;  // `count` splits of `tokens` tokens; the last may have fewer
};

// Chooses enough splits to give every multiprocessor two blocks. The tokens of a split are a multiple of
// `least_tokens`.
inline Splits choose_splits(int tokens, int blocks_without_splits, int multiprocessors, int least_tokens) {
    const int wanted = (2 * multiprocessors + blocks_without_splits - 1) / blocks_without_splits;
    const int each = ((tokens + wanted - 1) / wanted + least_tokens - 1) / least_tokens * least_tokens;
    return {(tokens + each - 1) / each, each};
}

// How a long row of tokens is shared out to blocks that work side by side.
#pragma once

struct Splits {
    int count, tokens;  // so many splits of so many tokens; the last may have fewer
};

// As many as it takes to give every multiprocessor two blocks, but none with fewer than `least_tokens`, or
// with a part of a multiple of it.
inline Splits choose_splits(int tokens, int blocks_without_splits, int multiprocessors, int least_tokens) {
    const int wanted = (2 * multiprocessors + blocks_without_splits - 1) / blocks_without_splits;
    const int each = ((tokens + wanted - 1) / wanted + least_tokens - 1) / least_tokens * least_tokens;
    return {(tokens + each - 1) / each, each};
}

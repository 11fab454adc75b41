// How much a computation has to do at least, counted from its shapes: operations and bytes. What an
// implementation does beyond that, for example copies, shows as a lower rate.
#pragma once
#include <cstddef>

#include "common/attention_call.hpp"
#include "common/bench/roofs.hpp"

namespace bench {

// Scores and weighted sum of the pairs of query and key that are not masked. exp counts as nothing. A key
// that no query sees is not read. Keys and values that share memory, as those of latent attention, are read
// once.
Work work_of(const AttentionCall& call);

// x wᵀ: (rows, in) (out, in) -> (rows, out).
Work work_of_projection(std::size_t rows, std::size_t in, std::size_t out);

}  // namespace bench

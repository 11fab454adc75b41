// Why a tensor differs: the cause that gives the very numbers that were printed, or none.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "common/compare/comparison.hpp"
#include "common/compare/mistake.hpp"
#include "common/torch/dropout_mask.hpp"

// The chapter's walk told again with another seed or another build's dropout.
using Retell = std::function<Document(std::optional<std::uint64_t> seed, torch::DropoutRng dropout_rng)>;

// Gives every differing tensor its hint, or the tensor that it follows from. Tries, until something fits, the
// chapter's mistakes, the other dropout, other seeds, and relations between the numbers. Nothing is computed
// where nothing differs.
void diagnose(Comparison& comparison, const Mistakes& mistakes, const Retell& retell);

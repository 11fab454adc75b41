// Finds why a printed tensor differs: the cause that reproduces exactly the printed numbers, if there is one.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "common/compare/comparison.hpp"
#include "common/compare/mistake.hpp"
#include "common/torch/dropout_mask.hpp"

// Runs the chapter's walk again with another seed or another PyTorch build's dropout.
using Retell = std::function<Document(std::optional<std::uint64_t> seed, torch::DropoutRng dropout_rng)>;

// Gives every differing tensor its hint, or the tensor that it follows from. Tries in this order until one
// fits: the chapter's mistakes, the other dropout, other seeds, and relations between the numbers. Computes
// nothing if no tensor differs.
void diagnose(Comparison& comparison, const Mistakes& mistakes, const Retell& retell);

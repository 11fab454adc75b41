// Reads one printed value: tensor(...), torch.Size([...]), NumPy's array(...) or a bare [[...]].
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "common/compare/printed_tensor.hpp"

// The most numbers that are read from one output or one file of tensors. PyTorch and NumPy both summarise
// from 1001 elements on.
constexpr std::size_t most_numbers = 1'000'000;

// Whether a value starts at `at`.
bool value_starts_at(std::string_view text, std::size_t at);

// Reads the value that starts at `at` and moves `at` behind it. A value that is incomplete, malformed or has
// more than `most` numbers is returned with its damage. Text that is no value (tensor(x), [INFO]) gives
// std::nullopt, and `at` stays.
std::optional<PrintedTensor> read_value(std::string_view text, std::size_t& at,
                                        std::size_t most = most_numbers);

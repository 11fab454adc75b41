// Reading one printed value: tensor(...), torch.Size([...]), NumPy's array(...) or a bare [[...]].
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "common/compare/printed_tensor.hpp"

// More numbers than this are not read, in one output and in one file of tensors: PyTorch and NumPy both
// summarise from 1001 elements on.
constexpr std::size_t most_numbers = 1'000'000;

// Whether `text` has at `at` what a value starts with.
bool value_starts_at(std::string_view text, std::size_t at);

// Reads the value that starts at `at` and moves `at` behind it. A value that breaks off or makes no sense
// comes back with its damage, and so does one of more than `most` numbers; what is no value at all
// (tensor(x), [INFO]) gives nothing, and `at` stays.
std::optional<PrintedTensor> read_value(std::string_view text, std::size_t& at,
                                        std::size_t most = most_numbers);

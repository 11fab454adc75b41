// Small things that the host does to tensors on their way to a device.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "common/cuda/bf16.hpp"

// The product of sizes that are known not to be negative.
std::size_t count(std::initializer_list<int> sizes);

// Throw std::invalid_argument with the names: a size below 1; a tensor with another number of elements than
// its shape.
void check_sizes(const char* what, std::initializer_list<std::pair<const char*, int>> sizes);
void check_size(const char* name, std::size_t elements, std::initializer_list<int> shape);

std::vector<bf16> rounded_to_bf16(const std::vector<float>& numbers);
std::vector<float> as_floats(const std::vector<bf16>& numbers);

// Rows of `width` numbers as rows of `wider`, with zeros behind; and back.
std::vector<float> pad_rows(const std::vector<float>& rows, int width, int wider);
std::vector<float> cut_rows(const std::vector<float>& rows, int width, int narrower);

// Numbers between -1.7 and 1.7, the same every time: for what is counted or timed.
std::vector<float> drawn_numbers(std::size_t size);

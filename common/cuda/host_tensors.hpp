// Helpers that check, convert and pad tensors on the host before they go to a device.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "common/cuda/bf16.hpp"

// The product of sizes, none of which may be negative.
std::size_t count(std::initializer_list<int> sizes);

// Both throw std::invalid_argument with the name: check_sizes() if a size is below 1, check_size() if the
// number of elements does not fit the shape.
void check_sizes(const char* what, std::initializer_list<std::pair<const char*, int>> sizes);
void check_size(const char* name, std::size_t elements, std::initializer_list<int> shape);

std::vector<bf16> rounded_to_bf16(const std::vector<float>& numbers);
std::vector<float> as_floats(const std::vector<bf16>& numbers);

// Pads rows of `width` numbers with zeros at the end to `wider` numbers, and cuts rows to `narrower` numbers.
std::vector<float> pad_rows(const std::vector<float>& rows, int width, int wider);
std::vector<float> cut_rows(const std::vector<float>& rows, int width, int narrower);

// Numbers between -1.7 and 1.7, the same in every run, for kernels that are counted or timed.
std::vector<float> drawn_numbers(std::size_t size);

// Tensors as JSON, for programs and people who have nothing better to read.
#pragma once
#include <string>

#include "common/files/tensor_file.hpp"

// {"context_vec": {"dtype": "float32", "shape": [2, 3], "values": [0.1, ...]}, ...}, a line for each tensor.
// Values are row-major, and read back as the same float32. Python's float() and JavaScript's Number() both
// read "NaN", "Infinity" and "-Infinity", for which JSON has no number; a complex value is a pair.
std::string to_json(const NamedTensors& tensors);

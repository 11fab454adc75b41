// Writes tensors as JSON, for readers who have no library for .npz or .safetensors.
#pragma once
#include <string>

#include "common/files/tensor_file.hpp"

// {"context_vec": {"dtype": "float32", "shape": [2, 3], "values": [0.1, ...]}, ...}, one line per tensor.
// Values are row-major, and a reader gets the same float32 back. JSON has no number for "NaN", "Infinity" and
// "-Infinity", so they are strings, which Python's float() and JavaScript's Number() both read. A complex
// value is a pair.
std::string to_json(const NamedTensors& tensors);

// Reads and writes safetensors, the format of weights on the Hugging Face hub: the header's length in 8
// bytes, a JSON header {name: {dtype, shape, data_offsets: [begin, end]}}, and then the data.
#pragma once
#include <memory>
#include <string>

#include "common/files/tensor_file.hpp"

// Maps the file, so that only the tensors that you read() are loaded. Checks every entry of the header. A
// tensor with an unsupported element type is listed, and read() refuses it. Throws FileError.
std::unique_ptr<TensorFile> open_safetensors(const std::string& path);

// The bytes of a file with these tensors, in this order. The format has no complex64: a complex64 tensor
// becomes an F32 tensor with one more axis of size 2 at the end. Throws FileError, which names `path`, for a
// tensor with the name "__metadata__".
std::string to_safetensors(const std::string& path, const NamedTensors& tensors);

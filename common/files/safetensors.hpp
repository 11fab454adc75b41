// safetensors, the format of weights on the Hugging Face hub: the header's length in 8 bytes, a JSON header
// {name: {dtype, shape, data_offsets: [begin, end]}}, and then the data.
#pragma once
#include <memory>
#include <string>

#include "common/files/tensor_file.hpp"

// The file is mapped: only the tensors that are read are touched. Every entry of the header is checked here;
// a type of element that this reader does not know is listed, and refused by read(). Throws FileError.
std::unique_ptr<TensorFile> open_safetensors(const std::string& path);

// The bytes of a file with these tensors, in this order. The format knows no complex64: such a tensor becomes
// an F32 one with a last axis of 2. `path` is what a FileError names: "__metadata__" is no name of a tensor.
std::string to_safetensors(const std::string& path, const NamedTensors& tensors);

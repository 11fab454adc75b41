// Shards: one checkpoint in several .safetensors files. model.safetensors.index.json says in its weight_map
// which file has which tensor.
#pragma once
#include <memory>
#include <string>

#include "common/files/tensor_file.hpp"

// The tensors of all files that the index names, which lie beside it. Throws FileError, also where index and
// files disagree.
std::unique_ptr<TensorFile> open_shards(const std::string& path);

// Reads and writes .npz, NumPy's file of several arrays: a zip of .npy files, each named after its tensor.
#pragma once
#include <memory>
#include <string>

#include "common/files/tensor_file.hpp"

// Reads stored and deflated members (numpy.savez and savez_compressed). read() unpacks a tensor, and never to
// more bytes than its shape needs. Throws FileError.
std::unique_ptr<TensorFile> open_npz(const std::string& path);

// The bytes of a file with these tensors, in this order, not compressed. A FileError names `path`.
std::string to_npz(const std::string& path, const NamedTensors& tensors);

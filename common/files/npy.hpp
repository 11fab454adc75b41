// Reads and writes .npy, NumPy's file of one array: a magic word, a header that is a Python dict, the data.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "common/files/tensor_file.hpp"

// Versions 1, 2 and 3; element types <f8 <f4 <f2 <i8 <i4 <i2 |i1 <u4 <u2 |u1 |b1 <c8. Throws FileError.
std::unique_ptr<TensorFile> open_npy(const std::string& path);

struct NpyHeader {
    std::string descr;  // "<f4"; a record's fields as they are written, "[('a', '<f4')]"
    bool fortran_order = false;
    Shape shape;
    std::size_t size = 0;  // of the header in bytes: the data start at this offset
};

// Reads the header at the start of `bytes`. `bytes` may lack the data. A FileError names `where`.
NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& where);

// The number of bytes of the header and its data. Throws FileError for an unsupported element type.
std::size_t npy_size(const NpyHeader& header, const std::string& where);

// Reads a complete .npy. `bytes` must have npy_size() bytes.
AnyTensor read_npy(std::span<const std::byte> bytes, const std::string& where);

// The bytes of a .npy file with this tensor.
std::string to_npy(const AnyTensor& tensor);

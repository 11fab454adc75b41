// .npy, NumPy's file of one array: a magic word, a header that is a Python dict, and the data.
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
    std::size_t size = 0;  // bytes of the header: there the data start
};

// The header at the front of `bytes`; the data need not be there. `where` is what a FileError names.
NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& where);

// Bytes of the header with its data. Throws FileError for element types that are not read.
std::size_t npy_size(const NpyHeader& header, const std::string& where);

// A whole .npy: `bytes` has npy_size().
AnyTensor read_npy(std::span<const std::byte> bytes, const std::string& where);

// The bytes of a .npy file with this tensor.
std::string to_npy(const AnyTensor& tensor);

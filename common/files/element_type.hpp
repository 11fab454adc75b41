// The element types of tensors in files, and the conversion between a file's bytes and an AnyTensor's values.
// All files here are little-endian.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "common/any_tensor.hpp"

enum class ElementType { f64, f32, f16, bf16, f8_e4m3, i64, i32, i16, i8, u32, u16, u8, boolean, complex64 };

// The number of bytes of one element.
std::size_t size_of(ElementType type);

// The number of elements of a tensor of this shape: 1 for a 0-d tensor. std::nullopt if memory cannot hold so
// many.
std::optional<std::size_t> element_count(const Shape& shape);

// The number of bytes of a tensor of this shape. std::nullopt if memory cannot hold so many.
std::optional<std::size_t> byte_count(const Shape& shape, ElementType type);

// Floats of any width become float32, and a value too large for float32 becomes an infinity. Integers become
// int64. bytes.size() must be a multiple of size_of(type).
AnyTensor::Values decode(ElementType type, std::span<const std::byte> bytes);

// The bytes of float32, int64, bool (one byte each) or complex64 values.
std::string encode(const AnyTensor::Values& values);

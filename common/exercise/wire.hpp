// Results as bytes: how the values that a student's function returns travel from its process to the check.
// The reader trusts no size that it reads.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "common/tensor.hpp"

namespace exercise {

// The bytes end before the value does, or go on after it: the student's code wrote to the pipe itself.
struct WireError : std::runtime_error {
    WireError() : std::runtime_error("the bytes of the result are damaged") {}
};

class WireReader {
  public:
    explicit WireReader(std::string_view bytes) : bytes_(bytes) {}
    void take(void* target, std::size_t size) {
        if (size > bytes_.size()) throw WireError();
        if (size > 0) std::memcpy(target, bytes_.data(), size);
        bytes_.remove_prefix(size);
    }
    [[nodiscard]] std::size_t left() const { return bytes_.size(); }

  private:
    std::string_view bytes_;
};

template <class Number>
requires std::is_arithmetic_v<Number>
void put(std::string& bytes, Number number) {
    std::array<char, sizeof(Number)> raw{};
    std::memcpy(raw.data(), &number, sizeof(Number));
    bytes.append(raw.data(), raw.size());
}

template <class Number>
requires std::is_arithmetic_v<Number>
void take(WireReader& reader, Number& number) {
    if constexpr (std::is_same_v<Number, bool>) {
        std::uint8_t byte = 0;
        reader.take(&byte, 1);
        number = byte != 0;
    } else {
        reader.take(&number, sizeof(Number));
    }
}

// A tensor: its sizes, then its values in row-major order.
template <class Value, std::size_t N>
void put(std::string& bytes, const xt::xtensor<Value, N>& tensor) {
    for (const auto size : tensor.shape()) put(bytes, static_cast<std::uint64_t>(size));
    for (const Value value : tensor) put(bytes, value);
}

template <class Value, std::size_t N>
void take(WireReader& reader, xt::xtensor<Value, N>& tensor) {
    std::array<std::size_t, N> shape{};
    std::size_t elements = 1;
    for (std::size_t& size : shape) {
        std::uint64_t read = 0;
        take(reader, read);
        size = static_cast<std::size_t>(read);
        if (size > 0 && elements > reader.left() / size) throw WireError();
        elements *= size;
    }
    if (elements > reader.left() / sizeof(Value)) throw WireError();
    tensor = xt::xtensor<Value, N>::from_shape(shape);
    for (auto& value : tensor) take(reader, value);
}

inline void put(std::string& bytes, const std::string& text) {
    put(bytes, static_cast<std::uint64_t>(text.size()));
    bytes += text;
}
inline void take(WireReader& reader, std::string& text) {
    std::uint64_t size = 0;
    take(reader, size);
    if (size > reader.left()) throw WireError();
    text.resize(static_cast<std::size_t>(size));
    reader.take(text.data(), text.size());
}

template <class Value>
void put(std::string& bytes, const std::vector<Value>& values) {
    put(bytes, static_cast<std::uint64_t>(values.size()));
    for (const Value& value : values) put(bytes, value);
}
template <class Value>
void take(WireReader& reader, std::vector<Value>& values) {
    std::uint64_t size = 0;
    take(reader, size);
    if (size > reader.left()) throw WireError();  // each value takes a byte or more
    values.clear();
    for (std::uint64_t i = 0; i < size; ++i) {
        Value value{};
        take(reader, value);
        values.push_back(std::move(value));
    }
}

template <class... Values>
void put(std::string& bytes, const std::tuple<Values...>& values) {
    std::apply([&](const Values&... each) { (put(bytes, each), ...); }, values);
}
template <class... Values>
void take(WireReader& reader, std::tuple<Values...>& values) {
    std::apply([&](Values&... each) { (take(reader, each), ...); }, values);
}

template <class Value>
std::string to_bytes(const Value& value) {
    std::string bytes;
    put(bytes, value);
    return bytes;
}

template <class Value>
Value from_bytes(std::string_view bytes) {
    WireReader reader(bytes);
    Value value{};
    take(reader, value);
    if (reader.left() > 0) throw WireError();
    return value;
}

}  // namespace exercise

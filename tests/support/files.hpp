// Tensors that files must bring back, and files made byte by byte.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "common/files/tensor_file.hpp"

// Both bit for bit: NaN is equal to NaN, and 0 not to -0.
inline bool identical(const AnyTensor& a, const AnyTensor& b) {
    if (a.shape != b.shape || a.values.index() != b.values.index()) return false;
    const auto same = [&]<class Value>(const std::vector<Value>& values) {
        const auto& others = std::get<std::vector<Value>>(b.values);
        if constexpr (std::is_same_v<Value, bool>) {
            return values == others;
        } else {
            const std::size_t size = values.size() * sizeof(Value);
            return values.size() == others.size() &&
                   (size == 0 || std::memcmp(values.data(), others.data(), size) == 0);
        }
    };
    return std::visit(same, a.values);
}

// Every element type, no two sizes alike, all kinds of float, a 0-d tensor and empty ones.
inline NamedTensors unfriendly_tensors() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    return {{"w_q", {{2, 3}, std::vector<float>{0.1f, -2.5f, 3e-42f, -0.0f, 3.4e38f, 7.0f}}},
            {"a mask", {{3}, std::vector<bool>{true, false, true}}},
            {"scores", {{1, 5}, std::vector<float>{nan, inf, -inf, 1.0f, -1.0f}}},
            {"token_ids", {{2, 1}, std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 7}}},
            {"empty", {{0, 4}, std::vector<float>{}}},
            {"loss", AnyTensor(2.5f)},
            {"größe", {{0}, std::vector<bool>{}}}};
}

// A little-endian number as the bytes of a file.
template <class Number>
std::string bytes_of(Number number) {
    std::string bytes(sizeof(Number), '\0');
    std::memcpy(bytes.data(), &number, sizeof(Number));
    return bytes;
}

template <class Value>
AnyTensor tensor(Shape shape, std::vector<Value> values) {
    return {std::move(shape), std::move(values)};
}

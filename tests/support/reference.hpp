// Reference numbers from data/: JSON with float32 values as their bits.
#pragma once
#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

nlohmann::json load_reference(const std::string& file_name);

inline std::vector<std::uint32_t> bits_of(const float* values, std::size_t size) {
    std::vector<std::uint32_t> bits(size);
    for (std::size_t i = 0; i < size; ++i) bits[i] = std::bit_cast<std::uint32_t>(values[i]);
    return bits;
}

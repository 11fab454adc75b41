#include "common/files/element_type.hpp"

#include <bit>
#include <cstring>

#include "common/checked_product.hpp"
#include "common/files/float_formats.hpp"

static_assert(std::endian::native == std::endian::little, "the files' bytes are copied as they are");

namespace {

// Each element of type Stored, converted to type Value. Bytes in a file need not be aligned.
template <class Value, class Stored, class Convert>
std::vector<Value> convert_all(std::span<const std::byte> bytes, Convert convert) {
    std::vector<Value> values(bytes.size() / sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        values[i] = convert(stored);
    }
    return values;
}

template <class Stored>
std::vector<float> to_floats(std::span<const std::byte> bytes) {
    return convert_all<float, Stored>(bytes, [](Stored stored) { return static_cast<float>(stored); });
}

template <class Stored>
std::vector<std::int64_t> to_integers(std::span<const std::byte> bytes) {
    return convert_all<std::int64_t, Stored>(bytes, [](Stored stored) { return std::int64_t{stored}; });
}

}  // namespace

std::size_t size_of(ElementType type) {
    switch (type) {
        case ElementType::f64:
        case ElementType::i64:
        case ElementType::complex64:
            return 8;
        case ElementType::f32:
        case ElementType::i32:
        case ElementType::u32:
            return 4;
        case ElementType::f16:
        case ElementType::bf16:
        case ElementType::i16:
        case ElementType::u16:
            return 2;
        default:
            return 1;
    }
}

std::optional<std::size_t> element_count(const Shape& shape) {
    return checked_product(shape);
}

std::optional<std::size_t> byte_count(const Shape& shape, ElementType type) {
    const std::optional<std::size_t> count = element_count(shape);
    return count ? checked_product({*count, size_of(type)}) : std::nullopt;
}

AnyTensor::Values decode(ElementType type, std::span<const std::byte> bytes) {
    switch (type) {
        case ElementType::f64:
            return to_floats<double>(bytes);
        case ElementType::f32:
            return to_floats<float>(bytes);
        case ElementType::f16:
            return convert_all<float, std::uint16_t>(bytes, half_to_float);
        case ElementType::bf16:
            return convert_all<float, std::uint16_t>(bytes, bfloat16_to_float);
        case ElementType::f8_e4m3:
            return convert_all<float, std::uint8_t>(bytes, e4m3_to_float);
        case ElementType::i64:
            return to_integers<std::int64_t>(bytes);
        case ElementType::i32:
            return to_integers<std::int32_t>(bytes);
        case ElementType::i16:
            return to_integers<std::int16_t>(bytes);
        case ElementType::i8:
            return to_integers<std::int8_t>(bytes);
        case ElementType::u32:
            return to_integers<std::uint32_t>(bytes);
        case ElementType::u16:
            return to_integers<std::uint16_t>(bytes);
        case ElementType::u8:
            return to_integers<std::uint8_t>(bytes);
        case ElementType::boolean:
            return convert_all<bool, std::uint8_t>(bytes, [](std::uint8_t byte) { return byte != 0; });
        case ElementType::complex64:
            return convert_all<std::complex<float>, std::complex<float>>(bytes,
                                                                         [](auto value) { return value; });
    }
    return {};
}

std::string encode(const AnyTensor::Values& values) {
    if (const auto* bools = std::get_if<std::vector<bool>>(&values)) return {bools->begin(), bools->end()};
    const auto bytes_of = []<class Value>(const std::vector<Value>& elements) -> std::string {
        if constexpr (std::is_same_v<Value, bool>)
            return {};
        else
            return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(Value)};
    };
    return std::visit(bytes_of, values);
}

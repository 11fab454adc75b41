#include "common/files/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "common/files/element_type.hpp"
#include "common/files/file_error.hpp"
#include "common/files/mapped_file.hpp"

namespace {

ElementType type_of(const std::string& descr, const std::string& where) {
    using enum ElementType;
    static constexpr std::array<std::pair<const char*, ElementType>, 12> types{{{"<f8", f64},
                                                                                {"<f4", f32},
                                                                                {"<f2", f16},
                                                                                {"<i8", i64},
                                                                                {"<i4", i32},
                                                                                {"<i2", i16},
                                                                                {"|i1", i8},
                                                                                {"<u4", u32},
                                                                                {"<u2", u16},
                                                                                {"|u1", u8},
                                                                                {"|b1", boolean},
                                                                                {"<c8", complex64}}};
    for (const auto& [name, type] : types) {
        if (descr == name) return type;
    }
    throw FileError(where, fmt::format("has elements of type '{}', which are not read", descr),
                    "save it as float32: x.astype('<f4')");
}

// Fortran's order has the first axis vary fastest: element (i, j, k) stands at i + I (j + J k).
template <class Value>
std::vector<Value> from_fortran_order(const std::vector<Value>& values, const Shape& shape) {
    std::vector<Value> row_major;
    row_major.reserve(values.size());
    Shape index(shape.size());
    while (row_major.size() < values.size()) {
        std::size_t flat = 0;
        for (std::size_t axis = shape.size(); axis-- > 0;) flat = flat * shape[axis] + index[axis];
        row_major.push_back(values[flat]);

        // The next index in row-major order: the last axis counts, and carries to the left.
        for (std::size_t axis = shape.size(); axis-- > 0;) {
            if (++index[axis] < shape[axis]) break;
            index[axis] = 0;
        }
    }
    return row_major;
}

class NpyFile : public TensorFile {
  public:
    explicit NpyFile(const std::string& path) : TensorFile(path), file_(path) {
        const NpyHeader header = read_npy_header(file_.bytes(), path);
        const std::size_t expected = npy_size(header, path);
        if (expected != file_.bytes().size()) {
            throw FileError(path,
                            fmt::format("has {} bytes, its shape needs {}", file_.bytes().size(), expected),
                            "it is damaged; save it again with numpy.save");
        }
        add({"x", header.descr, header.shape});
    }

    [[nodiscard]] AnyTensor read(const std::string& name) const override {
        static_cast<void>(position_of(name));  // "x", or refused
        return read_npy(file_.bytes(), path());
    }

  private:
    MappedFile file_;
};

}  // namespace

std::unique_ptr<TensorFile> open_npy(const std::string& path) {
    return std::make_unique<NpyFile>(path);
}

std::size_t npy_size(const NpyHeader& header, const std::string& where) {
    const std::optional<std::size_t> data = byte_count(header.shape, type_of(header.descr, where));
    if (!data || *data > std::numeric_limits<std::size_t>::max() - header.size) {
        throw FileError(where, fmt::format("claims the shape {}", to_string(header.shape)),
                        "no memory holds that; it is damaged");
    }
    return header.size + *data;
}

AnyTensor read_npy(std::span<const std::byte> bytes, const std::string& where) {
    const NpyHeader header = read_npy_header(bytes, where);
    AnyTensor::Values values = decode(type_of(header.descr, where), bytes.subspan(header.size));
    if (header.fortran_order) {
        const auto reorder = [&](const auto& elements) -> AnyTensor::Values {
            return from_fortran_order(elements, header.shape);
        };
        values = std::visit(reorder, values);
    }
    return {header.shape, std::move(values)};
}

std::string to_npy(const AnyTensor& tensor) {
    constexpr std::array descrs = {"<f4", "<i8", "|b1", "<c8"};
    const std::string shape =
        fmt::format("({}{})", fmt::join(tensor.shape, ", "), tensor.shape.size() == 1 ? "," : "");
    std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}",
                                   descrs.at(tensor.values.index()), shape);

    // Version 1: magic word, version and the dict's length take 10 bytes; the data start at a multiple of 64.
    constexpr std::size_t before = 10, alignment = 64;
    const std::size_t size = (before + dict.size() + 1 + alignment - 1) / alignment * alignment - before;
    dict.resize(size - 1, ' ');
    dict += '\n';
    const std::string length = {static_cast<char>(size & 0xffU), static_cast<char>(size >> 8U)};
    return std::string("\x93NUMPY\x01\x00", 8) + length + dict + encode(tensor.values);
}

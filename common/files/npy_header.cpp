// The header of a .npy: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "common/files/file_error.hpp"
#include "common/files/npy.hpp"

namespace {

// What is left of a Python dict, from the left.
class Dict {
  public:
    Dict(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

    [[noreturn]] void refuse(const std::string& problem) const {
        throw FileError(where_, problem, "it is damaged, or not a .npy file; save it again with numpy.save");
    }

    // Skips blanks, and then `word` if it is there.
    bool skip(std::string_view word) {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size()));
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    void expect(std::string_view word) {
        if (!skip(word)) refuse(fmt::format("its header has no {} where one must be", word));
    }

    // 'text', without its quotes.
    std::string read_text() {
        const std::string_view quote = skip("'") ? "'" : "\"";
        if (quote == "\"") expect(quote);
        return take(rest_.find(quote), 1);
    }

    // '<f4', or the fields of a record with their brackets.
    std::string read_descr() {
        if (!skip("[")) return read_text();
        std::size_t depth = 1, end = 0;
        for (; end < rest_.size() && depth > 0; ++end) {
            if (rest_[end] == '[') ++depth;
            if (rest_[end] == ']') --depth;
        }
        if (depth > 0) refuse("its header ends too early");
        return "[" + take(end, 0);
    }

    bool read_bool() {
        if (skip("True")) return true;
        expect("False");
        return false;
    }

    // (2, 3), (2,) or ()
    Shape read_shape() {
        Shape shape;
        expect("(");
        while (!skip(")")) {
            std::size_t length = 0;
            const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), length);
            if (error != std::errc{}) refuse("its shape is no tuple of whole numbers from 0");
            rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
            shape.push_back(length);
            if (!skip(",")) {
                expect(")");
                break;
            }
        }
        return shape;
    }

  private:
    // The next `size` characters; `behind` more are skipped.
    std::string take(std::size_t size, std::size_t behind) {
        if (size == std::string_view::npos) refuse("its header ends too early");
        const std::string text(rest_.substr(0, size));
        rest_.remove_prefix(size + behind);
        return text;
    }

    std::string_view rest_;
    const std::string& where_;
};

// Magic word, version, and where the dict begins and ends.
struct Frame {
    std::size_t begin, end;
};
Frame frame_of(std::span<const std::byte> bytes, const Dict& dict) {
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (!text.starts_with("\x93NUMPY") || bytes.size() < 8) dict.refuse("does not begin as a .npy does");
    const auto version = std::to_integer<unsigned>(bytes[6]);
    if (version < 1 || version > 3) dict.refuse(fmt::format("is a .npy of version {}", version));

    // The dict's length has two bytes in version 1 and four later.
    const std::size_t begin = version == 1 ? 10 : 12;
    if (bytes.size() < begin) dict.refuse("its header ends too early");
    std::size_t length = 0;
    for (std::size_t i = begin; i-- > 8;) length = length << 8U | std::to_integer<std::size_t>(bytes[i]);
    if (length > bytes.size() - begin) dict.refuse("its header ends too early");
    return {begin, begin + length};
}

}  // namespace

NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& where) {
    const Frame frame = frame_of(bytes, Dict("", where));
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), frame.end};
    Dict dict(text.substr(frame.begin), where);

    NpyHeader header;
    header.size = frame.end;
    bool has_descr = false, has_order = false, has_shape = false;
    dict.expect("{");
    while (!dict.skip("}")) {
        const std::string key = dict.read_text();
        dict.expect(":");
        if (key == "descr") {
            header.descr = dict.read_descr();
            has_descr = true;
        } else if (key == "fortran_order") {
            header.fortran_order = dict.read_bool();
            has_order = true;
        } else if (key == "shape") {
            header.shape = dict.read_shape();
            has_shape = true;
        } else {
            dict.refuse(fmt::format("its header has a field '{}'", key));
        }
        if (!dict.skip(",")) {
            dict.expect("}");
            break;
        }
    }
    if (!has_descr || !has_order || !has_shape) dict.refuse("its header lacks descr, fortran_order or shape");
    return header;
}

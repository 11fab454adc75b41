#include "common/files/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/files/element_type.hpp"
#include "common/files/file_error.hpp"
#include "common/files/json_outline.hpp"
#include "common/files/mapped_file.hpp"

namespace {

using nlohmann::json;

constexpr std::size_t length_size = 8;  // bytes before the header
constexpr std::size_t largest_header = 100'000'000;
constexpr const char* metadata = "__metadata__";  // texts about the file, not a tensor

std::optional<ElementType> type_named(const std::string& dtype) {
    using enum ElementType;
    static constexpr std::array<std::pair<const char*, ElementType>, 14> types{{{"F64", f64},
                                                                                {"F32", f32},
                                                                                {"F16", f16},
                                                                                {"BF16", bf16},
                                                                                {"F8_E4M3", f8_e4m3},
                                                                                {"I64", i64},
                                                                                {"I32", i32},
                                                                                {"I16", i16},
                                                                                {"I8", i8},
                                                                                {"U32", u32},
                                                                                {"U16", u16},
                                                                                {"U8", u8},
                                                                                {"BOOL", boolean},
                                                                                {"C64", complex64}}};
    for (const auto& [name, type] : types) {
        if (dtype == name) return type;
    }
    return std::nullopt;
}

class SafetensorsFile : public TensorFile {
  public:
    explicit SafetensorsFile(const std::string& path) : TensorFile(path), file_(path) {
        const std::string_view text = read_header();
        const json header = parse(text);
        std::vector<Entry> entries;
        for (const std::string& name : names_in(text)) {
            if (name != metadata) entries.push_back(entry_of(name, header.at(name)));
        }
        sort_by_place(entries);
        check_places(entries);
        for (Entry& entry : entries) {
            add(std::move(entry.info));
            places_.push_back(entry.place);
        }
    }

    [[nodiscard]] AnyTensor read(const std::string& name) const override {
        const std::size_t position = position_of(name);
        const TensorInfo& info = tensors()[position];
        const std::optional<ElementType> type = type_named(info.dtype);
        if (!type) {
            throw FileError(path(), fmt::format("\"{}\" is of type {}, which is not read", name, info.dtype),
                            "convert it to F32");
        }
        const Place place = places_[position];
        return {info.shape, decode(*type, data_.subspan(place.begin, place.end - place.begin))};
    }

  private:
    // Where a tensor's bytes are, counted from the first after the header.
    struct Place {
        std::size_t begin, end;
    };
    struct Entry {
        TensorInfo info;
        Place place;
    };

    [[noreturn]] void refuse(const std::string& problem) const {
        throw FileError(path(), problem, "it is damaged, or not a safetensors file; fetch it again");
    }

    // The header's text. Fills data_.
    std::string_view read_header() {
        const std::span<const std::byte> bytes = file_.bytes();
        if (bytes.size() < length_size) refuse("is too short for a header");
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), length_size);
        if (length > std::min(largest_header, bytes.size() - length_size)) {
            refuse(fmt::format("its header claims {} bytes, the file has {}", length, bytes.size()));
        }
        data_ = bytes.subspan(length_size + length);
        return file_.text().substr(length_size, length);
    }

    [[nodiscard]] json parse(std::string_view text) const {
        try {
            json header = json::parse(text);
            if (!header.is_object()) refuse("its header is no JSON object");
            return header;
        } catch (const json::parse_error& error) {
            refuse(fmt::format("its header is no JSON (byte {} of it)", error.byte));
        } catch (const json::out_of_range&) {
            refuse("its header has a number beyond 1e308");
        }
    }

    // In the header's order, which the parsed object has lost. Tensors without elements need it: they all
    // stand at one place.
    [[nodiscard]] std::vector<std::string> names_in(std::string_view text) const {
        JsonOutline outline = outline_of_json(text);
        if (outline.twice) refuse(fmt::format("\"{}\" is in its header twice", *outline.twice));
        return std::move(outline.names);
    }

    [[nodiscard]] Entry entry_of(const std::string& name, const json& entry) const {
        const auto refuse_entry = [&](const char* problem) {
            refuse(fmt::format("\"{}\" {}", name, problem));
        };
        if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string()) {
            refuse_entry("has no dtype");
        }
        const auto all_sizes = [&](const char* field) {
            return entry.contains(field) && entry[field].is_array() &&
                   std::all_of(entry[field].begin(), entry[field].end(),
                               [](const json& number) { return number.is_number_unsigned(); });
        };
        if (!all_sizes("shape")) refuse_entry("has a shape that is no list of whole numbers from 0");
        if (!all_sizes("data_offsets") || entry["data_offsets"].size() != 2) {
            refuse_entry("has data_offsets that are not two whole numbers from 0");
        }
        const TensorInfo info{name, entry["dtype"], entry["shape"]};
        const Place place{entry["data_offsets"][0], entry["data_offsets"][1]};

        if (place.begin > place.end || place.end > data_.size()) refuse_entry("lies outside the file");
        const std::optional<ElementType> type = type_named(info.dtype);
        if (type && byte_count(info.shape, *type) != place.end - place.begin) {
            refuse_entry("has a shape that does not fit its number of bytes");
        }
        return {info, place};
    }

    static void sort_by_place(std::vector<Entry>& entries) {
        std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
            return std::pair(a.place.begin, a.place.end) < std::pair(b.place.begin, b.place.end);
        });
    }

    // The format allows no overlap, no gap and nothing behind the last tensor.
    void check_places(const std::vector<Entry>& entries) const {
        std::size_t end = 0;
        for (const auto& [info, place] : entries) {
            if (place.begin < end) refuse(fmt::format("\"{}\" overlaps the tensor before it", info.name));
            if (place.begin > end) refuse(fmt::format("there is a gap before \"{}\"", info.name));
            end = place.end;
        }
        if (end != data_.size()) refuse(fmt::format("{} bytes belong to no tensor", data_.size() - end));
    }

    MappedFile file_;
    std::span<const std::byte> data_;  // all after the header
    std::vector<Place> places_;        // in the order of tensors()
};

}  // namespace

std::unique_ptr<TensorFile> open_safetensors(const std::string& path) {
    return std::make_unique<SafetensorsFile>(path);
}

std::string to_safetensors(const std::string& path, const NamedTensors& tensors) {
    constexpr std::array dtypes = {"F32", "I64", "BOOL", "F32"};
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    std::string data;
    for (const auto& [name, tensor] : tensors) {
        if (name == metadata) throw FileError(path, "a tensor cannot be called __metadata__", "rename it");
        Shape shape = tensor.shape;
        if (std::holds_alternative<std::vector<std::complex<float>>>(tensor.values)) shape.push_back(2);

        const std::size_t begin = data.size();
        data += encode(tensor.values);
        header[name] = {{"dtype", dtypes.at(tensor.values.index())},
                        {"shape", shape},
                        {"data_offsets", {begin, data.size()}}};
    }

    // Spaces after the header let the data start at a multiple of 8.
    std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.resize((text.size() + length_size - 1) / length_size * length_size, ' ');
    std::string length(length_size, '\0');
    const std::uint64_t size = text.size();
    std::memcpy(length.data(), &size, length_size);
    return length + text + data;
}

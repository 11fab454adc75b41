#include "common/files/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "common/files/element_type.hpp"
#include "common/files/file_error.hpp"
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
    explicit SafetensorsFile(const std::string& path) : file_(path) {
        const json header = read_header();
        for (const std::string& name : names_) add(name, header.at(name));
        sort_by_place();
        check_places();
    }

    [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return infos_; }

    [[nodiscard]] AnyTensor read(const std::string& name) const override {
        const std::size_t position = position_of(name, infos_, file_.path());
        const TensorInfo& info = infos_[position];
        const std::optional<ElementType> type = type_named(info.dtype);
        if (!type) {
            throw FileError(file_.path(),
                            fmt::format("\"{}\" is of type {}, which is not read", name, info.dtype),
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

    [[noreturn]] void refuse(const std::string& problem) const {
        throw FileError(file_.path(), problem, "it is damaged, or not a safetensors file; fetch it again");
    }

    // Fills names_ and data_.
    json read_header() {
        const std::span<const std::byte> bytes = file_.bytes();
        if (bytes.size() < length_size) refuse("is too short for a header");
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), length_size);
        if (length > std::min(largest_header, bytes.size() - length_size)) {
            refuse(fmt::format("its header claims {} bytes, the file has {}", length, bytes.size()));
        }
        data_ = bytes.subspan(length_size + length);
        return parse(file_.text().substr(length_size, length));
    }

    json parse(std::string_view text) {
        // JSON itself allows a name twice, and the parser forgets their order.
        std::set<std::string> seen;
        const auto note_name = [&](int depth, json::parse_event_t event, const json& value) {
            if (depth != 1 || event != json::parse_event_t::key) return true;
            if (!seen.insert(value).second) {
                refuse(fmt::format("\"{}\" is in its header twice", value.get<std::string>()));
            }
            if (value != metadata) names_.push_back(value);
            return true;
        };
        try {
            json header = json::parse(text, note_name);
            if (!header.is_object()) refuse("its header is no JSON object");
            return header;
        } catch (const json::parse_error& error) {
            refuse(fmt::format("its header is no JSON (byte {} of it)", error.byte));
        } catch (const json::out_of_range&) {
            refuse("its header has a number beyond 1e308");
        }
    }

    void add(const std::string& name, const json& entry) {
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
        infos_.push_back({name, entry["dtype"], entry["shape"]});
        places_.push_back({entry["data_offsets"][0], entry["data_offsets"][1]});

        const Place& place = places_.back();
        if (place.begin > place.end || place.end > data_.size()) refuse_entry("lies outside the file");
        const std::optional<ElementType> type = type_named(infos_.back().dtype);
        if (type && byte_count(infos_.back().shape, *type) != place.end - place.begin) {
            refuse_entry("has a shape that does not fit its number of bytes");
        }
    }

    void sort_by_place() {
        std::vector<std::size_t> order(infos_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return std::pair(places_[a].begin, places_[a].end) < std::pair(places_[b].begin, places_[b].end);
        });
        std::vector<TensorInfo> infos;
        std::vector<Place> places;
        for (const std::size_t i : order) {
            infos.push_back(std::move(infos_[i]));
            places.push_back(places_[i]);
        }
        infos_ = std::move(infos);
        places_ = std::move(places);
    }

    // The format allows no overlap, no gap and nothing behind the last tensor.
    void check_places() const {
        std::size_t end = 0;
        for (std::size_t i = 0; i < places_.size(); ++i) {
            if (places_[i].begin < end)
                refuse(fmt::format("\"{}\" overlaps the tensor before it", infos_[i].name));
            if (places_[i].begin > end) refuse(fmt::format("there is a gap before \"{}\"", infos_[i].name));
            end = places_[i].end;
        }
        if (end != data_.size()) refuse(fmt::format("{} bytes belong to no tensor", data_.size() - end));
    }

    MappedFile file_;
    std::span<const std::byte> data_;  // all after the header
    std::vector<std::string> names_;   // as the header has them
    std::vector<TensorInfo> infos_;
    std::vector<Place> places_;  // of infos_
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

#include "common/files/model_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/files/file_error.hpp"
#include "common/files/mapped_file.hpp"

namespace {

using nlohmann::json;
using Names = std::initializer_list<const char*>;  // the first that is there counts

// The fields of one JSON object.
class Fields {
  public:
    Fields(const std::string& path, const json& object) : path_(path), object_(object) {}

    [[noreturn]] void refuse(const std::string& problem, const std::string& advice) const {
        throw FileError(path_, problem, advice);
    }

    // The field and the name it has here, or nothing where it is absent or null.
    struct Found {
        const char* name;
        const json& value;
    };
    [[nodiscard]] std::optional<Found> find(Names names) const {
        for (const char* name : names) {
            const auto found = object_.find(name);
            if (found != object_.end() && !found->is_null()) return Found{name, *found};
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<std::size_t> size(Names names) const {
        const std::optional<Found> found = find(names);
        if (!found) return std::nullopt;
        constexpr std::size_t largest = 2147483647;
        const bool in_range =
            found->value.is_number_unsigned() && found->value >= 1U && found->value <= largest;
        if (!in_range) wrong(*found, "a whole number from 1 to 2147483647");
        return found->value.get<std::size_t>();
    }

    // A field without which there is no layer.
    [[nodiscard]] std::size_t needed_size(const char* name, const char* other_name) const {
        const std::optional<std::size_t> found = size({name, other_name});
        if (!found)
            refuse(fmt::format("has no field {}", name), fmt::format("add {}, or {}", name, other_name));
        return *found;
    }

    // Leaves `number` as it is where the field is absent.
    void read(Names names, double& number) const {
        const std::optional<Found> found = find(names);
        if (!found) return;
        const double value = found->value.is_number() ? found->value.get<double>() : 0.0;
        if (!(value > 0.0)) wrong(*found, "a number above 0");
        number = value;
    }

    // Also a number at 0: yarn's mscale may be.
    void read_from_zero(Names names, double& number) const {
        const std::optional<Found> found = find(names);
        if (!found) return;
        const double value = found->value.is_number() ? found->value.get<double>() : -1.0;
        if (value < 0.0) wrong(*found, "a number from 0");
        number = value;
    }

    [[noreturn]] void wrong(const Found& found, const char* wanted) const {
        refuse(fmt::format("{} is {:.40}", found.name,
                           found.value.dump(-1, ' ', true, json::error_handler_t::replace)),
               fmt::format("it must be {}", wanted));
    }

  private:
    const std::string& path_;
    const json& object_;
};

RopeScaling read_rope_scaling(const Fields& fields, const std::string& type, std::size_t max_seq_len) {
    RopeScaling scaling;
    scaling.type = type;
    fields.read({"factor"}, scaling.factor);
    fields.read({"low_freq_factor"}, scaling.low_freq_factor);
    fields.read({"high_freq_factor"}, scaling.high_freq_factor);
    scaling.original_max_seq_len = fields.size({"original_max_position_embeddings"}).value_or(max_seq_len);
    fields.read({"beta_fast"}, scaling.beta_fast);
    fields.read({"beta_slow"}, scaling.beta_slow);
    fields.read_from_zero({"mscale"}, scaling.mscale);
    return scaling;
}

// Hugging Face's object is rope_scaling or, in newer files, rope_parameters, which holds rope_theta too.
void read_rope(const std::string& path, const Fields& fields, ModelConfig& config) {
    fields.read({"rope_theta"}, config.rope_theta);
    const auto found = fields.find({"rope_scaling", "rope_parameters"});
    if (!found) {
        // Llama 3.1's params.json says only that it scales; its code knows the numbers.
        const auto scaled = fields.find({"use_scaled_rope"});
        if (scaled && scaled->value == true) config.rope_scaling = RopeScaling{.type = "llama3", .factor = 8};
        return;
    }
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    const Fields rope(path, found->value);
    rope.read({"rope_theta"}, config.rope_theta);

    constexpr std::array<std::string_view, 4> known = {"linear", "ntk", "llama3", "yarn"};
    const auto type = rope.find({"rope_type", "type"});
    if (!type) fields.refuse(fmt::format("{} has no field rope_type", found->name), "add it");
    if (type->value == "default") return;
    if (std::find(known.begin(), known.end(), type->value) == known.end()) {
        rope.wrong(*type, "linear, ntk, llama3, yarn or default");
    }
    config.rope_scaling = read_rope_scaling(rope, type->value, config.max_seq_len);
}

void check(const Fields& fields, const ModelConfig& config) {
    if (!config.head_dim && config.dim % config.n_heads != 0) {
        fields.refuse(fmt::format("dim {} is no multiple of n_heads {}", config.dim, config.n_heads),
                      "change one of them, or give head_dim");
    }
    const std::size_t n_kv_heads = config.n_kv_heads.value_or(config.n_heads);
    if (config.n_heads % n_kv_heads != 0) {
        fields.refuse(fmt::format("n_heads {} is no multiple of n_kv_heads {}", config.n_heads, n_kv_heads),
                      "each key/value head serves as many query heads as any other");
    }
}

json parse(const MappedFile& file) {
    const std::string_view text = file.text();
    try {
        return json::parse(text);
    } catch (const json::parse_error& error) {
        const std::string_view before = text.substr(0, std::max<std::size_t>(error.byte, 1) - 1);
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
        throw FileError(file.path(), fmt::format("is no JSON: line {}, column {}", line, column),
                        "look for a comma, quote or bracket there");
    } catch (const json::out_of_range&) {
        throw FileError(file.path(), "has a number beyond 1e308", "no double holds it; write a smaller one");
    }
}

}  // namespace

ModelConfig read_model_config(const std::string& path) {
    const json object = parse(MappedFile(path));
    const Fields fields(path, object);
    if (!object.is_object()) fields.refuse("is no JSON object", "write {\"dim\": 8, \"n_heads\": 2}");

    ModelConfig config;
    config.dim = fields.needed_size("dim", "hidden_size");
    config.n_heads = fields.needed_size("n_heads", "num_attention_heads");
    config.n_kv_heads = fields.size({"n_kv_heads", "num_key_value_heads"});
    config.head_dim = fields.size({"head_dim"});
    config.max_batch_size = fields.size({"max_batch_size"}).value_or(config.max_batch_size);
    config.max_seq_len = fields.size({"max_seq_len", "max_position_embeddings"}).value_or(config.max_seq_len);
    read_rope(path, fields, config);
    check(fields, config);
    return config;
}

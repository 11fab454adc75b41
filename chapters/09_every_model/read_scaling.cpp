#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chapters/09_every_model/reading.hpp"
#include "chapters/09_every_model/rotary.hpp"
#include "common/files/field_policy.hpp"
#include "common/files/rope_fields.hpp"

namespace ch9 {
namespace {

using nlohmann::json;

// A list of numbers above 0.
std::vector<double> divisors(const Fields& object, const char* name, std::size_t size) {
    const auto list = object.find({name});
    if (!list) object.refuse(fmt::format("rope scaling has no field {}", name), "add it");
    const auto is_divisor = [](const json& value) { return value.is_number() && value.get<double>() > 0.0; };
    if (!list->value.is_array() || list->value.size() != size ||
        !std::all_of(list->value.begin(), list->value.end(), is_divisor)) {
        object.wrong(*list, fmt::format("a list of {} numbers above 0", size));
    }
    return list->value.get<std::vector<double>>();
}

RopeScaling read_dynamic(const Fields& object, std::size_t trained) {
    RopeScaling scaling{.type = "dynamic", .factor = 0.0, .original_max_seq_len = trained};
    object.read({"factor"}, scaling.factor);
    if (scaling.factor == 0.0) object.refuse("rope scaling has no field factor", "add it");
    if (object.size({"original_max_position_embeddings"}).value_or(trained) != trained) {
        object.refuse("original_max_position_embeddings and max_position_embeddings differ",
                      "implementations disagree which of them a dynamic scaling reads; make them equal");
    }
    return scaling;
}

RopeScaling read_longrope(const Reading& r, const Fields& object, std::size_t rotary_dim, std::size_t trained,
                          RopeFields& rope) {
    rope.short_factor = divisors(object, "short_factor", rotary_dim / 2);
    rope.long_factor = divisors(object, "long_factor", rotary_dim / 2);
    RopeScaling scaling{.type = "longrope", .factor = 1.0, .original_max_seq_len = trained};
    object.read({"factor"}, scaling.factor);
    const auto inside = object.size({"original_max_position_embeddings"});
    const auto outside = r.fields.size({"original_max_position_embeddings"});
    if (inside && outside && *inside != *outside) {
        object.refuse(
            fmt::format("original_max_position_embeddings is {}, and {} in rope_scaling", *outside, *inside),
            "keep one");
    }
    if (inside || outside) {
        scaling.original_max_seq_len = outside ? *outside : *inside;
        scaling.factor = static_cast<double>(trained) / static_cast<double>(scaling.original_max_seq_len);
    }
    const auto original = static_cast<double>(scaling.original_max_seq_len);
    if (original < 2.0) object.refuse("the original length is 1", "longrope divides by its logarithm");
    scaling.attention_factor =
        scaling.factor <= 1.0 ? 1.0 : std::sqrt(1.0 + std::log(scaling.factor) / std::log(original));
    object.read({"attention_factor"}, scaling.attention_factor);
    return scaling;
}

}  // namespace

ReadScaling read_scaling(Reading& r, const Fields& object, std::size_t rotary_dim, RopeFields& rope) {
    const auto type = object.find({"rope_type", "type"});
    if (!type) r.fields.refuse("rope_scaling has no field rope_type", "add it");
    std::string name = type->value.is_string() ? type->value.get<std::string>() : "";
    if (r.model.rope->su_is_longrope && (name == "su" || name == "yarn")) name = "longrope";
    std::size_t trained = r.fields.size({"max_position_embeddings"}).value_or(2048);
    ReadScaling read;
    read.from = told(*type);
    if (name == "dynamic") {
        rope.scaling = read_dynamic(object, trained);
        read.told = fmt::format("dynamic, factor {}, beyond {} tokens", rope.scaling->factor,
                                rope.scaling->original_max_seq_len);
    } else if (name == "longrope") {
        rope.scaling = read_longrope(r, object, rotary_dim, trained, rope);
        read.attention_factor = static_cast<float>(rope.scaling->attention_factor);
        read.told = fmt::format("longrope, {} factors, times {:.4g}",
                                r.of.tokens > rope.scaling->original_max_seq_len ? "long" : "short",
                                read.attention_factor);
    } else if (name == "linear" || name == "llama3" || name == "yarn") {
        rope.scaling = read_rope_scaling(object, name, trained);
        if (name == "yarn") check_yarn_theta(r.fields, rope.theta);
        read.attention_factor = static_cast<float>(rope.scaling->attention_factor);
        read.told = fmt::format("{}, factor {}", name, rope.scaling->factor);
        if (name == "yarn") read.told += fmt::format(", times {:.4g}", read.attention_factor);
    } else if (name != "default") {
        object.wrong(*type, "default, linear, dynamic, yarn, longrope or llama3");
    }
    refuse_unread(object);
    return read;
}

}  // namespace ch9

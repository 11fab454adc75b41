#include "common/files/field_policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "common/files/known_fields.hpp"

namespace {

// Returns whether the field is known; refuses a feature that is switched on.
bool is_settled(const Fields& fields, const Fields::Found& field, const std::string& advice = "") {
    const Feature* feature = find_feature(field.name);
    if (feature == nullptr) return false;
    if (!feature->is_off(field.value)) {
        fields.refuse(fmt::format("{}: {}", told(field), feature->what),
                      advice.empty() ? feature->runner : advice);
    }
    return true;
}

}  // namespace

nlohmann::json read_config_object(const std::string& path) {
    nlohmann::json object = read_json_object(path);
    if (const std::optional<std::string> type = Fields(path, object).text({"model_type"})) {
        const nlohmann::json& defaults = defaults_of(*type);
        object.insert(defaults.begin(), defaults.end());  // what is there, null or not, stays
    }
    return object;
}

void check_model_type(const Fields& fields, std::initializer_list<const char*> runs) {
    const std::optional<std::string> type = fields.text({"model_type"});
    if (!type || std::find(runs.begin(), runs.end(), *type) != runs.end()) return;
    const std::string problem = fmt::format("model_type is {:.40}", *type);
    if (const ModelDifference* known = find_difference(*type)) {
        fields.refuse(fmt::format("{}: {}", problem, known->what), known->runner);
    }
    fields.refuse(fmt::format("{}: how its attention differs is not known here", problem),
                  fmt::format("this chapter runs {}", fmt::join(runs, ", ")));
}

std::vector<std::string> settle_unread(const Fields& fields, const std::string& advice) {
    std::vector<std::string> ignored;
    for (const Fields::Found& field : fields.unread()) {
        if (is_settled(fields, field, advice) || is_harmless(field.name)) continue;
        if (speaks_of_attention(field.name)) {
            fields.refuse(fmt::format("{}: a field of this name may change attention, and is not understood",
                                      told(field)),
                          "take it out if it changes nothing");
        }
        ignored.push_back(field.name);
    }
    return ignored;
}

void refuse_unread(const Fields& rope) {
    for (const Fields::Found& field : rope.unread()) {
        if (is_settled(rope, field)) continue;
        rope.refuse(fmt::format("{}: not understood among the fields of rotary embeddings", told(field)),
                    "take it out if it changes nothing");
    }
}

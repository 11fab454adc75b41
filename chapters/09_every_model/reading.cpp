#include "chapters/09_every_model/reading.hpp"

#include <fmt/format.h>

namespace ch9 {

using nlohmann::json;

std::string Reading::source(Fields::Names names) const {
    const auto found = fields.find(names);
    if (!found) return fmt::format("no {}", *names.begin());
    if (!given.contains(found->name)) return fmt::format("default: {}", told(*found));
    return told(*found);
}

std::string Reading::always() {
    return "always";
}

void Reading::say(const std::string& name, const std::string& value, const std::string& from) {
    result.choices.push_back({name, value, from});
}

std::optional<json> Reading::entry_of_layer(const char* name) const {
    const auto list = fields.find({name});
    if (!list || list->value == json::array()) return std::nullopt;
    if (!list->value.is_array() || list->value.size() != result.n_layers) {
        fields.refuse(fmt::format("{} is no list of {} entries", name, result.n_layers),
                      "it has one entry for each layer");
    }
    return list->value.at(of.layer);
}

std::optional<std::size_t> Reading::window() const {
    const char* by = model.layers.window_switch;
    const std::optional<std::size_t> window = fields.size({"sliding_window"});
    return by == nullptr || fields.flag({by}).value_or(false) ? window : std::nullopt;
}

}  // namespace ch9

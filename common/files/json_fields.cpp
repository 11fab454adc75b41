#include "common/files/json_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "common/files/file_error.hpp"
#include "common/files/mapped_file.hpp"

namespace {

using nlohmann::json;

// Refuses a field that the config has twice, because only one could count, and deeply nested lists.
class Watch {
  public:
    explicit Watch(const std::string& path) : path_(path) {}

    bool operator()(int depth, json::parse_event_t event, const json& parsed) {
        constexpr int deepest = 32;
        if (depth > deepest)
            throw FileError(path_, "is nested too deeply", "a config is an object of plain fields");
        if (event == json::parse_event_t::object_start) open_.emplace_back();
        if (event == json::parse_event_t::object_end) open_.pop_back();
        if (event == json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second) {
            throw FileError(path_, fmt::format("has the field {:.40} twice", parsed.get<std::string>()),
                            "keep one");
        }
        return true;
    }

  private:
    const std::string& path_;
    std::vector<std::set<std::string>> open_;  // for each object that is not complete, its names so far
};

json parse(const MappedFile& file) {
    const std::string_view text = file.text();
    try {
        return json::parse(text, Watch(file.path()));
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

bool is_size(const json& value, std::size_t smallest) {
    constexpr std::size_t largest = 2147483647;
    return value.is_number_unsigned() && value >= smallest && value <= largest;
}

// Whether a number above 0 keeps its size in float32, in which all is computed.
bool is_float(double value) {
    using Limits = std::numeric_limits<float>;
    return value >= double{Limits::min()} && value <= double{Limits::max()};
}

}  // namespace

json read_json_object(const std::string& path) {
    json object = parse(MappedFile(path));
    if (!object.is_object()) {
        throw FileError(path, "is no JSON object", "write {\"dim\": 8, \"n_heads\": 2}");
    }
    return object;
}

std::optional<Fields::Found> Fields::find(Names names) const {
    std::optional<Found> first;
    for (const char* name : names) {
        read_.insert(name);
        const auto found = object_.find(name);
        if (found == object_.end() || found->is_null()) continue;
        if (!first) {
            first.emplace(Found{name, *found});
        } else if (first->value != *found) {
            refuse(fmt::format("{} and {} name the same thing and differ", first->name, name), "keep one");
        }
    }
    return first;
}

std::optional<std::string> Fields::text(Names names) const {
    const std::optional<Found> found = find(names);
    if (!found) return std::nullopt;
    if (!found->value.is_string()) wrong(*found, "a text in quotes");
    return found->value.get<std::string>();
}

std::optional<bool> Fields::flag(Names names) const {
    const std::optional<Found> found = find(names);
    if (!found) return std::nullopt;
    if (!found->value.is_boolean()) wrong(*found, "true or false");
    return found->value.get<bool>();
}

std::vector<Fields::Found> Fields::unread() const {
    std::vector<Found> fields;
    for (const auto& [name, value] : object_.items()) {
        if (!value.is_null() && !read_.contains(name)) fields.push_back({name, value});
    }
    return fields;
}

std::optional<std::size_t> Fields::size(Names names) const {
    const std::optional<Found> found = find(names);
    if (!found) return std::nullopt;
    if (!is_size(found->value, 1)) wrong(*found, "a whole number from 1 to 2147483647");
    return found->value.get<std::size_t>();
}

std::optional<std::size_t> Fields::size_from_zero(Names names) const {
    const std::optional<Found> found = find(names);
    if (!found) return std::nullopt;
    if (!is_size(found->value, 0)) wrong(*found, "a whole number from 0 to 2147483647, or null");
    return found->value.get<std::size_t>();
}

std::size_t Fields::needed_size(Names names) const {
    const std::optional<std::size_t> found = size(names);
    if (!found) {
        refuse(fmt::format("has no field {}", *names.begin()),
               fmt::format("add {}", fmt::join(names, ", or ")));
    }
    return *found;
}

std::optional<double> Fields::number(Names names) const {
    const std::optional<Found> found = find(names);
    if (!found) return std::nullopt;
    if (!found->value.is_number()) wrong(*found, "a number");
    return found->value.get<double>();
}

void Fields::read(Names names, double& number) const {
    const std::optional<Found> found = find(names);
    if (!found) return;
    const double value = found->value.is_number() ? found->value.get<double>() : 0.0;
    if (!(value > 0.0)) wrong(*found, "a number above 0");
    if (!is_float(value)) wrong(*found, "a number that float32 holds");
    number = value;
}

void Fields::read_from_zero(Names names, double& number) const {
    const std::optional<Found> found = find(names);
    if (!found) return;
    const double value = found->value.is_number() ? found->value.get<double>() : -1.0;
    if (value < 0.0) wrong(*found, "a number from 0");
    if (value > 0.0 && !is_float(value)) wrong(*found, "a number that float32 holds");
    number = value;
}

void Fields::refuse(const std::string& problem, const std::string& advice) const {
    throw FileError(path_, problem, advice);
}

void Fields::wrong(const Found& found, const std::string& wanted) const {
    refuse(told(found), fmt::format("it must be {}", wanted));
}

std::string told(const Fields::Found& found) {
    return fmt::format("{:.40} is {:.40}", found.name,
                       found.value.dump(-1, ' ', true, json::error_handler_t::replace));
}

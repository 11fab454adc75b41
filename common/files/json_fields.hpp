// Reads the named fields of a JSON config. A field that is missing, has the wrong type or is out of range is
// refused by its name.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

// Reads the JSON object in a file. Throws FileError, which names the line and column of a syntax error, or
// the field that the file has twice.
nlohmann::json read_json_object(const std::string& path);

// The fields of one JSON object in the file at `path`. Both arguments must outlive this object. A field that
// is null counts as absent. The names that a function takes are synonyms: a file that has two of them with
// different values is refused. The functions that return an optional return std::nullopt for an absent field.
class Fields {
  public:
    using Names = std::initializer_list<const char*>;

    Fields(const std::string& path, const nlohmann::json& object) : path_(path), object_(object) {}

    // The value of a field, and which of its names the file uses.
    struct Found {
        std::string name;
        const nlohmann::json& value;
    };
    [[nodiscard]] std::optional<Found> find(Names names) const;

    // Counts these fields as read: they are known, and nothing here depends on their values.
    void pass(Names names) const { read_.insert(names.begin(), names.end()); }

    // A string.
    [[nodiscard]] std::optional<std::string> text(Names names) const;

    // true or false.
    [[nodiscard]] std::optional<bool> flag(Names names) const;

    // A whole number, from 1 for size() and from 0 for size_from_zero().
    [[nodiscard]] std::optional<std::size_t> size(Names names) const;
    [[nodiscard]] std::optional<std::size_t> size_from_zero(Names names) const;

    // A whole number from 1. Throws FileError if the field is absent.
    [[nodiscard]] std::size_t needed_size(Names names) const;

    // A number of any sign.
    [[nodiscard]] std::optional<double> number(Names names) const;

    // Set `number` to a value above 0, or from 0 for read_from_zero(): YaRN's mscale may be 0. If the field
    // is absent, `number` keeps its value.
    void read(Names names, double& number) const;
    void read_from_zero(Names names, double& number) const;

    // The fields of the object that no function above has read, in alphabetical order.
    [[nodiscard]] std::vector<Found> unread() const;

    // Both throw FileError.
    [[noreturn]] void refuse(const std::string& problem, const std::string& advice) const;
    [[noreturn]] void wrong(const Found& found, const std::string& wanted) const;

  private:
    const std::string& path_;
    const nlohmann::json& object_;
    mutable std::set<std::string> read_;  // every name that a function has looked up
};

// "factor is 8": the name of a field and the beginning of its value.
std::string told(const Fields::Found& found);

// A JSON file of named fields, for the readers of configs: what is missing, of the wrong type or out of range
// is refused by its name.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

// The object that a file holds. Throws FileError, which says at which line and column the JSON goes wrong, or
// which field is there twice.
nlohmann::json read_json_object(const std::string& path);

// The fields of one JSON object in the file at `path`; both must outlive this. A field that is null counts as
// absent. Where a function takes several names, they name one thing: a file that has two of them with
// different values is refused.
class Fields {
  public:
    using Names = std::initializer_list<const char*>;

    Fields(const std::string& path, const nlohmann::json& object) : path_(path), object_(object) {}

    // The field and the name it has here, or nothing where it is absent.
    struct Found {
        std::string name;
        const nlohmann::json& value;
    };
    [[nodiscard]] std::optional<Found> find(Names names) const;

    // The text of a field, or nothing where it is absent.
    [[nodiscard]] std::optional<std::string> text(Names names) const;

    // A yes or no, or nothing where it is absent.
    [[nodiscard]] std::optional<bool> flag(Names names) const;

    // A whole number from 1, or from 0, or nothing where it is absent.
    [[nodiscard]] std::optional<std::size_t> size(Names names) const;
    [[nodiscard]] std::optional<std::size_t> size_from_zero(Names names) const;

    // A field without which there is no layer.
    [[nodiscard]] std::size_t needed_size(Names names) const;

    // A number of any sign, or nothing where it is absent.
    [[nodiscard]] std::optional<double> number(Names names) const;

    // A number above 0, or from 0: yarn's mscale may be. Leave `number` as it is where the field is absent.
    void read(Names names, double& number) const;
    void read_from_zero(Names names, double& number) const;

    // The fields that are there and that no function above was asked for, in the order of the alphabet.
    [[nodiscard]] std::vector<Found> unread() const;

    // Both throw FileError.
    [[noreturn]] void refuse(const std::string& problem, const std::string& advice) const;
    [[noreturn]] void wrong(const Found& found, const std::string& wanted) const;

  private:
    const std::string& path_;
    const nlohmann::json& object_;
    mutable std::set<std::string> read_;  // every name asked for
};

// "factor is 8": a field and the beginning of its value.
std::string told(const Fields::Found& found);

#include "common/files/json_outline.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>

namespace {

using nlohmann::json;

// The parser calls these functions, which return whether it shall go on.
class OutlineReader : public nlohmann::json_sax<json> {
  public:
    explicit OutlineReader(std::size_t most) : most_(most) {}
    [[nodiscard]] JsonOutline& outline() { return outline_; }

    bool null() override { return count(); }
    bool boolean(bool) override { return count(); }
    bool number_integer(number_integer_t) override { return count(); }
    bool number_unsigned(number_unsigned_t) override { return count(); }
    bool number_float(number_float_t, const string_t&) override { return count(); }
    bool string(string_t&) override { return count(); }
    bool binary(binary_t&) override { return count(); }
    bool start_object(std::size_t) override { return open(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

    bool key(string_t& name) override {
        if (depth_ == 1) {
            if (seen_.insert(name).second) {
                outline_.names.push_back(name);
            } else if (!outline_.twice) {
                outline_.twice = name;
            }
        }
        return count();
    }

  private:
    bool open() {
        ++depth_;
        return count();
    }
    bool close() {
        --depth_;
        return count();
    }
    bool count() { return ++outline_.parts < most_; }

    std::size_t most_, depth_ = 0;
    JsonOutline outline_;
    std::unordered_set<std::string> seen_;
};

}  // namespace

JsonOutline outline_of_json(std::string_view text, std::size_t most) {
    OutlineReader reader(most);
    json::sax_parse(text, &reader);
    return std::move(reader.outline());
}

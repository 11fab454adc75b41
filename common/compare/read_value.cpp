#include "common/compare/read_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

namespace {

constexpr std::array<std::string_view, 3> openings = {"tensor(", "torch.Size(", "array("};
constexpr std::string_view between_numbers = " ,\n\r\t";
constexpr std::size_t most_axes = 16;

// Why a value cannot be read.
struct Damage {
    std::string reason;
};

class ValueReader {
  public:
    ValueReader(std::string_view text, std::size_t at, std::size_t most)
        : text_(text), at_(at), most_(most) {}

    // Throws Damage. `value()` then holds what was read so far.
    void read() {
        for (const std::string_view opening : openings) {
            if (!text_.substr(at_).starts_with(opening)) continue;
            at_ += opening.size();
            value_.is_size = opening == "torch.Size(";
            skip(between_numbers);
            read_elements();
            read_rest_of_call();
            return;
        }
        read_elements();
    }

    [[nodiscard]] PrintedTensor& value() { return value_; }
    [[nodiscard]] std::size_t at() const { return at_; }

  private:
    void read_elements() {
        if (peek() == '[') {
            ++at_;
            read_block(0);
        } else {
            read_number(0);
        }
        if (!value_.numbers.empty() && value_.shape.size() != depth_)
            throw Damage{"its rows differ in depth"};
    }

    // A list that has just been opened, as the `axis`-th from outside.
    void read_block(std::size_t axis) {
        if (axis == most_axes) throw Damage{fmt::format("it has more than {} axes", most_axes)};
        std::size_t count = 0, gap = 0;
        for (skip(between_numbers); peek() != ']'; skip(between_numbers)) {
            if (text_.substr(at_).starts_with("...")) {
                if (count == 0 || gap > 0) throw Damage{"its \"...\" stands where none belongs"};
                gap = count;
                at_ += 3;
                continue;
            }
            if (peek() == '[') {
                ++at_;
                read_block(axis + 1);
            } else {
                read_number(axis + 1);
            }
            ++count;
        }
        ++at_;
        close_block(axis, count, gap);
    }

    // All lists on one axis are equally long. The inner ones are closed first.
    void close_block(std::size_t axis, std::size_t count, std::size_t gap) {
        if (closed_.size() <= axis) closed_.resize(axis + 1, false);
        value_.shape.resize(closed_.size());
        value_.gaps.resize(closed_.size());
        if (closed_[axis] && (value_.shape[axis] != count || value_.gaps[axis] != gap)) {
            throw Damage{"its rows differ in length"};
        }
        closed_[axis] = true;
        value_.shape[axis] = count;
        value_.gaps[axis] = gap;
    }

    void read_number(std::size_t depth) {
        if (!value_.numbers.empty() && depth != depth_) throw Damage{"its rows differ in depth"};
        depth_ = depth;
        if (value_.numbers.size() >= most_) throw Damage{"there are too many numbers in one output"};
        const std::string_view token = take_token();
        const std::string_view imaginary =
            token.ends_with('j') ? imaginary_part(token) : take_imaginary_token();
        if (imaginary.empty()) {
            if (value_.is_complex) throw Damage{"not all of its numbers are complex"};
            add(token);
            return;
        }
        if (!value_.is_complex && !value_.numbers.empty()) throw Damage{"not all of its numbers are complex"};
        value_.is_complex = true;
        add(token.ends_with('j') ? token.substr(0, token.size() - imaginary.size()) : token);
        add(imaginary.substr(0, imaginary.size() - 1));
    }

    // NumPy may leave room inside a complex number: "1. +2.5j".
    std::string_view take_imaginary_token() {
        const std::size_t start = at_;
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
        if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) {
            const std::string_view token = take_token();
            if (token.ends_with('j') && imaginary_part(token) == token) return token;
        }
        at_ = start;
        return {};
    }

    // "1.0000-2.5000j" -> "-2.5000j"
    static std::string_view imaginary_part(std::string_view token) {
        for (std::size_t i = token.size() - 1; i > 0; --i) {
            const bool sign = token[i] == '+' || token[i] == '-';
            if (sign && token[i - 1] != 'e') return token.substr(i);
        }
        return token;
    }

    std::string_view take_token() {
        constexpr std::string_view ends = " ,[]()\n\r\t";
        const std::size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
        if (end == text_.size()) throw Damage{"it ends in the middle"};
        const std::string_view token = text_.substr(at_, end - at_);
        at_ = end;
        return token;
    }

    void add(std::string_view token) {
        if (token == "True" || token == "False") {
            value_.numbers.push_back({std::string(token), token == "True" ? 1.0 : 0.0});
            return;
        }
        const std::string_view unsigned_token =
            token.substr(token.starts_with('-') || token.starts_with('+'));
        const bool is_word = unsigned_token == "inf" || unsigned_token == "nan";
        const bool is_number = !unsigned_token.empty() && token.size() < 40 &&
                               token.find_first_not_of("0123456789.e+-") == std::string_view::npos;
        const std::string text(token);
        char* end = nullptr;
        const double number = is_word || is_number ? std::strtod(text.c_str(), &end) : 0.0;
        if (end != text.c_str() + text.size()) throw Damage{"it holds something that is no number"};
        value_.numbers.push_back({text, number});
    }

    // What follows the numbers: ", dtype=torch.int64, grad_fn=<MulBackward0>)".
    void read_rest_of_call() {
        for (skip(between_numbers); peek() != ')'; skip(between_numbers)) {
            const std::string_view word = take_argument();
            if (word.starts_with("dtype=")) value_.dtype = word.substr(6);
            if (word.starts_with("size=") && value_.numbers.empty()) read_empty_size(word.substr(5));
        }
        ++at_;
    }

    // Up to the next comma or closing parenthesis that is not inside brackets.
    std::string_view take_argument() {
        constexpr std::size_t longest = 1000;
        const std::size_t start = at_;
        int open = 0;
        for (; at_ < text_.size() && at_ < start + longest; ++at_) {
            const char c = text_[at_];
            if (open == 0 && (c == ',' || c == ')')) return text_.substr(start, at_ - start);
            if (c == '(' || c == '[' || c == '<') ++open;
            if (c == ')' || c == ']' || c == '>') --open;
        }
        throw Damage{"it ends in the middle"};
    }

    // tensor([], size=(0, 3)): a shape, and nothing in it.
    void read_empty_size(std::string_view size) {
        value_.shape.clear();
        while (!size.empty()) {
            const std::size_t start = std::min(size.find_first_of("0123456789"), size.size());
            size.remove_prefix(start);
            const std::size_t end = std::min(size.find_first_not_of("0123456789"), size.size());
            if (end > 9 || value_.shape.size() == most_axes) throw Damage{"its size makes no sense"};
            if (end > 0) value_.shape.push_back(std::stoul(std::string(size.substr(0, end))));
            size.remove_prefix(end);
        }
        value_.gaps.assign(value_.shape.size(), 0);
        if (std::find(value_.shape.begin(), value_.shape.end(), 0U) == value_.shape.end()) {
            throw Damage{"it is empty, and its size is not"};
        }
    }

    void skip(std::string_view characters) {
        at_ = std::min(text_.find_first_not_of(characters, at_), text_.size());
    }

    [[nodiscard]] char peek() const {
        if (at_ >= text_.size()) throw Damage{"it ends in the middle"};
        return text_[at_];
    }

    std::string_view text_;
    std::size_t at_;
    std::size_t most_;
    PrintedTensor value_;
    std::size_t depth_ = 0;     // on which axis its numbers stand
    std::vector<bool> closed_;  // axes of which a list has been read to its end
};

}  // namespace

bool value_starts_at(std::string_view text, std::size_t at) {
    if (text[at] == '[') return true;
    const bool inside_a_name = at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 ||
                                          text[at - 1] == '_' || text[at - 1] == '.');
    return !inside_a_name && std::any_of(openings.begin(), openings.end(), [&](std::string_view opening) {
        return text.substr(at).starts_with(opening);
    });
}

std::optional<PrintedTensor> read_value(std::string_view text, std::size_t& at, std::size_t most) {
    const bool bare = text[at] == '[';
    ValueReader reader(text, at, most);
    try {
        reader.read();
    } catch (const Damage& damage) {
        // Without a word in front and a number in it, it is something else: a path, a tag, a name.
        PrintedTensor& broken = reader.value();
        if (bare || broken.numbers.empty()) return std::nullopt;
        broken.damage = damage.reason;
        broken.numbers.clear();
        broken.numbers.shrink_to_fit();
    }
    PrintedTensor& value = reader.value();
    const bool nothing_in_it = value.numbers.empty() && value.damage.empty();
    if (bare && nothing_in_it) return std::nullopt;
    at = reader.at();
    return std::move(value);
}

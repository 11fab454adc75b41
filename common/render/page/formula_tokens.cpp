#include "common/render/page/formula_tokens.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// Superscripts and subscripts, and the plain letters that they stand for.
constexpr std::array<Pair, 9> raised = {{{"ᵀ", "T"},
                                         {"²", "2"},
                                         {"³", "3"},
                                         {"¹", "1"},
                                         {"⁰", "0"},
                                         {"⁻", "-"},
                                         {"⁺", "+"},
                                         {"ⁱ", "i"},
                                         {"ʲ", "j"}}};
constexpr std::array<Pair, 15> lowered = {{{"ᵢ", "i"},
                                           {"ₑ", "e"},
                                           {"ⱼ", "j"},
                                           {"ₖ", "k"},
                                           {"ₕ", "h"},
                                           {"ₘ", "m"},
                                           {"ₙ", "n"},
                                           {"ᵣ", "r"},
                                           {"ₛ", "s"},
                                           {"ₜ", "t"},
                                           {"₀", "0"},
                                           {"₁", "1"},
                                           {"₂", "2"},
                                           {"₃", "3"},
                                           {"₄", "4"}}};
constexpr std::array<std::string_view, 3> times = {"·", "⊙", "×"};
constexpr std::array<std::string_view, 17> signs = {"=", "+", "-", "−", "≤", "≥", "≠", "≈", "∼",
                                                    "<", ">", "→", "←", "∈", ",", ":", "±"};
constexpr std::array<std::string_view, 8> symbols = {"∞", "α", "ω", "θ", "σ", "λ", "π", "ε"};

// Words of a sentence inside a formula: they are not names of variables.
constexpr std::array<std::string_view, 19> sentence_words = {
    "if",     "else",      "with", "of",    "over", "the",  "in",  "above",       "that", "for",
    "causal", "attention", "head", "ranks", "last", "axes", "two", "probability", "and"};

template <class Strings>
bool is_in(const Strings& strings, std::string_view text) {
    return std::find(strings.begin(), strings.end(), text) != strings.end();
}

template <class Pairs>
std::optional<std::string_view> find(const Pairs& pairs, std::string_view character) {
    for (const auto& [from, to] : pairs) {
        if (from == character) return to;
    }
    return std::nullopt;
}

// The first code point of `text`, in UTF-8.
std::string_view first_character(std::string_view text) {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
    return text.substr(0, size);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::size_t name_length(std::string_view text) {
    const auto* end = std::find_if_not(text.begin(), text.end(),
                                       [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
    return static_cast<std::size_t>(end - text.begin());
}

std::size_t number_length(std::string_view text) {
    const auto* end =
        std::find_if_not(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
    return static_cast<std::size_t>(end - text.begin());
}

// Consecutive superscripts or subscripts become one token: "ᵢⱼ" -> "ij".
template <class Pairs>
Token script(Kind kind, const Pairs& pairs, std::string_view& rest) {
    Token token{kind, "", 0};
    while (!rest.empty()) {
        const std::string_view character = first_character(rest);
        const std::optional<std::string_view> letter = find(pairs, character);
        if (!letter) break;
        token.text += *letter;
        rest.remove_prefix(character.size());
    }
    return token;
}

// Removes the first token from `rest` and returns it.
Token next_token(std::string_view& rest) {
    const std::string_view character = first_character(rest);
    if (find(raised, character)) return script(Kind::above, raised, rest);
    if (find(lowered, character)) return script(Kind::below, lowered, rest);

    std::size_t length = character.size();
    Kind kind = Kind::end;
    if (is_letter(character[0])) {
        length = name_length(rest);
        kind = is_in(sentence_words, rest.substr(0, length)) ? Kind::words : Kind::name;
    } else if (is_digit(character[0])) {
        length = number_length(rest);
        kind = Kind::number;
    } else if (is_in(symbols, character)) {
        kind = Kind::name;
    } else if (is_in(times, character)) {
        kind = Kind::times;
    } else if (is_in(signs, character)) {
        kind = Kind::sign;
    } else {
        constexpr std::array<std::pair<std::string_view, Kind>, 13> others = {{{"(", Kind::open},
                                                                               {"⌊", Kind::open},
                                                                               {"⌈", Kind::open},
                                                                               {"⌋", Kind::close},
                                                                               {"⌉", Kind::close},
                                                                               {"[", Kind::open},
                                                                               {")", Kind::close},
                                                                               {"]", Kind::close},
                                                                               {"|", Kind::bar},
                                                                               {"/", Kind::slash},
                                                                               {"√", Kind::root},
                                                                               {"Σ", Kind::sum},
                                                                               {"^", Kind::caret}}};
        for (const auto& [sign, its_kind] : others) {
            if (sign == character) kind = its_kind;
        }
        if (kind == Kind::end) throw NotUnderstood(std::string(character));
    }
    const Token token{kind, std::string(rest.substr(0, length)), 0};
    rest.remove_prefix(length);
    return token;
}

}  // namespace

std::vector<Token> tokens_of(std::string_view formula) {
    std::vector<Token> tokens;
    const std::size_t size = formula.size();
    while (true) {
        const std::size_t spaces = std::min(formula.find_first_not_of(' '), formula.size());
        formula.remove_prefix(spaces);
        const std::size_t start = size - formula.size();
        tokens.push_back(formula.empty() ? Token{Kind::end, "", 0} : next_token(formula));
        tokens.back().spaces = spaces;
        tokens.back().start = start;
        if (tokens.back().kind == Kind::end) return tokens;
    }
}

#include "common/html/mathml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "common/html/escape.hpp"

namespace {

// --- tokens

enum class Kind {
    name,
    words,
    number,
    times,
    sign,
    open,
    close,
    bar,
    slash,
    root,
    sum,
    caret,
    above,
    below,
    end
};

struct Token {
    Kind kind;
    std::string text;
    std::size_t spaces;  // in front of it
};

using Pair = std::pair<std::string_view, std::string_view>;

// Small letters above and below the line, and what they are letters of.
constexpr std::array<Pair, 9> raised = {{{"ᵀ", "T"},
                                         {"²", "2"},
                                         {"³", "3"},
                                         {"¹", "1"},
                                         {"⁰", "0"},
                                         {"⁻", "-"},
                                         {"⁺", "+"},
                                         {"ⁱ", "i"},
                                         {"ʲ", "j"}}};
constexpr std::array<Pair, 14> lowered = {{{"ᵢ", "i"},
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

// Words of a sentence inside a formula, which are nobody's name.
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

// The first code point of `text`, which is UTF-8.
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

// A formula that this file does not understand.
struct NotUnderstood : std::runtime_error {
    using std::runtime_error::runtime_error;
};

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

// Small letters that follow each other, as one text: "ᵢⱼ" -> "ij".
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

// The token that `rest` starts with, taken off it.
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
        constexpr std::array<std::pair<std::string_view, Kind>, 9> others = {{{"(", Kind::open},
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

std::vector<Token> tokens_of(std::string_view formula) {
    std::vector<Token> tokens;
    while (true) {
        const std::size_t spaces = std::min(formula.find_first_not_of(' '), formula.size());
        formula.remove_prefix(spaces);
        if (formula.empty()) break;
        tokens.push_back(next_token(formula));
        tokens.back().spaces = spaces;
    }
    tokens.push_back({Kind::end, "", 0});
    return tokens;
}

// --- grammar

std::string row(const std::string& content) {
    return "<mrow>" + content + "</mrow>";
}
std::string sign(std::string_view text) {
    return text == "-" ? "−" : escape_html(text);
}
std::string op(std::string_view text) {
    return fmt::format("<mo>{}</mo>", sign(text));
}
std::string identifier(std::string_view text) {
    return fmt::format("<mi>{}</mi>", escape_html(text));
}
constexpr std::string_view gap = "<mspace width=\"0.3em\"/>", wide_gap = "<mspace width=\"1em\"/>";

// A part of a formula. Its parentheses go where a fraction bar or a root takes their place.
struct Piece {
    std::string mathml;
    std::string without_parentheses;  // empty if it has none

    [[nodiscard]] const std::string& inside() const {
        return without_parentheses.empty() ? mathml : without_parentheses;
    }
};

class Formula {
  public:
    explicit Formula(std::string_view text) : tokens_(tokens_of(text)) {}

    std::string whole() {
        std::string all = expression();
        if (peek().kind != Kind::end) throw NotUnderstood(peek().text);
        return all;
    }

  private:
    // chain sign chain sign ... : all that stands between two parentheses.
    std::string expression() {
        std::string all;
        enum class Before { nothing, sign, words, chain } before = Before::nothing;
        while (true) {
            const Kind kind = peek().kind;
            const std::size_t spaces = peek().spaces;
            if (kind == Kind::sign) {
                // A minus that nothing stands before is a number's own.
                if (before == Before::words) all += gap;
                const bool between = before == Before::chain;
                all +=
                    between ? op(take().text) : fmt::format("<mo form=\"prefix\">{}</mo>", sign(take().text));
                before = Before::sign;
            } else if (kind == Kind::words) {
                all += words();
                before = Before::words;
            } else if (starts_factor(kind)) {
                if (before != Before::nothing && spaces > 1) {
                    all += wide_gap;
                } else if (before == Before::words || before == Before::chain) {
                    all += gap;
                }
                all += chain().mathml;
                before = Before::chain;
            } else {
                return all;
            }
        }
    }

    // "if", "with probability": as words, with the spaces around them.
    std::string words() {
        const std::string before(peek().spaces > 1 ? wide_gap : gap);
        std::string text = take().text;
        while (peek().kind == Kind::words) text += " " + take().text;
        return fmt::format("{}<mtext>{}</mtext>", before, escape_html(text));
    }

    // Factors beside each other and between · ⊙ × /. What stands left of a / is all that came before it, as
    // operators of one rank are read from the left; right of it there must be a single factor, or else the
    // / stays, since "a / b c" can be read in two ways.
    Piece chain() {
        Piece left = factor();
        while (true) {
            const Kind kind = peek().kind;
            if (kind == Kind::slash) {
                take();
                const Piece right = factor();
                if (starts_factor(peek().kind)) {
                    left = {left.mathml + op("/") + right.mathml, ""};
                } else {
                    left = {fmt::format("<mfrac>{}{}</mfrac>", row(left.inside()), row(right.inside())), ""};
                }
            } else if (kind == Kind::times) {
                const std::string between = op(take().text);
                left = {left.mathml + between + factor().mathml, ""};
            } else if (starts_factor(kind) && peek().spaces < 2) {
                const std::string space(peek().spaces > 0 ? gap : "");
                left = {left.mathml + space + factor().mathml, ""};
            } else {
                return left;
            }
        }
    }

    // An atom with what is above and below it.
    Piece factor() {
        if (peek().kind == Kind::sum) return sum();
        const Token& first = peek();
        Piece atom_piece = atom();
        std::string above, below;
        // d_k: a single letter and what stands below it. Longer names keep their underscore.
        if (first.kind == Kind::name && first.text.size() > 2 && first.text[1] == '_') {
            atom_piece.mathml = identifier(first.text.substr(0, 1));
            below = identifier(first.text.substr(2));
        }
        for (bool more = true; more;) {
            switch (peek().kind) {
                case Kind::above:
                    above += small(take().text);
                    break;
                case Kind::below:
                    below += (below.empty() ? "" : "<mo>,</mo>") + small(take().text);
                    break;
                case Kind::caret:
                    take();
                    above += atom().inside();
                    break;
                default:
                    more = false;
            }
        }
        Piece piece = with_scripts(atom_piece, above, below);
        // f(x), and not f (x): a function and its argument.
        if (first.kind == Kind::name && peek().kind == Kind::open && peek().spaces == 0) {
            piece = {piece.mathml + "<mo>&#x2061;</mo>" + atom().mathml, ""};
            if (peek().kind == Kind::above) {
                piece = {fmt::format("<msup>{}{}</msup>", row(piece.mathml), row(small(take().text))), ""};
            }
        }
        return piece;
    }

    static Piece with_scripts(const Piece& base, const std::string& above, const std::string& below) {
        if (above.empty() && below.empty()) return base;
        if (below.empty()) return {fmt::format("<msup>{}{}</msup>", row(base.mathml), row(above)), ""};
        if (above.empty()) return {fmt::format("<msub>{}{}</msub>", row(base.mathml), row(below)), ""};
        return {fmt::format("<msubsup>{}{}{}</msubsup>", row(base.mathml), row(below), row(above)), ""};
    }

    // Σₖ and all that is summed.
    Piece sum() {
        take();
        std::string summation = "<mo>∑</mo>";
        if (peek().kind == Kind::below) {
            summation = fmt::format("<munder>{}{}</munder>", summation, row(small(take().text)));
        }
        if (!starts_factor(peek().kind)) throw NotUnderstood("a sum of nothing");
        return {summation + chain().mathml, ""};
    }

    Piece atom() {
        const Token token = take();
        switch (token.kind) {
            case Kind::name:
                return {identifier(token.text), ""};
            case Kind::number:
                return {fmt::format("<mn>{}</mn>", token.text), ""};
            case Kind::open: {
                const std::string inside = expression();
                if (peek().kind != Kind::close) throw NotUnderstood("an open parenthesis");
                const std::string closing = take().text;
                return {row(op(token.text) + inside + op(closing)), token.text == "(" ? inside : ""};
            }
            case Kind::bar: {
                const std::string inside = expression();
                if (take().kind != Kind::bar) throw NotUnderstood("an open bar");
                return {row("<mo fence=\"true\">|</mo>" + inside + "<mo fence=\"true\">|</mo>"), ""};
            }
            case Kind::root:
                // Of d_k with what is below it, of (a + b) as a whole.
                return {fmt::format("<msqrt>{}</msqrt>", factor().inside()), ""};
            default:
                throw NotUnderstood(token.text);
        }
    }

    // The letters of a script one by one: "ij" is i and j.
    static std::string small(const std::string& letters) {
        std::string all;
        for (const char c : letters) {
            const std::string_view letter(&c, 1);
            all += is_digit(c)    ? fmt::format("<mn>{}</mn>", letter)
                   : is_letter(c) ? identifier(letter)
                                  : op(letter);
        }
        return all;
    }

    bool starts_factor(Kind kind) const {
        if (kind == Kind::bar) return open_bars_ == 0;
        return kind == Kind::name || kind == Kind::number || kind == Kind::open || kind == Kind::root ||
               kind == Kind::sum;
    }

    [[nodiscard]] const Token& peek() const { return tokens_[position_]; }

    const Token& take() {
        const Token& token = tokens_[position_];
        if (token.kind == Kind::bar) open_bars_ = 1 - open_bars_;
        if (token.kind != Kind::end) ++position_;
        return token;
    }

    std::vector<Token> tokens_;
    std::size_t position_ = 0;
    int open_bars_ = 0;
};

std::string one_formula(std::string_view text) {
    std::string content;
    try {
        content = row(Formula(text).whole());
    } catch (const NotUnderstood&) {
        content = fmt::format("<mtext>{}</mtext>", escape_html(text));
    }
    return fmt::format("<math display=\"block\" alttext=\"{}\">{}</math>\n", escape_html(text), content);
}

}  // namespace

std::string to_mathml(std::string_view formulas) {
    std::string all;
    while (!formulas.empty()) {
        const std::string_view formula = formulas.substr(0, formulas.find("   "));
        all += one_formula(formula);
        formulas.remove_prefix(formula.size());
        formulas.remove_prefix(std::min(formulas.find_first_not_of(' '), formulas.size()));
    }
    return all;
}

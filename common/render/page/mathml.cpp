#include "common/render/page/mathml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "common/render/page/escape.hpp"
#include "common/render/page/formula_tokens.hpp"

namespace {

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

// The T of Kᵀ is upright, because it is not a variable.
constexpr std::string_view transposed = "<mi mathvariant=\"normal\">T</mi>";

// Parentheses grow only around a fraction. Around a mere subscript, a font with few sizes would draw them
// twice as high as the text.
std::string in_fences(std::string_view open, const std::string& inside, std::string_view close) {
    const std::string_view stretchy =
        inside.find("<mfrac>") == std::string::npos ? " stretchy=\"false\"" : "";
    return row(fmt::format("<mo{0}>{1}</mo>{2}<mo{0}>{3}</mo>", stretchy, open, inside, close));
}

std::string math_element(std::string_view text, const std::string& content) {
    return fmt::format("<math display=\"block\" alttext=\"{}\">{}</math>\n", escape_html(text), content);
}

// A part of a formula. Its parentheses are dropped where a fraction bar or a root groups it instead.
struct Piece {
    std::string mathml;
    std::string without_parentheses;  // empty if it has no parentheses

    [[nodiscard]] const std::string& inside() const {
        return without_parentheses.empty() ? mathml : without_parentheses;
    }
};

class FormulaParser {
  public:
    explicit FormulaParser(std::string_view text) : text_(text), tokens_(tokens_of(text)) {}

    // The formula in parts, which a narrow window shows on several lines.
    std::string whole() {
        std::string all = part(Before::nothing);
        while (peek().kind != Kind::end) all += part(Before::chain);
        return all;
    }

  private:
    enum class Before { nothing, sign, words, chain };

    std::string part(Before before) {
        const std::size_t start = position_;
        const std::string content = expression(before, true);
        if (position_ == start) throw NotUnderstood(peek().text);
        const std::size_t from = tokens_[start].start, to = peek().start - peek().spaces;
        return math_element(text_.substr(from, to - from), row(content));
    }

    // A new part starts at an equals sign, an arrow or a word, and where the formula has two spaces.
    [[nodiscard]] bool starts_part() const {
        const Token& token = peek();
        return token.kind == Kind::words || token.spaces > 1 || token.text == "=" || token.text == "→" ||
               token.text == "≈";
    }

    // chain sign chain sign ... : the content of a pair of parentheses, or one part of the formula.
    std::string expression(Before before = Before::nothing, bool is_part = false) {
        std::string all;
        while (true) {
            const Kind kind = peek().kind;
            const std::size_t spaces = peek().spaces;
            if (is_part && !all.empty() && starts_part()) return all;
            if (kind == Kind::sign) {
                // A minus with nothing before it is the sign of a number.
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

    // Words such as "if" and "with probability", with spaces around them.
    std::string words() {
        const std::string before(peek().spaces > 1 ? wide_gap : gap);
        std::string text = take().text;
        while (peek().kind == Kind::words) text += " " + take().text;
        return fmt::format("{}<mtext>{}</mtext>", before, escape_html(text));
    }

    // Factors beside each other and between · ⊙ × /. Operators of the same precedence are read from left to
    // right, so the numerator is the whole chain before the slash. The denominator must be a single factor;
    // otherwise the slash stays, because "a / b c" can be read in two ways.
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

    // An atom with its superscript and its subscript.
    Piece factor() {
        if (peek().kind == Kind::sum) return sum();
        const Token& first = peek();
        Piece atom_piece = atom();
        std::string above, below;
        // In d_k, a single letter has a subscript. Longer names keep their underscore.
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
        // f(x) is a function and its argument, f (x) is not.
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

    // Σₖ and its summand.
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
                return {in_fences(token.text, inside, closing), token.text == "(" ? inside : ""};
            }
            case Kind::bar: {
                const std::string inside = expression();
                if (take().kind != Kind::bar) throw NotUnderstood("an open bar");
                return {row("<mo fence=\"true\">|</mo>" + inside + "<mo fence=\"true\">|</mo>"), ""};
            }
            case Kind::root:
                // The root covers one factor: d_k with its subscript, or (a + b) as a whole.
                return {fmt::format("<msqrt>{}</msqrt>", factor().inside()), ""};
            default:
                throw NotUnderstood(token.text);
        }
    }

    // The letters of a superscript or subscript one by one: "ij" is i and j.
    static std::string small(const std::string& letters) {
        std::string all;
        for (const char c : letters) {
            const std::string letter = escape_html(std::string(1, c));
            const bool is_digit = c >= '0' && c <= '9', is_sign = c == '+' || c == '-';
            if (is_digit) all += fmt::format("<mn>{}</mn>", letter);
            if (is_sign) all += op(letter);
            if (!is_digit && !is_sign) all += letter == "T" ? std::string(transposed) : identifier(letter);
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

    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t position_ = 0;
    int open_bars_ = 0;
};

std::string one_formula(std::string_view text) {
    std::string parts;
    try {
        parts = FormulaParser(text).whole();
    } catch (const NotUnderstood&) {
        parts = math_element(text, fmt::format("<mtext>{}</mtext>", escape_html(text)));
    }
    return "<div class=\"formula\">" + parts + "</div>\n";
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

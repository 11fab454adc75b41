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

// Kᵀ: an upright T, for it is no number T.
constexpr std::string_view transposed = "<mi mathvariant=\"normal\">T</mi>";

// A part of a formula. Its parentheses go where a fraction bar or a root takes their place.
struct Piece {
    std::string mathml;
    std::string without_parentheses;  // empty if it has none

    [[nodiscard]] const std::string& inside() const {
        return without_parentheses.empty() ? mathml : without_parentheses;
    }
};

class FormulaParser {
  public:
    explicit FormulaParser(std::string_view text) : tokens_(tokens_of(text)) {}

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

    std::vector<Token> tokens_;
    std::size_t position_ = 0;
    int open_bars_ = 0;
};

std::string one_formula(std::string_view text) {
    std::string content;
    try {
        content = row(FormulaParser(text).whole());
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

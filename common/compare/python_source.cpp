#include "common/compare/python_source.hpp"

#include <algorithm>
#include <array>

namespace {

constexpr std::size_t longest_call = 100'000;

bool is_quote(char c) {
    return c == '"' || c == '\'';
}

// Behind the string that starts with a quote at `at`. One that does not end stops at the end of its line.
std::size_t end_of_string(std::string_view source, std::size_t at) {
    const char quote = source[at];
    const std::string three(3, quote);
    const bool long_string = source.substr(at).starts_with(three);
    for (std::size_t i = at + (long_string ? 3 : 1); i < source.size(); ++i) {
        if (source[i] == '\\') {
            ++i;
        } else if (long_string ? source.substr(i).starts_with(three) : source[i] == quote) {
            return i + (long_string ? 3 : 1);
        } else if (!long_string && source[i] == '\n') {
            return i;
        }
    }
    return source.size();
}

std::size_t end_of_line(std::string_view source, std::size_t at) {
    return std::min(source.find('\n', at), source.size());
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t start = std::min(text.find_first_not_of(blanks), text.size());
    const std::size_t end = text.find_last_not_of(blanks);
    return end == std::string_view::npos ? "" : text.substr(start, end + 1 - start);
}

// The parts between commas that stand in no bracket and no string.
std::vector<std::string_view> split_arguments(std::string_view arguments) {
    std::vector<std::string_view> parts;
    int open = 0;
    std::size_t start = 0;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const char c = arguments[i];
        if (is_quote(c)) {
            i = end_of_string(arguments, i) - 1;
        } else if (c == '#') {
            i = end_of_line(arguments, i);
        } else if (c == '(' || c == '[' || c == '{') {
            ++open;
        } else if (c == ')' || c == ']' || c == '}') {
            --open;
        } else if (c == ',' && open == 0) {
            parts.push_back(trimmed(arguments.substr(start, i - start)));
            start = i + 1;
        }
    }
    if (start < arguments.size()) parts.push_back(trimmed(arguments.substr(start)));
    return parts;
}

// sep="", end="\n"
bool is_keyword_argument(std::string_view argument) {
    constexpr std::array<std::string_view, 4> keywords = {"sep", "end", "file", "flush"};
    return std::any_of(keywords.begin(), keywords.end(), [&](std::string_view keyword) {
        return argument.starts_with(keyword) && trimmed(argument.substr(keyword.size())).starts_with('=');
    });
}

// "\n" as a line break; other escapes stay as they are.
std::string unescaped(std::string_view literal) {
    std::string text;
    for (std::size_t i = 0; i < literal.size(); ++i) {
        const bool escape = literal[i] == '\\' && i + 1 < literal.size();
        if (escape && (literal[i + 1] == 'n' || literal[i + 1] == 't')) {
            text += literal[i + 1] == 'n' ? '\n' : '\t';
            ++i;
        } else {
            text += literal[i];
        }
    }
    return text;
}

// Collects what one call prints.
class PrintCall {
  public:
    PrintCall(std::size_t at, std::vector<PrintedExpression>& printed) : at_(at), printed_(printed) {}

    // Strings that are joined by + are read one after the other.
    void argument(std::string_view text) {
        while (!text.empty() && !is_keyword_argument(text)) text = first_part(text);
    }

  private:
    // Collects what the first part of an argument prints, and returns the other parts.
    std::string_view first_part(std::string_view text) {
        const std::size_t prefix = std::min(text.find_first_not_of("rRbBfFuU"), text.size());
        if (prefix == text.size() || prefix > 2 || !is_quote(text[prefix])) return whole(text);

        const std::size_t end = end_of_string(text, prefix);
        const std::size_t quotes = text.substr(prefix).starts_with(std::string(3, text[prefix])) ? 3 : 1;
        const std::string_view rest = trimmed(text.substr(end));
        if (!rest.empty() && rest[0] != '+') return whole(text);  // "...".format(x), "%s" % x
        if (end < prefix + 2 * quotes) return {};
        const std::string_view literal = text.substr(prefix + quotes, end - prefix - 2 * quotes);
        if (text.substr(0, prefix).find_first_of("fF") == std::string_view::npos) {
            words_ += unescaped(literal) + " ";
        } else {
            formatted(unescaped(literal));
        }
        return rest.empty() ? rest : trimmed(rest.substr(1));
    }

    std::string_view whole(std::string_view text) {
        expression(text);
        return {};
    }

    // "shape: {x.shape}" and "{x=}"; {{ and }} are braces.
    void formatted(std::string_view literal) {
        const std::size_t last_close = literal.rfind('}');
        for (std::size_t i = 0; i < literal.size(); ++i) {
            const bool opens = literal[i] == '{' && !literal.substr(i).starts_with("{{");
            if (!opens || last_close == std::string_view::npos || i > last_close) {
                words_ += literal[i];
                continue;
            }
            const std::size_t close = literal.find('}', i);
            std::string_view inside = literal.substr(i + 1, close - i - 1);
            i = close;
            if (inside.ends_with('=')) {
                words_ += inside;
                inside.remove_suffix(1);
            }
            expression(trimmed(inside));
        }
    }

    void expression(std::string_view text) {
        printed_.push_back({single_spaced(words_), std::string(text), at_});
        words_.clear();
    }

    std::size_t at_;
    std::vector<PrintedExpression>& printed_;
    std::string words_;
};

}  // namespace

std::string single_spaced(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!blank) result += c;
        if (blank && !result.empty() && result.back() != ' ') result += ' ';
    }
    if (result.ends_with(' ')) result.pop_back();
    return result;
}

std::optional<std::size_t> closing_parenthesis(std::string_view source, std::size_t open) {
    int depth = 0;
    source = source.substr(0, open + longest_call);
    for (std::size_t i = open; i < source.size(); ++i) {
        const char c = source[i];
        if (is_quote(c)) {
            i = end_of_string(source, i) - 1;
        } else if (c == '#') {
            i = end_of_line(source, i);
        } else if (c == '(') {
            ++depth;
        } else if (c == ')' && --depth == 0) {
            return i;
        }
    }
    return std::nullopt;
}

std::vector<PrintedExpression> printed_expressions(std::string_view source) {
    constexpr std::array<std::string_view, 3> calls = {"print(", "display(", "pprint("};
    std::vector<PrintedExpression> printed;
    int patience = 1000;  // for parentheses that do not close
    for (std::size_t i = 0; i < source.size() && patience > 0 && printed.size() < most_printed_expressions;
         ++i) {
        if (is_quote(source[i])) {
            i = end_of_string(source, i) - 1;
            continue;
        }
        if (source[i] == '#') {
            i = end_of_line(source, i);
            continue;
        }
        const bool starts_a_name = is_name_character(source[i]) &&
                                   (i == 0 || (!is_name_character(source[i - 1]) && source[i - 1] != '.'));
        if (!starts_a_name) continue;
        for (const std::string_view call : calls) {
            if (!source.substr(i).starts_with(call)) continue;
            const std::size_t open = i + call.size() - 1;
            const std::optional<std::size_t> close = closing_parenthesis(source, open);
            if (!close) {
                --patience;
                break;
            }
            PrintCall print(i, printed);
            for (const std::string_view part : split_arguments(source.substr(open + 1, *close - open - 1))) {
                print.argument(part);
            }
            i = *close;
            break;
        }
    }
    return printed;
}

std::string last_expression(std::string_view source) {
    const std::string_view all = trimmed(source);
    const std::string_view line = all.substr(all.rfind('\n') + 1);  // npos + 1 is 0
    std::string_view code = trimmed(line.substr(0, line.find('#')));
    if (code.ends_with(';')) code.remove_suffix(1);

    // An assignment shows nothing; == and the = of an argument are none.
    int open = 0;
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (code[i] == '(' || code[i] == '[') ++open;
        if (code[i] == ')' || code[i] == ']') --open;
        const bool is_comparison =
            (i + 1 < code.size() && code[i + 1] == '=') ||
            (i > 0 && std::string_view("=<>!").find(code[i - 1]) != std::string_view::npos);
        if (code[i] == '=' && open == 0 && !is_comparison) return "";
    }
    return std::string(code);
}

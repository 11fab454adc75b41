// Escapes names, words and sentences, so that they stay text inside a page.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

// For HTML: between tags and in attributes.
inline std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char character : text) {
        switch (character) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += character;
        }
    }
    return escaped;
}

// A JSON string with its quotes, for a <script>: the result contains no "</script>" and no "<!--".
inline std::string json_string(std::string_view text) {
    std::string escaped = "\"";
    for (const char character : text) {
        const auto code = static_cast<unsigned char>(character);
        const bool special =
            code < 0x20 || std::string_view("\"\\<>&").find(character) != std::string_view::npos;
        escaped += special ? fmt::format("\\u{:04x}", code) : std::string(1, character);
    }
    return escaped + "\"";
}

#include "common/render/page/page_frame.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "common/render/page/escape.hpp"
#include "page_arcs_js.hpp"
#include "page_colors_js.hpp"
#include "page_css.hpp"
#include "page_js.hpp"
#include "page_numbers_js.hpp"
#include "page_reader_js.hpp"
#include "page_tables_js.hpp"

namespace {

// In this order: each script uses only those before it.
struct Script {
    std::string_view text, sha256;
};
constexpr std::array<Script, 6> scripts = {{{page_colors_js, page_colors_js_sha256},
                                            {page_numbers_js, page_numbers_js_sha256},
                                            {page_tables_js, page_tables_js_sha256},
                                            {page_reader_js, page_reader_js_sha256},
                                            {page_arcs_js, page_arcs_js_sha256},
                                            {page_js, page_js_sha256}}};

// The browser fetches nothing and runs only our scripts and styles, by their SHA-256: a script that came in
// with a name or a word has another hash. JSON in a <script> is data and needs no hash.
std::string policy() {
    std::string hashes;
    for (const Script& script : scripts) hashes += fmt::format(" 'sha256-{}'", script.sha256);
    return fmt::format(
        "default-src 'none'; style-src 'sha256-{}'; script-src{}; base-uri 'none'; form-action 'none'",
        page_css_sha256, hashes);
}

}  // namespace

std::string page_frame(const std::string& title, const std::string& body) {
    std::string page = fmt::format(
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>{}</title>\n<style>",
        policy(), escape_html(title));
    page += page_css;
    page += "</style>\n</head>\n<body>\n" + body;
    for (const Script& script : scripts) {
        page += "<script>";
        page += script.text;
        page += "</script>\n";
    }
    return page + "</body>\n</html>\n";
}

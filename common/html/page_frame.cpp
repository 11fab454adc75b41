#include "common/html/page_frame.hpp"

#include <fmt/format.h>

#include "common/html/escape.hpp"
#include "page_arcs_js.hpp"
#include "page_colors_js.hpp"
#include "page_css.hpp"
#include "page_js.hpp"
#include "page_tensors_js.hpp"

namespace {

// Nothing is fetched, and of scripts and styles only ours run: a script that came in with a name or a word
// has another hash. JSON in a <script> is data and needs none.
std::string policy() {
    return fmt::format(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}' 'sha256-{}' 'sha256-{}' 'sha256-{}'; "
        "base-uri 'none'; form-action 'none'",
        page_css_sha256, page_colors_js_sha256, page_tensors_js_sha256, page_arcs_js_sha256, page_js_sha256);
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
    for (const std::string_view script : {page_colors_js, page_tensors_js, page_arcs_js, page_js}) {
        page += "<script>";
        page += script;
        page += "</script>\n";
    }
    return page + "</body>\n</html>\n";
}

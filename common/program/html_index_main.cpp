// html_index OUT [PAGE TITLE LAST_LINE]...: a page that links to the chapters' pages, with what each says of
// itself. ./walk html calls it.
#include <fmt/format.h>

#include <exception>
#include <string>

#include "common/files/atomic_file.hpp"
#include "common/render/page/escape.hpp"
#include "common/render/page/page_frame.hpp"
#include "common/write_out.hpp"

int main(int argc, char** argv) {
    if (argc < 2 || (argc - 2) % 3 != 0) {
        write_error("html_index", "usage: html_index OUT [PAGE TITLE LAST_LINE]...");
        return 2;
    }
    std::string body =
        "<header class=\"masthead\"><h1>A walkthrough of attention</h1></header>\n"
        "<div class=\"columns\"><main><ol class=\"chapters\">\n";
    for (int i = 2; i < argc; i += 3) {
        body += fmt::format(
            "<li><a href=\"{}\"><span class=\"number\">{}</span><strong>{}</strong><small>{}</small></a></li>\n",
            escape_html(argv[i]), (i - 2) / 3 + 1, escape_html(argv[i + 1]), escape_html(argv[i + 2]));
    }
    body += "</ol></main></div>\n";
    try {
        write_file(argv[1], page_frame("A walkthrough of attention", body));
    } catch (const std::exception& error) {
        write_error("html_index", error.what());
        return 2;
    }
    return 0;
}

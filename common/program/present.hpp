// Shows a document: in the terminal, step by step, or as a page in a file. The options for its style.
#pragma once
#include <string>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/print.hpp"

namespace CLI {
class App;
}

// --precision, --full and --color.
void declare_style(CLI::App& app, torch::PrintOptions& print, ColorChoice& color);

// Writes the document to standard output. With `step`, shows one step at a time; without a terminal,
// `program` says on standard error why all steps come at once.
void show_in_terminal(const Document& document, const std::string& program, bool step, ColorChoice color,
                      const torch::PrintOptions& print, const std::string& closing);

// Writes the document as a page into the file `path`, and says so. On standard output the page stands alone.
void write_page(const Document& document, const std::string& path, const torch::PrintOptions& print,
                const std::string& closing);

// The renderer behind --html: the whole walk as one page that needs nothing else, neither files nor a
// network. Its looks are page.css, what it does is in the .js files beside it; all are carried inside the
// page, and its Content-Security-Policy lets nothing run but them.
#pragma once
#include <string>

#include "common/document/step.hpp"
#include "common/torch/print.hpp"

// `closing` is the last line: the score, or why there is none. Where the page would be over 2 MB, larger
// tensors are abbreviated to their edges, even if `options` asks for all of them.
std::string render_html(const Document& document, const torch::PrintOptions& options,
                        const std::string& closing);

constexpr std::size_t largest_page = 2'000'000;  // bytes

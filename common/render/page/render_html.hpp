// The renderer of --html: the whole walk as one page that needs no other file and no network. The page
// contains page.css and the .js files of this folder, and its Content-Security-Policy allows no other styles
// and scripts.
#pragma once
#include <string>

#include "common/document/step.hpp"
#include "common/torch/print.hpp"

// `closing` is the last line: the score, or the reason why there is none. If the page would have over 2 MB,
// it shows only the edges of large tensors, even if `options` asks for every element.
std::string render_html(const Document& document, const torch::PrintOptions& options,
                        const std::string& closing);

constexpr std::size_t largest_page = 2'000'000;  // bytes

#include "common/render/render_tensors.hpp"

#include "common/document/judge.hpp"

std::string render_tensors(const Document& document, const torch::PrintOptions& options) {
    std::string text;
    for_each_shown(document, [&](const Shown& shown) {
        if (shown.cell) text += printed_text(shown, options) + "\n";
    });
    return text;
}

#include "common/program/own_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "common/memory.hpp"
#include "common/render/progress.hpp"
#include "common/torch/random.hpp"

namespace {

void check_memory(const OwnFiles& own, const LayerKind& kind, std::size_t batch, std::size_t tokens) {
    const std::size_t at_once = std::clamp<std::size_t>(own.prefill.value_or(tokens), 1, tokens);
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    require_memory(fmt::format("this {} with {} tokens", kind.name, batch * tokens),
                   kind.bytes(number(batch), number(tokens), number(at_once)));
}

// The text must be one that the config allows and that is run as the config asks.
void check_length(const LayerKind& kind, std::size_t batch, std::size_t tokens) {
    if (batch > kind.max_batch_size.value_or(batch)) {
        throw std::invalid_argument(fmt::format(
            "the KV cache holds {} sequences, not {}: raise max_batch_size", *kind.max_batch_size, batch));
    }
    if (tokens > kind.max_seq_len) {
        throw std::invalid_argument(
            fmt::format("the KV cache holds {} tokens, not {}: raise max_seq_len", kind.max_seq_len, tokens));
    }
    for (const TextLimit& limit : kind.limits) {
        if (tokens <= limit.tokens) continue;
        throw std::invalid_argument(fmt::format("the text has {} tokens, and its config is run up to {}: {}",
                                                tokens, limit.tokens, limit.reason));
    }
}

// The tokens of --input, or random ones.
Tensor3 read_text(const OwnFiles& own, const LayerKind& kind, torch::Generator& generator) {
    constexpr std::size_t few = 4;
    if (!own.input) check_memory(own, kind, 1, few);
    const Tensor3 x = own.input ? read_tokens(*own.input, kind.dim)
                                : torch::view<3>(torch::randn(generator, few, kind.dim), {1, few, kind.dim});
    check_text(own, kind, x.shape(0), x.shape(1));
    return x;
}

}  // namespace

void check_text(const OwnFiles& own, const LayerKind& kind, std::size_t batch, std::size_t tokens) {
    check_length(kind, batch, tokens);
    check_memory(own, kind, batch, tokens);
    if (!own.tokens.empty() && own.tokens.size() != tokens) {
        throw std::invalid_argument(
            fmt::format("--tokens has {} words, the input {} tokens", own.tokens.size(), tokens));
    }
}

void load_own_layer(Walkthrough& walk, const LayerKind& kind, OwnLayer& layer) {
    const OwnFiles& own = walk.own();
    torch::Generator generator(own.weights && own.input ? 0
                                                        : walk.seed(123));  // for what the reader leaves out
    layer.x = read_text(own, kind, generator);
    load_weights(own, kind, generator, layer);
}

void load_weights(const OwnFiles& own, const LayerKind& kind, torch::Generator& generator, OwnLayer& layer) {
    if (own.weights) {
        const Progress progress("reading the weights");
        WeightFile file(*own.weights, own.prefix);
        layer.naming = kind.read(file);
        layer.unused = file.unused();
        if (!own.ignore_unused) refuse_unused(layer.unused, file.path());
    } else {
        const Progress progress("drawing random weights");
        kind.draw(generator);
        layer.naming = "random, from the seed";
    }
}

void show_words(Step& step, const OwnFiles& own, const Tensor4& attn_weights, const std::string& head) {
    if (own.tokens.empty()) return;
    const Matrix head_0 = torch::select(torch::select(attn_weights, 0), 0);
    step.heatmap(fmt::format("Who looks at whom, first sequence, {}.", head), head_0, own.tokens);
}

void show_what_was_read(Walkthrough& walk, const OwnLayer& layer, const std::vector<NamedSize>& sizes,
                        const std::vector<std::string>& notes) {
    std::vector<std::vector<std::string>> rows;
    for (const NamedSize& size : sizes) rows.push_back({size.name, fmt::format("{}", size.size)});
    Step& step = walk.step("What was read", fmt::format("Weights: {}.", layer.naming));
    step.table({"field", "value"}, rows);
    for (const std::string& note : notes) step.note(note);
    if (!layer.ignored.empty()) {
        step.note(fmt::format("Not understood, ignored: {}.", some_of(layer.ignored, 20)));
    }
    if (!layer.unused.empty()) step.note(fmt::format("Not used: {}.", some_of(layer.unused)));
    step.show("x", layer.x, {"B", "T", "dim"});
}

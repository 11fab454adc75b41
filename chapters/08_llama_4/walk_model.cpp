// Sections 8.6 and 8.7: the next word, decoding across the border of a chunk, and images.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/08_llama_4/decoding.hpp"
#include "chapters/08_llama_4/walk.hpp"

namespace ch8 {
namespace {

// The text and the words that were decoded: (1, T + count).
Tokens joined(const Tokens& tokens, const std::vector<Decoded>& words, std::size_t count) {
    Tokens text = Tokens::from_shape({1, tokens.shape(1) + count});
    std::copy(tokens.begin(), tokens.end(), text.begin());
    for (std::size_t n = 0; n < count; ++n) text(0, tokens.shape(1) + n) = words[n].token(0, 0);
    return text;
}

void the_logits(Walkthrough& walk, const Setting& setting) {
    walk.section("8.6", "The next word");

    const Tokens next = next_tokens(setting.trace.logits);
    walk.step(
            "Logits",
            "After the last layer the tokens are normed once more, and output gives each of them a logit for "
            "every word of the vocabulary. Row t says what may follow word t. Greedy decoding takes the "
            "largest logit of the last row.")
        .read("model.cpp")
        .show("norm", setting.trace.norm, {"B", "T", "dim"}, pytorch())
        .show("logits", setting.trace.logits, {"B", "T", "vocab_size"}, pytorch())
        .show("next_token", next, {"B", "1"}, pytorch())
        .note(fmt::format("The next word is \"{}\". The parameters are random, so it makes no sense.",
                          word(next(0, 0))));
}

void word_by_word(Walkthrough& walk, const Setting& setting, const std::vector<Decoded>& words) {
    Rows rows;
    const std::size_t tokens = setting.tokens.shape(1);
    const std::size_t bytes_per_token = setting.caches.size() * setting.caches[0].bytes_per_token();
    for (std::size_t n = 0; n < words.size(); ++n) {
        const Decoded& step = words[n];
        const Tensor3 all = logits_without_cache(joined(setting.tokens, words, n + 1), setting.weights,
                                                 setting.config, setting.table);
        const Tensor3 last = torch::narrow(all, 1, tokens + n, 1);
        const std::size_t chunk = *setting.config.attention_chunk_size;
        rows.push_back({fmt::format("{}", step.position), word(step.token(0, 0)),
                        word(next_tokens(step.trace.logits)(0, 0)), fmt::format("{}", step.position + 1),
                        fmt::format("{}", (step.position + 1) * bytes_per_token),
                        fmt::format("{}", step.position % chunk + 1),
                        fmt::format("{:.1e}", largest_difference(step.trace.logits, last))});
    }
    walk.step(
            "Word by word",
            "The word joins the text at position 6, and the model runs on this word alone: the caches of all "
            "four layers have the keys and values of the others. Each step adds one key and one value to "
            "each cache; the bytes are those of all four. The last column compares the logits with those of the "
            "whole text at once, with empty caches: the largest difference.")
        .read("decoding.cpp")
        .show("step.logits", words[0].trace.logits, {"B", "T", "vocab_size"}, pytorch())
        .table({"position", "word", "next", "cached", "bytes", "layer 0 sees", "difference"}, rows);
}

// The reference's rule: for one token there is no mask, so the chunk is ignored.
ModelTrace run_without_chunk(const Setting& setting, const Decoded& step) {
    Config config = setting.config;
    config.attention_chunk_size.reset();
    Caches caches = setting.caches;
    return run_model(embed(step.token, setting.weights.tok_embeddings), setting.weights, config,
                     setting.table, caches, step.position);
}

void decode_in_a_chunk(Walkthrough& walk, const Setting& setting, const Decoded& step) {
    const ModelTrace without = run_without_chunk(setting, step);
    const auto weights_of = [](const ModelTrace& trace) -> const Tensor4& {
        return trace.layers[0].attention.attended.attn_weights;
    };
    walk.step(
            "One token, and its chunk",
            "A causal mask does nothing for a single new token: no key is later. So Meta's reference builds "
            "no mask for it. But then a decoded token also loses the chunk: it sees keys that it would not "
            "see in a prefill. The model was trained with chunks, so the first numbers are the ones that "
            "are meant: position 6 is in the chunk of 4 to 7. Below them is what the reference computes.")
        .read("chunked_mask.cpp")
        .show("step.attn_weights", weights_of(step.trace), {"B", "H", "T", "S"}, pytorch())
        .show("no_chunk.attn_weights", weights_of(without), {"B", "H", "T", "S"}, pytorch())
        .show("no_chunk.logits", without.logits, {"B", "T", "vocab_size"}, pytorch());
}

void pieces_agree(Walkthrough& walk, const Setting& setting, const std::vector<Decoded>& words) {
    // All ten words, split in several ways, so that pieces end inside a chunk and at its border.
    const Tokens text = joined(setting.tokens, words, words.size());
    const Tensor3 h = embed(text, setting.weights.tok_embeddings);
    const auto in_pieces = [&](const std::vector<std::size_t>& sizes) {
        Caches caches = make_caches(setting.config);
        const auto run = [&](const Tensor3& piece, std::size_t start_pos) {
            return run_model(piece, setting.weights, setting.config, setting.table, caches, start_pos).norm;
        };
        return setting.weights.output(ch5::in_pieces(h, sizes, run));
    };
    const Tensor3 at_once = in_pieces({10});
    Rows rows;
    const std::vector<std::vector<std::size_t>> ways = {
        {4, 4, 2}, {3, 4, 3}, {6, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
    for (const std::vector<std::size_t>& sizes : ways) {
        rows.push_back({fmt::format("{}", fmt::join(sizes, " + ")),
                        fmt::format("{:.1e}", largest_difference(in_pieces(sizes), at_once))});
    }
    walk.step(
            "Prefill and decoding agree",
            "All ten words, in pieces that end inside a chunk, at its border, and beyond it. With the chunk "
            "in the mask of every call, all ways give the same logits.")
        .table({"pieces", "largest difference to 10 at once"}, rows);
}

void images(Walkthrough& walk, const Setting& setting) {
    walk.section("8.7", "Images");

    const Images& given = setting.images;
    walk.step(
            "Images take the place of words",
            "A vision tower turns an image into vectors; it is not part of this chapter, so the vectors are "
            "random here. vision_projection gives them the width of an embedding. The mask says which "
            "tokens they replace. From there on the model does not distinguish images from words.")
        .read("images.cpp")
        .formula("h = embeddings ⊙ (1 - mask) + vision_projection(image) ⊙ mask")
        .show("image_mask", given.mask, {"B", "T"}, pytorch())
        .show("vision_projection(image_embedding)", given.vision_projection(given.embedding),
              {"B", "T", "dim"}, pytorch())
        .show("merged", merge_images(setting.embeddings, given), {"B", "T", "dim"}, pytorch());
}

}  // namespace

void walk_model(Walkthrough& walk, const Setting& setting) {
    Caches caches = setting.caches;
    const std::vector<Decoded> words =
        decode(setting.trace.logits, 4, setting.weights, setting.config, setting.table, caches);
    the_logits(walk, setting);
    word_by_word(walk, setting, words);
    decode_in_a_chunk(walk, setting, words[0]);
    pieces_agree(walk, setting, words);
    images(walk, setting);
}

}  // namespace ch8

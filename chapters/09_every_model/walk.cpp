// Chapter 9: one attention for every model since Llama. A model is a recipe of choices.
#include "chapters/09_every_model/walk.hpp"

#include "chapters/09_every_model/walk_options.hpp"

namespace {

const Chapter chapter{
    .number = 9,
    .folder = "09_every_model",
    .title = "One attention, every model",
    .letters =
        "B sequences in a batch, T new tokens, S visible keys, H query heads, H_kv key and value heads, dim width of "
        "an embedding, head_dim width of a head",
    .takes = Takes::layer};

}  // namespace

int main(int argc, char** argv) {
    ch9::Choices choices;
    const auto tell = [&](Walkthrough& walk) {
        if (walk.own().any()) return ch9::walk_own_model(walk, choices.wanted);
        ch9::walk_models(walk);
    };
    return walk_through({.chapter = chapter, .tell = tell, .options = ch9::options(choices)}, argc, argv);
}

// Chapter 8: a whole model, Llama 4, from words to the next word. The notebook ends before this chapter.
// PyTorch prints the same tensors for torch.manual_seed(144884) and the modules in the order in which
// data/notebooks/src/08_llama_4.py constructs them.
#include "chapters/08_llama_4/walk.hpp"

#include "chapters/08_llama_4/mistakes.hpp"
#include "chapters/08_llama_4/walk_on_device.hpp"

namespace {

const Chapter chapter{
    .number = 8,
    .folder = "08_llama_4",
    .title = "Llama 4, a layer and the whole model",
    .letters =
        "B sequences in a batch, T new tokens, S tokens so far, N tokens of all sequences, H query heads, H_kv key and "
        "value heads, E experts, F hidden width, dim width of an embedding, head_dim width of a head",
    .takes = Takes::model};

ChapterOptions options(DeviceChoice& choice, EngineChoice& engine) {
    ChapterOptions options = joined(device_options(8, choice), engine_options(8, engine));
    for (const char* device : {"--device cuda", "--device emulated"}) {
        options.rules.push_back(
            {device, OptionRule::Kind::excludes, {"--config"}, "kernels run layer 0 of the small model"});
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    DeviceChoice choice;
    EngineChoice engine;
    const auto tell = [&](Walkthrough& walk) {
        if (walk.own().any()) return ch8::walk_own_model(walk, chosen_engine(8, engine, flash_engine()));
        const ch8::Setting setting = ch8::run_small_model(walk.seed(ch8::walk_seed));
        if (!choice.is_cpu()) return ch8::walk_on_device(walk, choice, setting);
        ch8::walk_words_and_local_attention(walk, setting);
        ch8::walk_feed_forward(walk, setting);
        ch8::walk_global_attention(walk, setting);
        ch8::walk_model(walk, setting);
    };
    return walk_through(
        {.chapter = chapter, .tell = tell, .mistakes = ch8::mistakes, .options = options(choice, engine)},
        argc, argv);
}

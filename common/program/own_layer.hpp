// Reads the reader's own layer, for every chapter that accepts one: the input x, the weights from a file or
// at random, the checks of sizes and memory, and the step that shows what was read. LayerKind has what
// differs between chapters. B = sequences in a batch, T = tokens
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/files/text_limit.hpp"
#include "common/files/weight_file.hpp"
#include "common/program/walkthrough.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

// A chapter's description of its kind of layer.
struct LayerKind {
    const char* name = "layer";                 // or "model": what does not fit into memory
    std::size_t dim;                            // width of an embedding
    std::optional<std::size_t> max_batch_size;  // the config's limits; none: any
    std::size_t max_seq_len;
    std::vector<TextLimit> limits;

    // The peak memory in bytes of a run on x (B, T, dim) whose first piece has `at_once` tokens.
    std::function<double(double batch, double tokens, double at_once)> bytes;
    // Reads the weights from a file, and returns a text that lists their names in the file.
    std::function<std::string(WeightFile& file)> read;
    // Draws random weights as PyTorch initialises them.
    std::function<void(torch::Generator& generator)> draw;
};

// The part that is the same for all kinds of layer. A chapter's layer adds its config and weights.
struct OwnLayer {
    Tensor3 x;                         // (B, T, dim)
    std::string naming;                // the names of the weights in the file, or that they are random
    std::vector<std::string> ignored;  // unknown config fields that are not about attention
    std::vector<std::string>
        unused;  // tensors under the prefix that the layer does not use (--ignore-unused)
};

// Reads the files of --weights and --input; --prefix selects the weights. Without --input, x is 4 random
// tokens. Without --weights, the weights are drawn after x from `walk`'s seed. Checks that the memory
// suffices before it allocates. Throws FileError, or std::invalid_argument that names the tensor, its shape
// and the expected shape.
void load_own_layer(Walkthrough& walk, const LayerKind& kind, OwnLayer& layer);

// The two parts of load_own_layer, for a text that is not (B, T, dim). check_text checks the length, the
// memory and the words of --tokens. load_weights reads the weights or draws them.
void check_text(const OwnFiles& own, const LayerKind& kind, std::size_t batch, std::size_t tokens);
void load_weights(const OwnFiles& own, const LayerKind& kind, torch::Generator& generator, OwnLayer& layer);

// Adds a heatmap of the reader's words (--tokens), if there are any: the weights of one head, for the first
// sequence of attn_weights (B, H, T, S). `head` names it in the title.
void show_words(Step& step, const OwnFiles& own, const Tensor4& attn_weights,
                const std::string& head = "head 0");

// Shows the first step of the walk: named dimensions, `notes`, ignored fields, unused tensors, and x.
struct NamedSize {
    const char* name;
    std::size_t size;
};
void show_what_was_read(Walkthrough& walk, const OwnLayer& layer, const std::vector<NamedSize>& sizes,
                        const std::vector<std::string>& notes);

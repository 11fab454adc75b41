// One way to read a layer of the reader's, for every chapter that takes one: a text, weights from a file or
// drawn, the checks of sizes and memory, and the step that says what was read. What differs from layer to
// layer is data. B = sequences in a batch, T = tokens
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

// What a chapter says of its kind of layer.
struct LayerKind {
    const char* name = "layer";                 // or "model": what does not fit into memory
    std::size_t dim;                            // width of an embedding
    std::optional<std::size_t> max_batch_size;  // the config's limits; none: any
    std::size_t max_seq_len;
    std::vector<TextLimit> limits;

    // The bytes that a run on (B, T, dim), the first `at_once` tokens in one piece, holds at once at the
    // most.
    std::function<double(double batch, double tokens, double at_once)> bytes;
    // Takes the weights from a file, and returns the names under which they were found.
    std::function<std::string(WeightFile& file)> read;
    // Draws the weights as PyTorch does.
    std::function<void(torch::Generator& generator)> draw;
};

// What is the same for all kinds: a chapter's own layer has its config and weights beside it.
struct OwnLayer {
    Tensor3 x;                         // (B, T, dim)
    std::string naming;                // under which names the weights were found, or that they are random
    std::vector<std::string> ignored;  // config fields that are not understood and do not speak of attention
    std::vector<std::string>
        unused;  // tensors under the prefix that have no place in the layer (--ignore-unused)
};

// Reads what --weights, --prefix and --input name. Without weights they are drawn from `walk`'s seed, after
// x; without input x is 4 random tokens. Nothing is allocated before it is known to fit into memory. Throws
// FileError, or std::invalid_argument that names the tensor, the shape it has and the shape that was
// expected.
void load_own_layer(Walkthrough& walk, const LayerKind& kind, OwnLayer& layer);

// The two halves of it, for a text that is not (B, T, dim): the checks of its length, of the memory that it
// needs and of the words of --tokens; and the weights, from the file or drawn.
void check_text(const OwnFiles& own, const LayerKind& kind, std::size_t batch, std::size_t tokens);
void load_weights(const OwnFiles& own, const LayerKind& kind, torch::Generator& generator, OwnLayer& layer);

// The first step of its walk: dimensions by their names, `notes`, what was ignored or not used, and x.
struct NamedSize {
    const char* name;
    std::size_t size;
};
void show_what_was_read(Walkthrough& walk, const OwnLayer& layer, const std::vector<NamedSize>& sizes,
                        const std::vector<std::string>& notes);

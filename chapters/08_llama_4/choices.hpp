// The small model once more, with every choice that people get wrong as a variable. A mistake changes one.
// B = sequences in a batch, T = new tokens, S = tokens so far, N = tokens of all sequences, E = experts
#pragma once
#include <cstddef>
#include <functional>

#include "chapters/05_grouped_query_attention/mistakes.hpp"
#include "chapters/08_llama_4/small_model.hpp"
#include "common/files/tensor_file.hpp"

namespace ch8 {

enum class QkNorm { after_rope, before_rope, over_all_heads, on_every_layer, none };

struct Choices {
    std::function<Weights(torch::Generator&, const Config&)> draw = random_weights;
    ch5::Steps steps;  // of attention: chapter 5's choices
    std::function<Tensor4(const Tensor4&, const ch6::ComplexMatrix&, std::size_t start_pos)> rotation =
        ch6::rotate;
    std::function<bool(std::size_t layer)> has_rope;
    QkNorm qk_norm = QkNorm::after_rope;

    // The factor of a query; whether RoPE layers have it, and NoPE layers.
    std::function<float(std::size_t position)> factor;
    bool temperature_on_rope = false, temperature_on_nope = true, temperature_from_call = false;

    // Whether the query at position i and the key at position j are in one chunk.
    std::function<bool(std::size_t i, std::size_t j)> in_one_chunk;
    bool chunks_in_prefill = true, chunks_in_decode = true, chunks_everywhere = false;

    // The feed-forward networks: the gate of w1 x, and the scores (N, E) of the router's logits.
    std::function<Matrix(const Matrix&)> gated = silu;
    bool swaps_gate_and_up = false;
    std::function<Matrix(const Matrix&)> scores;
    bool scales_output = false, has_shared_expert = true;

    bool residual_after_norm = false, has_ffn_norm = true, has_last_norm = true, image_mask_inverted = false;

    // As small_config() has them.
    Choices();
};

// The tensors that the walk shows, under their names.
NamedTensors tensors_with(const Choices& choices);

}  // namespace ch8

// Chapter 9: one attention for every model. A recipe is the list of choices that make a model's attention:
// each field is one choice, and attention() runs them all. Nothing here knows the name of a model.
// B = sequences in a batch, T = new tokens, S = visible keys, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/tensor.hpp"

namespace ch9 {

// How the weights of queries, keys and values are stored.
enum class Projections {
    separate,  // three matrices: Llama and most others
    blocks,  // one matrix: the rows of all queries, then of all keys, then of all values (Phi-3, GPT-2, MPT)
    heads    // one matrix: query, key and value of head 0, then of head 1 (GPT-NeoX, BLOOM)
};

// A norm of vectors. RMSNorm divides by the root mean square; LayerNorm first subtracts the mean.
struct Norm {
    enum class Kind { rms, layer };
    Kind kind = Kind::rms;
    bool one_plus_weight = false;  // Gemma and Qwen3-Next store weight - 1
    float eps = 1e-6f;
};

// A norm of queries and keys, before the rotation.
struct QkNorm {
    enum class Over {
        head,        // each head by itself: Qwen3, Gemma 3, Cohere, StableLM
        whole_width  // all heads of a token together, before the split into heads: OLMo 2
    };
    Norm norm;
    Over over = Over::head;
};

// Rotary positions.
struct Rope {
    enum class Pairs {
        halves,     // (i, i + rotary_dim / 2): Llama and most others on Hugging Face
        neighbours  // (2i, 2i + 1): GLM, Cohere
    };
    Pairs pairs = Pairs::halves;
    std::size_t rotary_dim = 0;     // the first so many numbers of a head are rotated, the rest stay
    Vector freqs;                   // (rotary_dim / 2), scaled as the model asks
    float attention_factor = 1.0f;  // times cos and sin: YaRN and LongRoPE
};

// T5: a learned number for each bucket of distances and each head. Near distances have a bucket each, far
// ones share buckets.
struct DistanceBias {
    std::size_t buckets = 32, max_distance = 128;
};

// Which keys a query may see.
struct Mask {
    bool causal = true;                 // false: both ways (BERT, T5's encoder)
    std::optional<std::size_t> window;  // the newest so many keys, the query's own included
    std::optional<std::size_t> chunk;   // the keys of the query's own chunk (Llama 4)
};

struct Recipe {
    // Sizes.
    std::size_t dim = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0;

    // Projections.
    Projections projections = Projections::separate;
    bool conv1d = false;  // weights are (in, out): GPT-2
    bool qkv_bias = false, o_bias = false;
    bool output_gate = false;       // q_proj also gives a gate for each head: Qwen3-Next
    std::optional<float> clip_qkv;  // queries, keys and values stay within +-clip (MPT)
    std::optional<QkNorm> qk_norm;

    // Positions. A layer may have none of the three.
    std::optional<Rope> rope;
    bool alibi = false;  // BLOOM, MPT
    std::optional<DistanceBias> distance_bias;

    // Scores.
    float scale = 1.0f;             // usually 1/sqrt(head_dim)
    std::optional<float> soft_cap;  // Gemma 2
    Mask mask;
    bool sinks = false;  // gpt-oss
};

// One line of the printed recipe: what was chosen, and the config's field or the default that chose it.
struct Choice {
    std::string name, value, source;
};

}  // namespace ch9

// The shared data of the parts of chapter 7's walk: the small layer and its results.
#pragma once
#include <string>
#include <vector>

#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "chapters/07_multi_head_latent_attention/published_sizes.hpp"
#include "common/cuda/device_options.hpp"
#include "common/program/engine_options.hpp"
#include "common/program/walkthrough.hpp"
#include "common/ranks/ranks.hpp"

namespace ch7 {

using Rows = std::vector<std::vector<std::string>>;

// Small enough for the screen, and all sizes differ.
inline constexpr Config small_config{.dim = 8,
                                     .n_heads = 2,
                                     .q_lora_rank = 6,
                                     .kv_lora_rank = 5,
                                     .qk_nope_head_dim = 3,
                                     .qk_rope_head_dim = 2,
                                     .v_head_dim = 4,
                                     .max_batch_size = 1,
                                     .max_seq_len = 5};

// Three tokens, the layer, a fourth token for later, and direct queries to compare with the low-rank ones.
struct Setting {
    Tensor3 x;
    Weights weights;
    Tensor3 x_next;
    ch2::Linear wq;
    Positions positions;
};

// Both forms on the three tokens, with their caches.
struct TwoForms {
    NaiveCache naive_cache{small_config};
    LatentCache latent_cache{small_config};
    NaiveTrace naive;
    AbsorbedTrace absorbed;
};

// The walk, section by section.
void walk_cache_and_projections(Walkthrough& walk, const Setting& setting, const TwoForms& forms);
void walk_two_forms(Walkthrough& walk, const Setting& setting, TwoForms& forms);
void walk_in_practice(Walkthrough& walk, const Setting& setting, const TwoForms& forms, const Ranks& ranks);

// --size journey: the same call at the size of a real layer, operation by operation.
void walk_journey(Walkthrough& walk);

// --device: the same layer by GPU kernels: x (B, T, dim) at once, then x_next (B, 1, dim).
void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Tensor3& x, const Tensor3& x_next,
                    const Weights& weights, const Config& config, const Positions& positions);

// --config: both forms on your own layer.
void walk_own_layer(Walkthrough& walk, const DeviceChoice& choice, const FlashEngine& engine,
                    const Ranks& ranks);

}  // namespace ch7

#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/08_llama_4/attention.hpp"
#include "chapters/08_llama_4/parameters.hpp"
#include "chapters/08_llama_4/published_sizes.hpp"
#include "chapters/08_llama_4/qk_norm.hpp"
#include "chapters/08_llama_4/small_model.hpp"
#include "chapters/08_llama_4/temperature.hpp"

using namespace exercise;

namespace {

// The number of keys that are not masked for one query.
double keys_seen_at(std::size_t position) {
    const ch3::MaskMatrix mask = ch8::mask_of(ch8::small_config(), 0, 1, position);
    double seen = 0;
    for (const bool hidden : mask) seen += hidden ? 0 : 1;
    return seen;
}

bool has_rope(std::size_t layer) {
    return !ch8::contains(ch8::small_config().nope_layers, layer);
}

ch8::Parameters one_layer() {
    ch8::Config config;
    config.heads = {
        .dim = 10, .n_heads = 1, .n_kv_heads = 1, .head_dim = 2, .max_batch_size = 1, .max_seq_len = 1};
    config.n_layers = 1;
    config.moe_layers = {0};
    config.num_experts = 5;
    config.top_k = 2;
    config.expert_dim = 6;
    return ch8::count_parameters(config);
}

}  // namespace

TEST("which layers") {
    const std::string rule = "the layers without RoPE are 3, 7, 11, ...",
                      look = "(layer + 1) % nope_layer_interval";
    check_prediction("layer 0 of the small model has RoPE (yes or no)", has_rope(0),
                     {{"no", rule, look, "nope-counted-from-0"}});
    check_prediction("layer 3 of the small model has RoPE (yes or no)", has_rope(3),
                     {{"yes", rule, look, "nope-counted-from-0"}});
    const ch8::Config maverick = ch8::llama_4_maverick();
    check_prediction("layer 0 of Maverick has experts (yes or no)", ch8::contains(maverick.moe_layers, 0),
                     {{"yes", "the layers with experts are 1, 3, 5, ...",
                       "(layer + 1) % interleave_moe_layer_step", "moe-counted-from-0"}});
    check_prediction("number of layers of Maverick with experts",
                     static_cast<double>(maverick.moe_layers.size()),
                     {{"48", "every second layer has experts, the others are dense", "./walk 8, step 18",
                       "moe-in-every-layer"}});
}

TEST("which keys") {
    check_prediction(
        "number of keys that the query at position 6 sees", keys_seen_at(6),
        {{"4", "this is the size of a chunk, but position 7 is later", "the positions 4, 5 and 6",
          "chunk-with-future"},
         {"7", "a layer with RoPE sees its own chunk only", "the positions 4, 5 and 6", "chunk-missing"},
         {"2", "positions are counted from 0, and so are chunks: 4 to 7 is one", "6 / 4 * 4 is the first key",
          "chunk-off-by-one"}});
    check_prediction(
        "number of keys that the query at position 8 sees", keys_seen_at(8),
        {{"4", "this is a sliding window; a chunk begins anew at position 8", "./walk 8, step 8",
          "chunk-as-window"},
         {"9", "a layer with RoPE sees its own chunk only", "8 / 4 * 4 is the first key", "chunk-missing"},
         {"5", "position 8 begins a chunk, so the chunk before it is not seen",
          "the positions 8 to 11 are one chunk", "chunk-off-by-one"}});
    const ch3::MaskMatrix mask = ch8::mask_of(ch8::small_config(), 0, 3, 6);
    check_prediction(
        "shape of their mask", Shape{mask.shape(0), mask.shape(1)},
        {{"3, 3", "this is a mask for the new tokens alone", "their keys are all 9 tokens",
          "mask-without-cache"},
         {"3, 4", "the mask has a column for each token so far; a chunk masks some of them", "all 9 tokens",
          "mask-of-a-chunk"},
         {"9, 9", "only the new tokens have queries", "a row for each new token", "mask-of-all-queries"}});
}

TEST("norm and temperature") {
    const Tensor4 normed = ch8::qk_norm(random_tensor<4>(811, {1, 1, 1, 9}), 1e-9f);
    const float squares = xt::sum(normed * normed)();
    check_prediction(
        "length of the head after QK norm, which is the root of its sum of squares",
        std::sqrt(static_cast<double>(squares)),
        {{"1", "this would be the L2 norm; QK norm makes the mean of the squares 1, not their sum",
          "./walk 8, step 6", "qk-norm-l2"},
         {"9", "this is the sum of squares, before the root", "the root of 9", "qk-norm-sum"}});
    check_prediction(
        "temperature factor of the query at position 100",
        static_cast<double>(ch8::temperature(100, 1, 8192.0f, 0.1f)(0)),
        {{"0", "ln(0 + 1) * 0.1 is 0, and then 1 is added", "./walk 8, step 20", "temperature-without-one"}});
}

TEST("parameters") {
    check_prediction(
        "parameters of the 5 experts", one_layer().experts,
        {{"600", "this counts two matrices for each expert; SwiGLU has w1, w2 and w3",
          "3 * dim * hidden width", "two-matrices"},
         {"1080", "this counts the shared expert too", "the 5 experts alone", "with-shared-expert"},
         {"180", "this is one expert", "5 of them", "one-expert"}});
    check_prediction("parameters of these that one token uses", one_layer().used,
                     {{"540", "this counts the shared expert too, which is none of the 5", "top_k experts",
                       "with-shared-expert"},
                      {"900", "the router chooses 2 of the 5 experts", "top_k experts", "all-experts"},
                      {"180", "this is one expert, and top_k is 2", "top_k experts", "one-expert"}});
}

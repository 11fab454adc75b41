// Bug 17: the softmax scale reads mscale, and mscale_all_dim belongs there.
// T = tokens, S = keys
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/07_multi_head_latent_attention/yarn.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_17 {

// The part of a model's config that YaRN reads.
struct Model {
    float factor, mscale, mscale_all_dim;
};

// Chapter 7's scale for heads of width 6, made sharper by `mscale`.
float softmax_scale(const Model& model, float mscale) {
    ch7::Config config = {};
    config.qk_nope_head_dim = 4;
    config.qk_rope_head_dim = 2;
    ch7::Yarn yarn;
    yarn.scaling.factor = model.factor;
    yarn.mscale = mscale;
    return ch7::softmax_scale(config, yarn);
}

// scores (T, S) -> (T, S)
Matrix shipped(const Matrix& scores, const Model& model) {
    const float scale = softmax_scale(model, model.mscale);
    const Matrix scaled = scores * scale;
    return ch1::softmax(scaled);
}

Matrix repaired(const Matrix& scores, const Model& model) {
    const float scale = softmax_scale(model, model.mscale_all_dim);
    const Matrix scaled = scores * scale;
    return ch1::softmax(scaled);
}

bug::Fixture fixture(const std::string& title, const std::string& why, const Matrix& scores) {
    const Model model = {.factor = 40.0f, .mscale = 1.0f, .mscale_all_dim = 0.5f};
    return {title, why, {{"scores", scores, {"T", "S"}}}, shipped(scores, model), repaired(scores, model)};
}

bug::Bug tell() {
    return {
        .title = "MLA's scale takes mscale for mscale_all_dim",
        .threads = {"NVIDIA/Megatron-LM#1429", "onnxruntime/mobius#548"},
        .story =
            "With YaRN, latent attention multiplies its scores by (0.1 m ln(factor) + 1)^2. The m is "
            "mscale_all_dim of the config. The code took mscale for it, or left this factor out. Here it takes "
            "mscale.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly =
            fixture("one key", "Softmax over one key gives 1, for any scale.", Matrix{{1.0f}, {-2.0f}}),
        .unfriendly =
            fixture("3 keys",
                    "mscale is 1 and mscale_all_dim is 0.5, so the shipped scores are too large and "
                    "softmax is too sharp.",
                    Matrix{{1.0f, -2.0f, 3.0f}, {-1.0f, 2.0f, 0.5f}})};
}

}  // namespace bug_17

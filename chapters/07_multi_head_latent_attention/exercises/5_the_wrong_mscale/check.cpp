#include "common/exercise/check.hpp"

#include <cmath>
#include <tuple>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/07_multi_head_latent_attention/exercises/5_the_wrong_mscale/yarn.hpp"
#include "chapters/07_multi_head_latent_attention/yarn.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/07_multi_head_latent_attention/exercises/5_the_wrong_mscale/latent_weights.cpp"
}

using namespace exercise;

Matrix latent_weights(const Matrix& scores, std::size_t qk_head_dim, const Yarn& yarn);
Fixture fixture();

namespace {

constexpr std::size_t nope = 7, rope = 4;  // so a key has 11 numbers

// The chapter's softmax scale. Its own setting `mscale` is the one for all dimensions.
float right_scale(const Yarn& yarn) {
    const ch7::Config config{.dim = 1,
                             .n_heads = 1,
                             .q_lora_rank = 0,
                             .kv_lora_rank = 5,
                             .qk_nope_head_dim = nope,
                             .qk_rope_head_dim = rope,
                             .v_head_dim = 1,
                             .max_batch_size = 1,
                             .max_seq_len = 1};
    return ch7::softmax_scale(config,
                              ch7::Yarn{.scaling = {.factor = yarn.factor}, .mscale = yarn.mscale_all_dim});
}

Matrix weights_with(const Matrix& scores, float scale) {
    const Matrix scaled = scores * scale;
    return ch1::softmax(scaled);
}

void give(const Matrix& scores, const Yarn& yarn) {
    given("scores", scores);
    given("factor", static_cast<double>(yarn.factor));
    given("mscale", static_cast<double>(yarn.mscale));
    given("mscale_all_dim", static_cast<double>(yarn.mscale_all_dim));
}

void check_weights(const Matrix& scores, const Yarn& yarn) {
    const float plain = 1.0f / std::sqrt(static_cast<float>(nope + rope)), right = right_scale(yarn);
    const auto by = [&](float scale) { return [&, scale] { return weights_with(scores, scale); }; };
    check_tensor(
        "attn_weights", answer([&] { return latent_weights(scores, nope + rope, yarn); }),
        weights_with(scores, right), {"T", "S"},
        {{"bug-unchanged", "these are the numbers of the code as it was given: the bug is still there",
          "which of the two settings belongs to the scores",
          [&] { return shipped::latent_weights(scores, nope + rope, yarn); }},
         {"mla-scale-mscale-missing", "the softmax scale has no mscale at all", "times the squared mscale",
          by(plain)},
         {"mla-scale-mscale-once", "the softmax scale has the mscale once",
          "one for the query, one for the key", by(std::sqrt(plain * right))},
         {"scale-missing", "the scores are not scaled by 1 / sqrt(qk_head_dim)",
          "mscale * mscale / sqrt(qk_head_dim)", by(right / plain)},
         {"mla-scale-both-settings", "the softmax scale uses the product of both settings' factors",
          "mscale_all_dim for the query and for the key",
          by(std::sqrt(right * shipped::softmax_scale(nope + rope, yarn)))}});
}

void check_with(const Matrix& scores, const Yarn& yarn) {
    give(scores, yarn);
    check_weights(scores, yarn);
}

}  // namespace

TEST("the friendly test: the settings of DeepSeek-V3") {
    check_with(random_tensor<2>(761, {3, 5}), {.factor = 40.0f, .mscale = 1.0f, .mscale_all_dim = 1.0f});
}

TEST("the check's fixture: two different settings") {
    check_with(random_tensor<2>(762, {2, 7}), {.factor = 8.0f, .mscale = 1.5f, .mscale_all_dim = 0.75f});
}

TEST("mscale_all_dim is 0") {
    check_with(random_tensor<2>(763, {1, 3}), {.factor = 40.0f, .mscale = 1.0f, .mscale_all_dim = 0.0f});
}

TEST("your fixture fails with the bug and passes with your repair") {
    const auto [scores, factor, mscale, mscale_all_dim] = answer([] {
        const Fixture made = fixture();
        return std::tuple(made.scores, made.yarn.factor, made.yarn.mscale, made.yarn.mscale_all_dim);
    });
    const Yarn yarn{factor, mscale, mscale_all_dim};
    give(scores, yarn);
    check_that(scores.size() > 0 && std::isfinite(xt::sum(scores)()),
               "the fixture has scores, and all are finite");
    check_that(std::isfinite(factor) && std::isfinite(mscale) && std::isfinite(mscale_all_dim),
               "the settings are finite numbers");
    check_fixture(shipped::latent_weights(scores, nope + rope, yarn), weights_with(scores, right_scale(yarn)),
                  "on this fixture both settings give the same scale, or no row has two different scores");
    check_weights(scores, yarn);
}

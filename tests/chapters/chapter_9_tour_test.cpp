// Chapter 9's walk: its variants, what they are compared with, and the caches of published models.
#include "chapters/09_every_model/fused.hpp"
#include "chapters/09_every_model/models.hpp"
#include "chapters/09_every_model/projections.hpp"
#include "chapters/09_every_model/published_caches.hpp"
#include "chapters/09_every_model/reach.hpp"
#include "chapters/09_every_model/stages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

constexpr float rounding = 1e-6f;

ch9::Setting some_setting() {
    torch::Generator generator(77);
    return ch9::draw_setting(generator);
}

ch9::Mask window(std::size_t keys) {
    return {.causal = true, .window = keys, .chunk = {}};
}

ch9::Mask chunk(std::size_t keys) {
    return {.causal = true, .window = {}, .chunk = keys};
}

}  // namespace

TEST_CASE("chapter 9, fused: every row of q, k and v is in its place") {
    ch9::Recipe recipe;
    recipe.n_heads = recipe.n_kv_heads = 3;
    recipe.head_dim = 2;
    const auto numbered = [](float first) {
        ch2::Linear layer{Matrix::from_shape({6, 1}), Vector::from_shape({6})};
        for (std::size_t row = 0; row < 6; ++row) {
            layer.weight(row, 0) = first + static_cast<float>(row);
            (*layer.bias)(row) = -layer.weight(row, 0);
        }
        return layer;
    };
    ch9::Weights weights;
    weights.q = numbered(0);
    weights.k = numbered(10);
    weights.v = numbered(20);
    weights.o = numbered(30);
    const auto column = [](const ch2::Linear& layer) {
        const Vector numbers = xt::view(layer.weight, xt::all(), 0);
        return std::vector<float>(numbers.begin(), numbers.end());
    };

    const ch2::Linear blocks = ch9::fuse_by_blocks(weights).qkv,
                      heads = ch9::fuse_by_heads(weights, recipe).qkv;
    CHECK(column(blocks) ==
          std::vector<float>{0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25});
    CHECK(column(heads) ==
          std::vector<float>{0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23, 4, 5, 14, 15, 24, 25});
    CHECK((*heads.bias)(2) == -10.0f);
    CHECK(column(ch9::with_gate(weights, numbered(40), recipe).q) ==
          std::vector<float>{0, 1, 40, 41, 2, 3, 42, 43, 4, 5, 44, 45});
    CHECK(ch9::to_conv1d(ch9::fuse_by_blocks(weights)).qkv.weight(0, 7) == 11.0f);
}

TEST_CASE("chapter 9, biases: on keys alone without positions nothing changes, elsewhere it does") {
    const ch9::Setting setting = some_setting();
    const ch9::Variants all = ch9::variants_of(setting);
    const auto weights_change = [&](ch9::Variant variant, ch2::Linear ch9::Weights::*layer) {
        const Tensor4 before = ch9::run(variant, setting.x).attn_weights;
        *(variant.weights.*layer).bias += 0.75f;
        return largest_difference(ch9::run(variant, setting.x).attn_weights, before);
    };
    CHECK(weights_change(all.plain, &ch9::Weights::k) < rounding);
    CHECK(weights_change(all.plain, &ch9::Weights::q) > 1e-3f);
    CHECK(weights_change(all.plain, &ch9::Weights::v) == 0.0f);
    CHECK(weights_change(all.partial, &ch9::Weights::k) > 1e-3f);
}

TEST_CASE("chapter 9, stages: without a mistake they are attention()") {
    const ch9::Setting setting = some_setting();
    const ch9::Variants all = ch9::variants_of(setting);
    for (const ch9::Variant* variant :
         {&all.plain, &all.by_blocks, &all.by_heads, &all.conv1d, &all.normed, &all.whole, &all.plus_one,
          &all.soft, &all.sinks, &all.window, &all.both_ways, &all.partial, &all.stretched, &all.alibi,
          &all.distance, &all.gated}) {
        ch9::Cache cache(variant->recipe, 1, 6);
        const ch9::Trace wanted = ch9::run(*variant, setting.x),
                         got = ch9::attention_with({}, setting.x, *variant, cache, 0);
        CHECK(exact(got.output) == exact(wanted.output));
        CHECK(exact(got.attn_weights) == exact(wanted.attn_weights));
    }
}

TEST_CASE("chapter 9, reach: a window adds w - 1 tokens in each layer, a chunk none") {
    CHECK(ch9::earliest_reached({window(4)}, 50) == 47);
    CHECK(ch9::earliest_reached(std::vector<ch9::Mask>(5, window(4)), 50) == 35);
    CHECK(ch9::earliest_reached(std::vector<ch9::Mask>(50, window(4)), 50) == 0);
    CHECK(ch9::earliest_reached(std::vector<ch9::Mask>(5, chunk(4)), 50) == 48);
    CHECK(ch9::earliest_reached({window(4), ch9::Mask{}, window(4)}, 50) == 0);

    // What the masks say, a token must feel: change the earliest token that is reached, and the one before
    // it.
    const ch9::Setting setting = some_setting();
    const ch9::Variant variant = ch9::variants_of(setting).window;
    const auto last_of_two_layers = [&](std::size_t spoilt) {
        Tensor3 x = setting.x;
        x(0, spoilt, 0) += 1.0f;
        const Tensor3 output = ch9::run(variant, ch9::run(variant, x).output).output;
        return Tensor3(torch::narrow(output, 1, 5, 1));
    };
    const std::size_t first = ch9::earliest_reached({window(3), window(3)}, 5);
    REQUIRE(first == 1);
    const Tensor3 output = ch9::run(variant, ch9::run(variant, setting.x).output).output,
                  last = torch::narrow(output, 1, 5, 1);
    CHECK(largest_difference(last_of_two_layers(first), last) > 0.0f);
    CHECK(exact(last_of_two_layers(first - 1)) == exact(last));
}

TEST_CASE("chapter 9, published caches: the formula gives the bytes of real buffers") {
    for (const ch9::PublishedCache& cache : ch9::published_caches()) {
        CAPTURE(cache.model);
        // Within the windows, and beyond the two shorter ones.
        for (const std::size_t tokens : {1UL, 130UL}) {
            CHECK(ch9::bytes_of(cache, tokens) == ch9::counted_bytes(cache, tokens));
        }
    }
    // 32 layers, 2 x 8 heads of 128 numbers of 4 bytes: a window of 4096 has no more.
    const ch9::PublishedCache& mistral = ch9::published_caches()[2];
    CHECK(ch9::bytes_of(mistral, 32768) == std::size_t{32} * 2 * 8 * 128 * 4 * 4096);
}

TEST_CASE("chapter 9: the lesson has a line for each row of the table of models") {
    const std::string lesson = contents_of(SOURCE_DIR "/chapters/09_every_model/README.md");
    const std::string table = lesson.substr(lesson.find("## The models"));
    for (const ch9::Model& model : ch9::models()) {
        CAPTURE(model.type);
        CHECK(table.find("`" + model.type + "`") != std::string::npos);
    }
}

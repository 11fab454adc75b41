// Chapters 5 to 9 with chapter 10's engine: the same output as the lesson's attention, for every reference
// model of data/ and for texts longer than a tile, all at once, in parts and token by token. B = sequences in
// a batch, T = tokens
#include <filesystem>
#include <limits>
#include <set>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/07_multi_head_latent_attention/with_engine.hpp"
#include "chapters/08_llama_4/model_files.hpp"
#include "chapters/09_every_model/layer_files.hpp"
#include "chapters/09_every_model/with_engine.hpp"
#include "chapters/10_flash_attention/engine.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/files/tensor_file.hpp"
#include "common/parallel.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/closeness.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;

// Of a tensor's largest value. The engine adds in another order, so a score of about 10 has another rounding
// error of a few 1e-6, which is the relative error of a weight. Its exp errs by 2 units in the last place,
// 2e-7.
constexpr float as_close = 1e-5f;

constexpr float nan_number = std::numeric_limits<float>::quiet_NaN();

// More tokens than a tile has keys (256), and no multiple of anything.
constexpr std::size_t long_text = 301;

// All at once, in two parts or more, and one by one. Of a long text, the last tokens one by one.
std::vector<std::size_t> prefills(std::size_t tokens) {
    if (tokens == long_text) return {tokens, tokens - 1, tokens - 11};
    return {tokens, tokens / 2, 0};
}

// Bit for bit.
bool is_same(const AnyTensor& a, const AnyTensor& b) {
    return a.shape == b.shape && a.values == b.values;
}

Tensor3 run(const Tensor3& x, std::size_t prefill, const ch5::Attention& attention) {
    return ch5::in_pieces(x, ch5::prefill_then_tokens(x.shape(1), prefill), attention);
}

}  // namespace

TEST_CASE("with engine: chapters 5 and 6, in a cache that is larger than the text and full of NaN") {
    const auto [n_heads, n_kv_heads] = GENERATE(table<std::size_t, std::size_t>({{4, 4}, {6, 2}, {9, 1}}));
    const std::size_t tokens = GENERATE(std::size_t{9}, long_text);
    const ch5::Config config{.dim = 11,
                             .n_heads = n_heads,
                             .n_kv_heads = n_kv_heads,
                             .head_dim = 6,
                             .max_batch_size = 3,
                             .max_seq_len = long_text + 4};
    torch::Generator generator(5);
    const ch5::Weights weights = ch5::random_weights(generator, config, true, true);
    const Tensor3 x = 2.0f * random_batch(1, 2, tokens, config.dim);
    const ch6::ComplexMatrix table = ch6::rotation_table(ch6::frequencies(config.head_dim, 500.0f), tokens);
    for (const std::size_t prefill : prefills(tokens)) {
        CAPTURE(n_heads, tokens, prefill);
        ch5::KVCache lessons(config), engines(config), lessons_6(config), engines_6(config);
        for (ch5::KVCache* cache : {&engines, &engines_6}) cache->fill(nan_number);
        const Tensor3 expected = run(x, prefill, [&](const Tensor3& piece, std::size_t start_pos) {
            return ch5::grouped_query_attention(piece, weights, config, lessons, start_pos).output;
        });
        const Tensor3 got = run(x, prefill, [&](const Tensor3& piece, std::size_t start_pos) {
            ch5::Trace trace = ch5::project(piece, weights, config);
            ch5::attend_with_engine(ch10::flash_attention, trace, weights, config, engines, start_pos);
            CHECK(trace.attn_scores.size() + trace.keys.size() == 0);
            return trace.output;
        });
        CHECK(relative_difference(got, expected) < as_close);
        CHECK(is_same(Tensor4(engines.keys(2, tokens)), Tensor4(lessons.keys(2, tokens))));

        const Tensor3 expected_6 = run(x, prefill, [&](const Tensor3& piece, std::size_t start_pos) {
            return ch6::llama_attention(piece, weights, config, table, lessons_6, start_pos).attended.output;
        });
        const Tensor3 got_6 = run(x, prefill, [&](const Tensor3& piece, std::size_t start_pos) {
            ch6::Trace trace = ch6::project_and_rotate(piece, weights, config, table, start_pos);
            ch5::attend_with_engine(ch10::flash_attention, trace.attended, weights, config, engines_6,
                                    start_pos);
            return trace.attended.output;
        });
        CHECK(relative_difference(got_6, expected_6) < as_close);
    }
}

TEST_CASE("with engine: chapter 7, both forms, with and without YaRN") {
    const std::size_t n_heads = GENERATE(std::size_t{3}, 17, 40), q_lora_rank = GENERATE(std::size_t{0}, 5);
    const std::size_t tokens = n_heads == 17 ? long_text : 13;
    const ch7::Config config{.dim = 14,
                             .n_heads = n_heads,
                             .q_lora_rank = q_lora_rank,
                             .kv_lora_rank = 7,
                             .qk_nope_head_dim = 5,
                             .qk_rope_head_dim = 4,
                             .v_head_dim = 6,
                             .max_batch_size = 3,
                             .max_seq_len = long_text + 2};
    torch::Generator generator(7);
    const ch7::Weights weights = ch7::random_weights(generator, config);
    const Tensor3 x = 3.0f * random_batch(2, 2, tokens, config.dim);
    std::optional<ch7::Yarn> yarn;
    if (q_lora_rank > 0) yarn = ch7::Yarn{.scaling = {.factor = 4.0f, .original_max_seq_len = 6.0f}};
    const ch7::Positions positions = ch7::positions(config, 300.0f, yarn, tokens);
    for (const std::size_t prefill : prefills(tokens)) {
        CAPTURE(n_heads, q_lora_rank, prefill);
        ch7::NaiveCache naive(config), naive_engine(config);
        ch7::LatentCache latent(config), latent_engine(config);
        naive_engine.k_cache.fill(nan_number);
        naive_engine.v_cache.fill(nan_number);
        latent_engine.kv_cache.fill(nan_number);
        latent_engine.pe_cache.fill(nan_number);
        const auto compare = [&](const ch5::Attention& lesson, const ch5::Attention& engine) {
            CHECK(relative_difference(run(x, prefill, engine), run(x, prefill, lesson)) < as_close);
        };
        compare(
            [&](const Tensor3& piece, std::size_t start_pos) {
                return ch7::naive_attention(piece, weights, config, positions, naive, start_pos).output;
            },
            [&](const Tensor3& piece, std::size_t start_pos) {
                return ch7::naive_with_engine(ch10::flash_attention, piece, weights, config, positions,
                                              naive_engine, start_pos)
                    .output;
            });
        compare(
            [&](const Tensor3& piece, std::size_t start_pos) {
                return ch7::absorbed_attention(piece, weights, config, positions, latent, start_pos).output;
            },
            [&](const Tensor3& piece, std::size_t start_pos) {
                return ch7::absorbed_with_engine(ch10::flash_attention, piece, weights, config, positions,
                                                 latent_engine, start_pos)
                    .output;
            });
    }
}

TEST_CASE("with engine: chapter 8, every model of data/llama4, every layer") {
    const std::string data = SOURCE_DIR "/data/llama4/";
    std::vector<std::string> models;
    for (const auto& folder : fs::directory_iterator(data)) models.push_back(folder.path().filename());
    CHECK(models.size() >= 12);
    for (const std::string& name : models) {
        Options options;
        options.own.config = data + name + "/config.json";
        options.own.weights = data + name + "/model.safetensors";
        options.own.input = data + name + "/tokens.safetensors";
        if (!fs::exists(*options.own.weights)) *options.own.weights += ".index.json";
        Walkthrough walk({}, options);
        const ch8::Model model = ch8::load_model(walk);
        const std::size_t tokens = model.x.shape(1);
        const ch6::ComplexMatrix table = ch6::rotation_table(model.freqs, tokens);
        for (const std::size_t prefill : prefills(tokens)) {
            CAPTURE(name, prefill);
            ch8::Caches lessons = ch8::make_caches(model.config), engines = ch8::make_caches(model.config);
            run(model.x, prefill, [&](const Tensor3& piece, std::size_t start_pos) {
                const ch8::ModelTrace lesson = ch8::run_model(piece, model.weights, model.config, table,
                                                              lessons, start_pos),
                                      engine = ch8::run_model(piece, model.weights, model.config, table,
                                                              engines, start_pos, ch10::flash_attention);
                for (std::size_t layer = 0; layer < lesson.layers.size(); ++layer) {
                    CAPTURE(layer, start_pos);
                    CHECK(engine.layers[layer].attention.attended.attn_weights.size() == 0);
                    CHECK(relative_difference(engine.layers[layer].attention.attended.combined,
                                              lesson.layers[layer].attention.attended.combined) < as_close);
                }
                CHECK(relative_difference(engine.logits, lesson.logits) < as_close);
                return engine.norm;
            });
        }
    }
}

namespace {

// The same text by the lesson and by the engine, in pieces.
void compare_recipe(const Tensor3& x, const ch9::Weights& weights, const ch9::Recipe& recipe,
                    const ch3::MaskMatrix& is_text) {
    const std::size_t tokens = x.shape(1);
    for (const std::size_t prefill : prefills(tokens)) {
        if (!recipe.mask.causal && prefill < tokens) continue;
        CAPTURE(prefill);
        ch9::Cache lessons(recipe, x.shape(0), tokens), engines(recipe, x.shape(0), tokens);
        const Tensor3 expected = run(x, prefill, [&](const Tensor3& piece, std::size_t start_pos) {
            return ch9::attention(piece, weights, recipe, lessons, start_pos, is_text).output;
        });
        const Tensor3 got = run(x, prefill, [&](const Tensor3& piece, std::size_t start_pos) {
            const ch9::Trace trace = ch9::attention_with_engine(ch10::flash_attention, piece, weights, recipe,
                                                                engines, start_pos, is_text);
            CHECK(trace.attn_weights.size() + trace.keys.size() == 0);
            return trace.output;
        });
        CHECK(relative_difference(got, expected) < as_close);
        CHECK(is_same(engines.buffer().cache_k(), lessons.buffer().cache_k()));
        CHECK(is_same(engines.buffer().cache_v(), lessons.buffer().cache_v()));
    }
}

struct NamedRecipe {
    std::string name;
    ch9::Recipe recipe;
};

// Each choice about scores, alone and together with others.
std::vector<NamedRecipe> recipes() {
    ch9::Recipe plain;
    plain.dim = 12;
    plain.n_heads = 6;
    plain.n_kv_heads = 2;
    plain.head_dim = 4;
    plain.scale = 0.7f;
    std::vector<NamedRecipe> all;
    const auto add = [&](const std::string& name, const std::function<void(ch9::Recipe&)>& change) {
        all.push_back({name, plain});
        change(all.back().recipe);
    };
    add("plain", [](ch9::Recipe&) {});
    for (const std::size_t window : {std::size_t{1}, std::size_t{7}, long_text - 1, long_text + 1})
        add(fmt::format("window {}", window), [=](ch9::Recipe& recipe) { recipe.mask.window = window; });
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{5}, std::size_t{64}})
        add(fmt::format("chunk {}", chunk), [=](ch9::Recipe& recipe) { recipe.mask.chunk = chunk; });
    add("soft cap", [](ch9::Recipe& recipe) { recipe.soft_cap = 1.5f; });
    add("sinks", [](ch9::Recipe& recipe) { recipe.sinks = true; });
    add("alibi", [](ch9::Recipe& recipe) { recipe.alibi = true; });
    add("distance bias", [](ch9::Recipe& recipe) { recipe.distance_bias = ch9::DistanceBias{8, 20}; });
    add("output gate", [](ch9::Recipe& recipe) { recipe.output_gate = true; });
    add("both ways", [](ch9::Recipe& recipe) { recipe.mask.causal = false; });
    add("both ways, distance bias, window", [](ch9::Recipe& recipe) {
        recipe.mask.causal = false;
        recipe.mask.window = 9;
        recipe.distance_bias = ch9::DistanceBias{8, 20};
    });
    add("window, sinks, soft cap, alibi", [](ch9::Recipe& recipe) {
        recipe.mask.window = 11;
        recipe.sinks = true;
        recipe.soft_cap = 2.0f;
        recipe.alibi = true;
    });
    return all;
}

ch9::Weights weights_for(const ch9::Recipe& recipe) {
    const std::size_t q_rows = recipe.n_heads * recipe.head_dim,
                      kv_rows = recipe.n_kv_heads * recipe.head_dim;
    ch9::Weights weights;
    weights.q.weight = 0.5f * random_matrix(1, recipe.output_gate ? 2 * q_rows : q_rows, recipe.dim);
    weights.k.weight = 0.5f * random_matrix(2, kv_rows, recipe.dim);
    weights.v.weight = random_matrix(3, kv_rows, recipe.dim);
    weights.o.weight = random_matrix(4, recipe.dim, q_rows);
    weights.sinks = torch::view<1>(random_matrix(5, 1, recipe.n_heads), {recipe.n_heads});
    weights.distance_bias =
        random_matrix(6, recipe.distance_bias ? recipe.distance_bias->buckets : 1, recipe.n_heads);
    return weights;
}

}  // namespace

TEST_CASE(
    "with engine: chapter 9, each choice about scores, windows shorter and longer than the text, padding") {
    const std::vector<NamedRecipe> all = recipes();
    const bool is_padded = GENERATE(false, true);
    const std::size_t tokens = is_padded ? 23 : long_text;
    const Tensor3 x = random_batch(8, 2, tokens, 12);
    ch3::MaskMatrix is_text;
    if (is_padded) {
        // The first sequence begins with padding, so its first queries see no key. The second ends with some.
        is_text = ch3::MaskMatrix::from_shape({2, tokens});
        for (std::size_t t = 0; t < tokens; ++t) {
            is_text(0, t) = t >= 3;
            is_text(1, t) = t < tokens - 4 && t != 7;
        }
    }
    for (const NamedRecipe& named : all) {
        CAPTURE(named.name, is_padded);
        compare_recipe(x, weights_for(named.recipe), named.recipe, is_text);
    }
}

TEST_CASE("with engine: chapter 9, every layer of every model of data/models") {
    const std::string data = SOURCE_DIR "/data/models/";
    const TemporaryFolder folder;
    int layers_run = 0;
    for (const auto& model : fs::directory_iterator(data)) {
        if (!model.is_directory()) continue;
        for (const auto& text : fs::directory_iterator(model.path())) {
            const std::string name = text.path().filename();
            if (!name.starts_with("expected")) continue;
            const auto expected = open_tensor_file(text.path());
            std::set<std::string> tensors;
            for (const TensorInfo& info : expected->tensors()) tensors.insert(info.name);
            for (std::size_t layer = 0; layer < 100; ++layer) {
                const std::string at = fmt::format("layers.{}.x", layer);
                if (!tensors.contains(at)) continue;
                NamedTensors input = {{"x", expected->read(at)}};
                if (tensors.contains("attention_mask"))
                    input.emplace_back("attention_mask", expected->read("attention_mask"));
                save_tensors(folder.path("x.safetensors"), input);

                Options options;
                options.own.config = model.path() / "config.json";
                options.own.weights = model.path() / "model.safetensors";
                if (!fs::exists(*options.own.weights)) *options.own.weights += ".index.json";
                options.own.input = folder.path("x.safetensors");
                Walkthrough walk({}, options);
                const bool is_decoder = name.find("decoder") != std::string::npos;
                const ch9::Layer read =
                    ch9::load_layer(walk, {.layer = layer, .decoder = is_decoder, .ids = {}});
                CAPTURE(model.path().filename(), name, layer);
                compare_recipe(read.x, read.weights, read.read.recipe, read.is_text);
                ++layers_run;
            }
        }
    }
    CHECK(layers_run >= 40);
}

TEST_CASE("with engine: the memory that the walk reports is that of the engine's tiles") {
    // Few queries: the keys are split. Many: the queries are.
    const std::size_t tokens = GENERATE(2UL, 9UL, long_text);
    const Tensor4 q = xt::zeros<float>({std::size_t{2}, tokens, std::size_t{6}, std::size_t{5}}),
                  k = xt::zeros<float>({2, 700, 2, 5}), v = xt::zeros<float>({2, 700, 2, 7});
    const AttentionCall call{.batch = 2,
                             .n_queries = tokens,
                             .n_keys = 700,
                             .n_heads = 6,
                             .n_kv_heads = 2,
                             .queries = q,
                             .keys = k,
                             .values = v,
                             .start_pos = 700 - tokens};
    const bool is_split = tokens < long_text;
    const std::vector<ch10::TileQueries> tiles = is_split ? ch10::tiles_of_all_heads(call, ch10::tile_rows)
                                                          : ch10::tiles_of_groups(call, ch10::tile_rows);
    ch10::Tile tile;
    tile.begin(call, tiles.front());
    tile.attend(0, ch10::tile_keys);
    // A tile for each thread. Split keys: 2 parts of 700 keys for each tile of queries, and what each has
    // seen.
    const ch10::Seen& seen = tile.seen();
    const std::size_t of_a_part = (seen.max.size() + seen.sum.size() + seen.context.size()) * sizeof(float);
    const std::size_t parts = is_split ? tiles.size() * 2 : 0;
    CHECK(ch10::scratch_bytes(call) == default_threads() * tile.bytes() + parts * of_a_part);
}

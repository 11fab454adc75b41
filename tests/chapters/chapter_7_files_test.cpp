// Chapter 7 on the reader's own layer: both namings, both kinds of queries, 8-bit weights, and what does not
// fit.
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "chapters/05_grouped_query_attention/layer_files.hpp"
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/layer_files.hpp"
#include "chapters/07_multi_head_latent_attention/weight_dequant.hpp"
#include "common/files/float_formats.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/tensors_of.hpp"

namespace {

using Names = std::vector<std::string>;

// No two sizes alike.
constexpr ch7::Config direct{.dim = 12,
                             .n_heads = 3,
                             .q_lora_rank = 0,
                             .kv_lora_rank = 10,
                             .qk_nope_head_dim = 5,
                             .qk_rope_head_dim = 4,
                             .v_head_dim = 6,
                             .max_batch_size = 2,
                             .max_seq_len = 9};

ch7::Config low_rank() {
    ch7::Config config = direct;
    config.q_lora_rank = 8;
    return config;
}

std::string config_text(const ch7::Config& config, const std::string& more = "") {
    return fmt::format(
        R"({{"dim": {}, "n_heads": {}, "q_lora_rank": {}, "kv_lora_rank": {}, "qk_nope_head_dim": {},)"
        R"("qk_rope_head_dim": {}, "v_head_dim": {}, "max_batch_size": {}, "max_seq_len": {}{}}})",
        config.dim, config.n_heads, config.q_lora_rank, config.kv_lora_rank, config.qk_nope_head_dim,
        config.qk_rope_head_dim, config.v_head_dim, config.max_batch_size, config.max_seq_len, more);
}

// Weights whose norms are no ones either.
ch7::Weights drawn_weights(const ch7::Config& config) {
    torch::Generator generator(2);
    ch7::Weights weights = ch7::random_weights(generator, config);
    weights.kv_norm = torch::select(random_matrix(3, 1, config.kv_lora_rank), 0);
    if (config.q_lora_rank > 0) weights.q_norm = torch::select(random_matrix(4, 1, config.q_lora_rank), 0);
    return weights;
}

// The parts of `weights` as they are called in a file, each after `prefix`.
NamedTensors as_deepseek(const ch7::Weights& weights, const std::string& prefix) {
    NamedTensors tensors{{prefix + "wkv_a.weight", weights.wkv_a.weight},
                         {prefix + "kv_norm.weight", weights.kv_norm},
                         {prefix + "wkv_b.weight", weights.wkv_b.weight},
                         {prefix + "wo.weight", weights.wo.weight}};
    if (weights.wq.weight.size() > 0) {
        tensors.emplace_back(prefix + "wq.weight", weights.wq.weight);
    } else {
        tensors.emplace_back(prefix + "wq_a.weight", weights.wq_a.weight);
        tensors.emplace_back(prefix + "q_norm.weight", weights.q_norm);
        tensors.emplace_back(prefix + "wq_b.weight", weights.wq_b.weight);
    }
    return tensors;
}
NamedTensors as_hugging_face(const ch7::Weights& weights, const std::string& prefix) {
    NamedTensors tensors{{prefix + "kv_a_proj_with_mqa.weight", weights.wkv_a.weight},
                         {prefix + "kv_a_layernorm.weight", weights.kv_norm},
                         {prefix + "kv_b_proj.weight", weights.wkv_b.weight},
                         {prefix + "o_proj.weight", weights.wo.weight}};
    if (weights.wq.weight.size() > 0) {
        tensors.emplace_back(prefix + "q_proj.weight", weights.wq.weight);
    } else {
        tensors.emplace_back(prefix + "q_a_proj.weight", weights.wq_a.weight);
        tensors.emplace_back(prefix + "q_a_layernorm.weight", weights.q_norm);
        tensors.emplace_back(prefix + "q_b_proj.weight", weights.wq_b.weight);
    }
    return tensors;
}

// A .safetensors file in which the matrices named in `small` are E4M3 bytes.
std::string with_e4m3(const NamedTensors& tensors, const Names& small) {
    nlohmann::ordered_json header;
    std::string data;
    for (const auto& [name, tensor] : tensors) {
        const bool is_small = std::find(small.begin(), small.end(), name) != small.end();
        const std::size_t begin = data.size();
        for (const float value : std::get<std::vector<float>>(tensor.values)) {
            data += is_small ? bytes_of(float_to_e4m3(value)) : bytes_of(value);
        }
        header[name] = {{"dtype", is_small ? "F8_E4M3" : "F32"},
                        {"shape", tensor.shape},
                        {"data_offsets", {begin, data.size()}}};
    }
    return bytes_of(std::uint64_t{header.dump().size()}) + header.dump() + data;
}

// Every weight to the bit; those that a layer does not have are empty.
std::string exact_weights(const ch7::Weights& weights) {
    std::string text;
    for (const Matrix& matrix : {weights.wq.weight, weights.wq_a.weight, weights.wq_b.weight,
                                 weights.wkv_a.weight, weights.wkv_b.weight, weights.wo.weight}) {
        text += exact(matrix) + "\n";
    }
    return text + exact(weights.q_norm) + "\n" + exact(weights.kv_norm);
}

struct Files {
    TemporaryFolder folder;
    OwnFiles own;

    explicit Files(const std::string& config) { own.config = folder.file("config.json", config); }

    void weights(const NamedTensors& tensors, const std::string& prefix) {
        own.weights = folder.path("model.safetensors");
        own.prefix = prefix;
        save_tensors(*own.weights, tensors);
    }

    [[nodiscard]] ch7::Layer load() const {
        Options options;
        options.own = own;
        Walkthrough walk({7, "07_multi_head_latent_attention", "", "", Takes::layer}, options);
        return ch7::load_layer(walk);
    }

    [[nodiscard]] ch7::Layer load_what_has_a_place() {
        own.ignore_unused = true;
        return load();
    }

    // What load() says is wrong, or "".
    [[nodiscard]] std::string error() const {
        try {
            static_cast<void>(load());
            return "";
        } catch (const std::exception& error) {
            return error.what();
        }
    }
};

}  // namespace

TEST_CASE("chapter 7, own layer: both namings, direct and low-rank queries") {
    const ch7::Config config = GENERATE(false, true) ? low_rank() : direct;
    CAPTURE(config.q_lora_rank);
    const ch7::Weights weights = drawn_weights(config);
    Files files(config_text(config));
    files.weights(as_deepseek(weights, "a."), "a.");
    const ch7::Layer layer = files.load();
    CHECK(exact_weights(layer.weights) == exact_weights(weights));
    CHECK(layer.naming == (config.q_lora_rank == 0 ? "wq, wkv_a, kv_norm, wkv_b, wo"
                                                   : "wq_a, q_norm, wq_b, wkv_a, kv_norm, wkv_b, wo"));
    CHECK(layer.unused.empty());
    CHECK(layer.dequantized.empty());
    CHECK(layer.config.q_lora_rank == config.q_lora_rank);
    // Room for the text, not for what the config allows.
    CHECK(layer.config.max_batch_size == 1);
    CHECK(layer.config.max_seq_len == 4);
    CHECK(layer.max_seq_len == 9);

    NamedTensors published = as_hugging_face(weights, "model.layers.0.self_attn.");
    published.emplace_back("model.layers.0.self_attn.rotary_emb.inv_freq", Vector{1.0f, 0.01f});
    published.emplace_back("model.layers.1.self_attn.o_proj.weight", weights.wo.weight);
    files.weights(published, "model.layers.0.self_attn.");
    const ch7::Layer same = files.load();
    CHECK(exact_weights(same.weights) == exact_weights(weights));
    CHECK(same.naming == (config.q_lora_rank == 0
                              ? "q_proj, kv_a_proj_with_mqa, kv_a_layernorm, kv_b_proj, o_proj"
                              : "q_a_proj, q_a_layernorm, q_b_proj, kv_a_proj_with_mqa, kv_a_layernorm, "
                                "kv_b_proj, o_proj"));
    CHECK(same.unused.empty());
}

TEST_CASE("chapter 7, own layer: what is not given is drawn, x first") {
    Files files(config_text(low_rank()));
    torch::Generator generator(123);
    const Matrix x = torch::randn(generator, 4, 12);
    const ch7::Weights weights = ch7::random_weights(generator, low_rank());
    const ch7::Layer layer = files.load();
    CHECK(exact(layer.x) == exact(torch::view<3>(x, {1, 4, 12})));
    CHECK(exact_weights(layer.weights) == exact_weights(weights));
    CHECK(layer.naming == "random, from the seed");

    // With an input nothing is drawn for x.
    torch::Generator fresh(123);
    const Tensor3 input = random_batch(9, 2, 7, 12);
    files.own.input = files.folder.path("x.safetensors");
    save_tensors(*files.own.input, {{"x", input}});
    const ch7::Layer with_input = files.load();
    CHECK(exact(with_input.x) == exact(input));
    CHECK(exact_weights(with_input.weights) == exact_weights(ch7::random_weights(fresh, low_rank())));
}

TEST_CASE("chapter 7, own layer: positions come from the config") {
    const ch7::Layer plain = Files(config_text(direct, R"(, "rope_theta": 500)")).load();
    CHECK(plain.theta == 500.0f);
    CHECK_FALSE(plain.yarn.has_value());

    const ch7::Layer stretched =
        Files(
            config_text(
                direct,
                R"(, "original_seq_len": 7, "rope_factor": 3, "beta_fast": 16, "beta_slow": 2, "mscale": 0.5)"))
            .load();
    REQUIRE(stretched.yarn.has_value());
    CHECK(stretched.yarn->scaling.factor == 3.0f);
    CHECK(stretched.yarn->scaling.beta_fast == 16.0f);
    CHECK(stretched.yarn->scaling.beta_slow == 2.0f);
    CHECK(stretched.yarn->scaling.original_max_seq_len == 7.0f);
    CHECK(stretched.yarn->mscale == 0.5f);
    CHECK(stretched.yarn->rotation_scale == 1.0f);

    const ch7::Layer turned =
        Files(config_text(direct, R"(, "rope_scaling": {"type": "yarn", "factor": 1e10, "mscale": 2})"))
            .load();
    CHECK(std::abs(turned.yarn.value().rotation_scale - 5.605170f) < 1e-6f);  // 0.2 ln(1e10) + 1
    CHECK(turned.yarn->mscale == 0.0f);
}

TEST_CASE("chapter 7, own layer: a checkpoint of 8 bits gives PyTorch's output") {
    const ReferenceFile reference("chapter_7_fp8.safetensors");
    ch7::Config config = low_rank();
    config.dim = 136;
    config.q_lora_rank = 9;
    Files files(config_text(config));
    files.own.weights = SOURCE_DIR "/data/chapter_7_fp8.safetensors";
    files.own.prefix = "layer.";
    CHECK(has(files.error(), "has no place for layer.output, layer.output_exact, layer.x"));
    files.own.ignore_unused = true;
    files.own.input = files.folder.path("x.safetensors");
    save_tensors(*files.own.input, {{"x", reference.get<3>("layer.x")}});
    ch7::Layer layer = files.load();
    CHECK(layer.dequantized == Names{"layer.wq_a.weight", "layer.wq_b.weight", "layer.wkv_a.weight",
                                     "layer.wkv_b.weight", "layer.wo.weight"});
    CHECK(layer.unused == Names{"layer.output", "layer.output_exact", "layer.x"});

    const Tensor3 x = reference.get<3>("layer.x");
    const ch7::Positions positions = ch7::positions(layer.config, layer.theta, layer.yarn, x.shape(1));
    ch7::LatentCache cache(layer.config);
    const Tensor3 output =
        ch7::absorbed_attention(x, layer.weights, layer.config, positions, cache, 0).output;
    CHECK(largest_difference(output, reference.get<3>("layer.output")) < 2e-6f);
    CHECK(largest_difference(output, reference.get<3>("layer.output_exact")) > 1e-3f);
}

TEST_CASE("chapter 7, own layer: scales under either name, blocks of 128 that are cut") {
    ch7::Config config = direct;
    config.dim = 130;
    const ch7::Weights weights = drawn_weights(config);
    const auto quantized = ch7::weight_quant(weights.wo.weight);
    REQUIRE(quantized.scale_inv.shape(0) == 2);
    REQUIRE(quantized.scale_inv(0, 0) != quantized.scale_inv(1, 0));

    // The file has wo's 8-bit numbers instead of wo, and `scales` beside it.
    const auto load = [&](NamedTensors tensors, const std::string& name, const NamedTensors& scales) {
        for (auto& [other, tensor] : tensors) {
            if (other == name) tensor = quantized.values;
        }
        tensors.insert(tensors.end(), scales.begin(), scales.end());
        Files files(config_text(config));
        files.own.weights = files.folder.file("model.safetensors", with_e4m3(tensors, {name}));
        files.own.prefix = "a.";
        return files.error().empty() ? exact(files.load().weights.wo.weight) : files.error();
    };
    const std::string expected = exact(ch7::weight_dequant(quantized.values, quantized.scale_inv));
    const NamedTensors own = as_deepseek(weights, "a."), published = as_hugging_face(weights, "a.");
    CHECK(load(own, "a.wo.weight", {{"a.wo.scale", quantized.scale_inv}}) == expected);
    CHECK(load(own, "a.wo.weight", {{"a.wo.weight_scale_inv", quantized.scale_inv}}) == expected);
    CHECK(load(published, "a.o_proj.weight", {{"a.o_proj.weight_scale_inv", quantized.scale_inv}}) ==
          expected);

    CHECK(has(load(own, "a.wo.weight", {}),
              "a.wo.weight is F8_E4M3, and there is no wo.weight_scale_inv or wo.scale beside it; add the "
              "scales of its blocks, or convert it to BF16"));
    CHECK(
        has(load(own, "a.wo.weight", {{"a.wo.scale", torch::transpose(quantized.scale_inv)}}),
            "a.wo.scale is (1, 2), expected floats of shape (2, 1) = one scale for each block of 128 x 128"));
}

TEST_CASE("chapter 7, own layer: weights of 16 bits need no scales") {
    const ch7::Weights weights = drawn_weights(direct);
    nlohmann::ordered_json header;
    std::string data;
    for (const auto& [name, tensor] : as_hugging_face(weights, "a.")) {
        const std::size_t begin = data.size();
        for (const float value : std::get<std::vector<float>>(tensor.values)) {
            data += bytes_of(value).substr(2);
        }
        header[name] = {{"dtype", "BF16"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
    }
    Files files(config_text(direct));
    files.own.weights = files.folder.file(
        "model.safetensors", bytes_of(std::uint64_t{header.dump().size()}) + header.dump() + data);
    files.own.prefix = "a.";
    const ch7::Layer layer = files.load();
    CHECK(layer.dequantized.empty());
    CHECK(largest_difference(layer.weights.wq.weight, weights.wq.weight) < 2e-3f);
    CHECK(largest_difference(layer.weights.wo.weight, weights.wo.weight) < 2e-3f);
}

TEST_CASE("chapter 7, own layer: of two that would do one counts, and the other is left over") {
    // Queries of both kinds: the config says which.
    NamedTensors both = as_deepseek(drawn_weights(low_rank()), "");
    both.emplace_back("wq.weight", drawn_weights(direct).wq.weight);
    Files files(config_text(low_rank()));
    files.weights(both, "");
    CHECK(has(files.error(), "has no place for wq.weight; "));
    CHECK(files.load_what_has_a_place().unused == Names{"wq.weight"});
    Files without_rank(config_text(direct));
    without_rank.weights(both, "");
    CHECK(without_rank.load_what_has_a_place().unused ==
          Names{"wq_a.weight", "q_norm.weight", "wq_b.weight"});

    // Both namings: DeepSeek's.
    const NamedTensors own = as_deepseek(drawn_weights(direct), "");
    NamedTensors twice = as_hugging_face(drawn_weights(direct), "");
    twice.insert(twice.end(), own.begin(), own.end());
    without_rank.weights(twice, "");
    const ch7::Layer layer = without_rank.load();
    CHECK(layer.naming == "wq, wkv_a, kv_norm, wkv_b, wo");
    CHECK(layer.unused.size() == 5);

    // Scales under both names: those of the published files.
    NamedTensors scaled = own;
    scaled.emplace_back("wo.scale", Matrix(xt::ones<float>({1, 1}) * 3.0f));
    scaled.emplace_back("wo.weight_scale_inv", Matrix(xt::ones<float>({1, 1}) * 2.0f));
    without_rank.own.weights =
        without_rank.folder.file("scaled.safetensors", with_e4m3(scaled, {"wo.weight"}));
    CHECK(without_rank.load().unused == Names{"wo.scale"});
}

TEST_CASE("chapter 7, own layer: what does not fit is one line that names it") {
    const ch7::Weights weights = drawn_weights(low_rank());
    const NamedTensors tensors = as_deepseek(weights, "");

    // Each tensor in turn with one row too many.
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        NamedTensors wrong = tensors;
        const std::string name = wrong[i].first;
        CAPTURE(name);
        const Shape shape = wrong[i].second.shape;
        wrong[i].second = shape.size() == 1 ? AnyTensor(Vector(xt::zeros<float>({shape[0] + 1})))
                                            : AnyTensor(Matrix(xt::zeros<float>({shape[0] + 1, shape[1]})));
        Files files(config_text(low_rank()));
        files.weights(wrong, "");
        CHECK(has(files.error(), ": " + name + " is " + to_string(wrong[i].second.shape) +
                                     ", expected floats of shape " + to_string(shape) + " = ("));

        wrong.erase(wrong.begin() + static_cast<long>(i));
        files.weights(wrong, "");
        CHECK(has(files.error(), name));
        CHECK_FALSE(has(files.error(), "\n"));
    }

    Files files(config_text(low_rank()));
    files.weights(tensors, "layers.3.");
    CHECK(has(files.error(),
              "has no layers.3.wkv_a.weight, and no kv_a_proj_with_mqa.weight there; --prefix says"));

    // Config and file disagree about the queries.
    files.weights(as_deepseek(drawn_weights(direct), "a."), "a.");
    CHECK(has(
        files.error(),
        "a.wq.weight is there and wq_a.weight is not, but the config says q_lora_rank = 8: the two disagree"));
    Files without_rank(config_text(direct));
    without_rank.weights(as_hugging_face(weights, ""), "");
    CHECK(has(
        without_rank.error(),
        "q_a_proj.weight is there and q_proj.weight is not, but the config says q_lora_rank = 0: the two disagree"));

    ch7::Config odd = direct;
    odd.qk_rope_head_dim = 3;
    CHECK(has(Files(config_text(odd)).error(), "RoPE rotates pairs: qk_rope_head_dim = 3 is not even"));
    Files worded(config_text(direct));
    worded.own.tokens = {"one", "two", "three"};
    CHECK(worded.error() == "--tokens has 3 words, the input 4 tokens");
    worded.own.tokens = {"one", "two", "three", "four"};
    CHECK(worded.error().empty());
    worded.own.tokens.emplace_back("five");
    CHECK(worded.error() == "--tokens has 5 words, the input 4 tokens");
    worded.own.input = worded.folder.path("wide.safetensors");
    save_tensors(*worded.own.input, {{"x", random_batch(1, 1, 3, 13)}});
    CHECK(has(worded.error(),
              "x is (1, 3, 13), expected floats of shape (B, T, dim) or (T, dim) with dim = 12"));
}

TEST_CASE("chapter 7, own layer: --prefill cuts the tokens into pieces") {
    using Sizes = std::vector<std::size_t>;
    const ch7::Layer layer = Files(config_text(direct)).load();
    OwnFiles own;
    CHECK(ch5::pieces_of(layer, own) == Sizes{4});
    own.prefill = 0;
    CHECK(ch5::pieces_of(layer, own) == Sizes{1, 1, 1, 1});
    own.prefill = 3;
    CHECK(ch5::pieces_of(layer, own) == Sizes{3, 1});
    own.prefill = 99;
    CHECK(ch5::pieces_of(layer, own) == Sizes{4});
}

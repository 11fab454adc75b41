// The chapters on the reader's own files: what comes out, and what is said when something does not fit.
#include <algorithm>
#include <fstream>

#include "chapters/03_causal_mask_and_dropout/attention.hpp"
#include "chapters/04_multi_head_attention/attention.hpp"
#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/06_rotary_position_embedding/layouts.hpp"
#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};
constexpr ch5::Config config{
    .dim = 10, .n_heads = 6, .n_kv_heads = 3, .head_dim = 4, .max_batch_size = 2, .max_seq_len = 9};

// A folder with a layer in all three namings, its config in both, and an input.
struct LayerFolder {
    TemporaryFolder folder;
    ch5::Weights weights;
    Tensor3 x = random_batch(1, 2, 7, config.dim);

    explicit LayerFolder(bool has_biases = false) {
        torch::Generator generator(2);
        weights = ch5::random_weights(generator, config, has_biases, has_biases);
        const Matrix &q = weights.wq.weight, &k = weights.wk.weight, &v = weights.wv.weight,
                     &o = weights.wo.weight;
        NamedTensors llama = {{"a.wq.weight", q},
                              {"a.wk.weight", k},
                              {"a.wv.weight", v},
                              {"a.wo.weight", o},
                              {"a.norm.weight", AnyTensor(1.0f)}};
        const Matrix wqkv = xt::concatenate(xt::xtuple(q, k, v), 0);
        NamedTensors fused = {{"wqkv.weight", wqkv}, {"wo.weight", o}};
        NamedTensors hugging_face = {{"q_proj.weight", ch6::to_half_split(q, config.n_heads)},
                                     {"k_proj.weight", ch6::to_half_split(k, config.kv_heads())},
                                     {"v_proj.weight", v},
                                     {"o_proj.weight", o}};
        if (has_biases) {
            const Vector &bq = *weights.wq.bias, &bk = *weights.wk.bias, &bv = *weights.wv.bias,
                         &bo = *weights.wo.bias;
            const Vector bqkv = xt::concatenate(xt::xtuple(bq, bk, bv), 0);
            for (const auto& [name, bias] :
                 NamedTensors{{"a.wq.bias", bq}, {"a.wk.bias", bk}, {"a.wv.bias", bv}, {"a.wo.bias", bo}}) {
                llama.emplace_back(name, bias);
            }
            for (const auto& [name, bias] : NamedTensors{{"wqkv.bias", bqkv}, {"wo.bias", bo}}) {
                fused.emplace_back(name, bias);
            }
            for (const auto& [name, bias] : NamedTensors{{"q_proj.bias", half_split(bq, config.n_heads)},
                                                         {"k_proj.bias", half_split(bk, config.kv_heads())},
                                                         {"v_proj.bias", bv},
                                                         {"o_proj.bias", bo}}) {
                hugging_face.emplace_back(name, bias);
            }
        }
        save_tensors(path("llama.safetensors"), llama);
        save_tensors(path("fused.npz"), fused);
        save_tensors(path("hf.safetensors"), hugging_face);
        save_tensors(path("x.safetensors"), {{"x", x}});
        write("config.json", R"({"dim": 10, "n_heads": 6, "n_kv_heads": 3, "head_dim": 4, "max_batch_size": 2,
                                 "max_seq_len": 9, "rope_theta": 500.0})");
        write("hf.json",
              R"({"hidden_size": 10, "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 4,
                             "max_position_embeddings": 9, "rope_theta": 500.0, "model_type": "llama"})");
    }

    // A bias has a number for each row of its weight, and is permuted as they are.
    static Vector half_split(const Vector& bias, std::size_t n_heads) {
        const Matrix column = torch::view<2>(bias, {bias.size(), 1});
        return torch::view<1>(ch6::to_half_split(column, n_heads), {bias.size()});
    }

    [[nodiscard]] std::string path(const std::string& name) const { return folder.path(name); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

    // Runs a chapter in this folder.
    [[nodiscard]] Finished run(int chapter, const std::string& arguments) const {
        return run_piped("cd '" + folder.path("") + "' && " + program(chapter) + " " + arguments, utf8);
    }

    [[nodiscard]] Tensor3 saved_output() const {
        return float_tensor<3>(open_tensor_file(path("out.safetensors"))->read("output")).value();
    }
};

}  // namespace

TEST_CASE("own layer: three namings, any prefill, with and without biases, one output") {
    const LayerFolder layer(GENERATE(false, true));
    CAPTURE(layer.weights.wq.bias.has_value());
    const std::string weights = GENERATE(
        as<std::string>{}, "--config config.json --weights llama.safetensors --prefix a. --ignore-unused",
        "--config config.json --weights fused.npz", "--config hf.json --weights hf.safetensors");
    const std::string prefill =
        GENERATE(as<std::string>{}, "", " --prefill 0", " --prefill 4", " --prefill 99");
    CAPTURE(weights, prefill);
    const Finished finished =
        layer.run(6, weights + " --input x.safetensors --save out.safetensors" + prefill);
    CHECK(finished.errors.empty());
    REQUIRE(finished.status == 0);

    ch5::KVCache cache(config);
    const ch6::ComplexMatrix table = ch6::rotation_table(ch6::frequencies(config.head_dim, 500.0f), 7);
    const Tensor3 expected =
        ch6::llama_attention(layer.x, layer.weights, config, table, cache, 0).attended.output;
    CHECK(largest_difference(layer.saved_output(), expected) < 2e-6f);

    // The caches are whole, and turned keys are what they hold.
    const auto file = open_tensor_file(layer.path("out.safetensors"));
    const Tensor4 cache_k = float_tensor<4>(file->read("cache_k")).value();
    CHECK(cache_k.shape(1) == 7);
    CHECK(largest_difference(cache_k, torch::narrow(cache.cache_k(), 1, 0, 7)) < 2e-6f);
}

TEST_CASE("own layer: chapter 5 computes it without positions, and says so") {
    const LayerFolder layer(GENERATE(false, true));
    const Finished finished = layer.run(
        5,
        "--config config.json --weights llama.safetensors --prefix a. --ignore-unused --input x.safetensors --prefill 3 --save out.safetensors");
    REQUIRE(finished.status == 0);
    CHECK(has(finished.output, "This chapter has no positions: rope_theta = 500"));
    ch5::KVCache cache(config);
    const Tensor3 expected = ch5::grouped_query_attention(layer.x, layer.weights, config, cache, 0).output;
    CHECK(largest_difference(layer.saved_output(), expected) < 2e-6f);
}

TEST_CASE("own layer: what is unused is named, what was permuted is said") {
    const LayerFolder layer;
    CHECK(has(
        layer.run(6, "--config config.json --weights llama.safetensors --prefix a. --ignore-unused").output,
        "Not used: a.norm.weight."));
    CHECK(has(layer.run(6, "--config hf.json --weights hf.safetensors").output, "were permuted"));
}

TEST_CASE("own layer: what does not fit is one line that names it") {
    const LayerFolder layer;
    save_tensors(layer.path("short.safetensors"), {{"wq.weight", Matrix(xt::zeros<float>({24, 10}))},
                                                   {"wk.weight", Matrix(xt::zeros<float>({8, 10}))}});
    save_tensors(layer.path("long.safetensors"), {{"x", random_batch(3, 1, 10, config.dim)}});
    save_tensors(layer.path("wide.safetensors"), {{"x", random_batch(3, 1, 4, 11)}});
    layer.write("broken.json", "{\"dim\": 10,");
    const auto [arguments, said] = GENERATE(table<std::string, std::string>(
        {{"--input x.safetensors", "--input needs --config"},
         {"--config nothing.json", "nothing.json"},
         {"--config broken.json", "broken.json"},
         {"--config config.json --weights llama.safetensors", "has no wq.weight (24, 10)"},
         {"--config config.json --weights short.safetensors",
          "wk.weight is (8, 10), expected floats of shape (12, 10)"},
         {"--config config.json --weights .", "."},
         {"--config config.json --weights llama.safetensors --prefix a.", "no place for a.norm.weight"},
         {"--config config.json --input wide.safetensors",
          "x is (1, 4, 11), expected floats of shape (B, T, dim)"},
         {"--config config.json --input long.safetensors", "raise max_seq_len"},
         {"--config config.json --input llama.safetensors", "x"},
         {"--config config.json --input x.safetensors --tokens 'a b'",
          "--tokens has 2 words, the input 7 tokens"},
         {"--config config.json --prefill -1", "--prefill"},
         {"--config config.json --save no/such/folder.safetensors", "no/such/folder.safetensors"},
         {"--config config.json --save out.txt", "out.txt"}}));
    CAPTURE(arguments);
    const Finished finished = layer.run(6, arguments);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(has(finished.errors, said));
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
}

TEST_CASE("own sentence: chapters 1 to 4 and 10 take any number of tokens of any width") {
    const TemporaryFolder folder;
    const int chapter = GENERATE(1, 2, 3, 4, 10);
    CAPTURE(chapter);
    std::ofstream(folder.path("x.csv")) << "1,2,3,4,5\n0.5,0,-1,2,0\n3,1,4,1,5\n";
    const std::string command = "cd '" + folder.path("") + "' && " + program(chapter) + " --input x.csv";
    const Finished finished = run_piped(command + " --tokens 'ant bee cat' --save out.npz", utf8);
    CHECK(finished.status == 0);
    CHECK(has(finished.output, "ant"));
    CHECK(has(finished.output, fmt::format("on your own files: {} figures do not apply",
                                           chapter == 10 ? "PyTorch's" : "the notebook's")));
    CHECK_FALSE(has(finished.output, "✓"));
    CHECK(open_tensor_file(folder.path("out.npz"))->read("x").shape == Shape{3, 5});

    const Finished wrong = run_piped(command + " --tokens 'ant bee'", utf8);
    CHECK(wrong.status == 2);
    CHECK(has(wrong.errors, "--tokens has 2 words, the input 3 tokens"));
}

TEST_CASE("own weights: chapters 2 to 4, as Linear and as Parameter") {
    const TemporaryFolder folder;
    const Matrix q = random_matrix(1, 4, 5), k = random_matrix(2, 4, 5), v = random_matrix(3, 4, 5);
    save_tensors(folder.path("linear.safetensors"),
                 {{"W_query.weight", q}, {"W_key.weight", k}, {"W_value.weight", v}});
    save_tensors(
        folder.path("parameter.safetensors"),
        {{"W_query", torch::transpose(q)}, {"W_key", torch::transpose(k)}, {"W_value", torch::transpose(v)}});
    save_tensors(folder.path("x.safetensors"), {{"x", random_matrix(4, 7, 5)}});

    const auto context = [&](int chapter, const std::string& weights, const std::string& name) {
        const Finished finished =
            run_piped("cd '" + folder.path("") + "' && " + program(chapter) +
                          " --input x.safetensors --weights " + weights + " --save out.safetensors",
                      utf8);
        CHECK(finished.errors.empty());
        REQUIRE(finished.status == 0);
        return open_tensor_file(folder.path("out.safetensors"))->read(name);
    };
    const Matrix x = random_matrix(4, 7, 5);
    const ch2::LinearWeights weights{{q, {}}, {k, {}}, {v, {}}};
    const Matrix expected = ch2::self_attention(x, weights).context_vec;
    CHECK(largest_difference(*float_tensor<2>(context(2, "linear.safetensors", "context_vec")), expected) <
          1e-6f);
    CHECK(largest_difference(*float_tensor<2>(context(2, "parameter.safetensors", "context_vec")), expected) <
          1e-6f);

    torch::Generator unused(0);
    const Tensor3 batch = torch::view<3>(x, {1, 7, 5});
    const Tensor3 causal = ch3::causal_attention(batch, weights, {0.0}, unused).context_vec;
    CHECK(largest_difference(*float_tensor<3>(context(3, "linear.safetensors", "context_vecs")), causal) <
          1e-6f);
    const Tensor3 heads =
        ch4::multi_head_attention(batch, {weights, {xt::eye<float>(4), {}}}, 2, {0.0}, unused).combined;
    CHECK(largest_difference(*float_tensor<3>(context(4, "linear.safetensors", "context_vecs")), heads) <
          1e-6f);
}

TEST_CASE("own files: --save of the chapter's own numbers: every shown tensor by its name") {
    const TemporaryFolder folder;
    const std::string file = folder.path("chapter 3.safetensors");
    const Finished finished = run_piped(program(3) + " --save '" + file + "' --scoreboard", utf8);
    CHECK(finished.status == 0);
    const auto saved = open_tensor_file(file);
    CHECK(saved->read("masked_simple").shape == Shape{6, 6});
    CHECK(saved->read("attn_weights.2").shape == Shape{6, 6});  // cell 21, after cell 16
    CHECK(saved->read("context_vecs").shape == Shape{2, 6, 2});
}

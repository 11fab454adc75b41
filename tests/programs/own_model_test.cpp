// Chapter 8 on the reader's own model: what it says of files that do not fit each other, which prefix it
// takes, and what --ignore-unused and --save do.
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

using nlohmann::json;
using Tensors = std::map<std::string, AnyTensor>;

Tensors tensors_of(const std::string& path) {
    Tensors all;
    const auto file = open_tensor_file(path);
    for (const TensorInfo& info : file->tensors()) all.emplace(info.name, file->read(info.name));
    return all;
}

std::string data_folder(const std::string& model) {
    return std::string(SOURCE_DIR) + "/data/llama4/" + model + "/";
}

// A model of data/llama4, in memory: a test changes it, and then runs it.
struct OwnModel {
    json config;
    Tensors weights, input;

    explicit OwnModel(const std::string& model) {
        const std::string folder = data_folder(model);
        config = json::parse(contents_of(folder + "config.json"));
        const std::string one = folder + "model.safetensors";
        weights = tensors_of(std::filesystem::exists(one) ? one : one + ".index.json");
        input = tensors_of(folder + "tokens.safetensors");
    }

    void drop(const std::string& beginning) {
        const std::size_t before = weights.size();
        std::erase_if(weights, [&](const auto& named) { return named.first.starts_with(beginning); });
        REQUIRE(weights.size() < before);
    }
    // Takes the last entry of an axis away.
    void shorten(const std::string& name, std::size_t axis) {
        AnyTensor& tensor = weights.at(name);
        Shape shape = tensor.shape;
        --shape.at(axis);
        tensor = AnyTensor(shape, std::vector<float>(xt::compute_size(shape)));
    }
    template <class Value>
    void give_tokens(const Shape& shape, const std::vector<Value>& values) {
        input = {{"tokens", AnyTensor{shape, values}}};
    }

    [[nodiscard]] Finished run(const TemporaryFolder& folder, const std::string& more) const {
        std::ofstream(folder.path("config.json")) << config;
        save_tensors(folder.path("model.safetensors"), {weights.begin(), weights.end()});
        save_tensors(folder.path("tokens.safetensors"), {input.begin(), input.end()});
        return run_piped("cd '" + folder.path("") + "' && " + program(8) +
                             " --config config.json --weights model.safetensors --input tokens.safetensors " +
                             more,
                         {"LANG=C.UTF-8"});
    }
};

struct Wrong {
    const char* model;
    std::function<void(OwnModel&)> change;
    const char* said;
};

constexpr const char *reference = "reference_moe_interleaved", *hugging_face = "transformers_moe_interleaved",
                     *images = "reference_images";

std::vector<Wrong> wrong_models() {
    using Model = OwnModel;
    const std::vector<std::int64_t> words = {1, 2, 3, 4, 5, 6};
    return {
        // Tokens. The vocabularies have 23 words.
        {reference,
         [=](Model& model) {
             model.give_tokens<std::int64_t>({1, 3}, {0, 22, 23});
         },
         "tokens[0, 2] is 23, but the vocabulary has the words 0 to 22"},
        {hugging_face,
         [=](Model& model) {
             model.give_tokens<std::int64_t>({2, 1}, {0, -1});
         },
         "tokens[1, 0] is -1, but the vocabulary has the words 0 to 22"},
        {reference,
         [=](Model& model) {
             model.give_tokens<float>({1, 2}, {1.0f, 2.0f});
         },
         "tokens.safetensors: tokens is F32 (1, 2), expected whole numbers of shape (B, T) or (T), at least"},
        {reference,
         [=](Model& model) {
             model.give_tokens<bool>({1, 2}, {true, false});
         },
         "tokens.safetensors: tokens is BOOL (1, 2), expected whole numbers"},
        {reference,
         [=](Model& model) {
             model.give_tokens({1, 2, 3}, words);
         },
         "tokens.safetensors: tokens is I64 (1, 2, 3), expected whole numbers"},
        {reference, [=](Model& model) { model.give_tokens<std::int64_t>({}, {1}); },
         "tokens.safetensors: tokens is I64 (), expected whole numbers"},
        {reference,
         [=](Model& model) {
             model.give_tokens<std::int64_t>({2, 0}, {});
         },
         "tokens.safetensors: tokens is I64 (2, 0), expected whole numbers"},
        {reference,
         [=](Model& model) {
             model.input = {{"x", AnyTensor({1, 6}, words)}};
         },
         "tokens.safetensors: there is no tensor \"tokens\""},
        {reference,
         [=](Model& model) {
             model.give_tokens({3, 2}, words);
         },
         "the KV cache holds 2 sequences, not 3: raise max_batch_size"},
        {reference,
         [=](Model& model) {
             model.give_tokens<std::int64_t>({1, 65}, std::vector<std::int64_t>(65));
         },
         "the KV cache holds 64 tokens, not 65: raise max_seq_len"},

        // Layers: half a file, a hole in it, and a config that counts otherwise.
        {reference, [](Model& model) { model.drop("layers.3."); },
         "model.safetensors: has no tensor whose name begins with layers.3.; the config says that there are 4 layers"},
        {hugging_face, [](Model& model) { model.drop("model.layers.3."); },
         "model.safetensors: has no tensor whose name begins with model.layers.3.; the config says that"},
        {reference, [](Model& model) { model.drop("layers.1."); },
         "model.safetensors: there is no tensor \"layers.1.attention_norm.weight\""},
        {hugging_face, [](Model& model) { model.drop("model.layers.2."); },
         "model.safetensors: there is no tensor \"model.layers.2.input_layernorm.weight\""},
        {reference, [](Model& model) { model.config["n_layers"] = 5; },
         "model.safetensors: has no tensor whose name begins with layers.4.; the config says that there are 5"},
        {reference, [](Model& model) { model.config["n_layers"] = 3; },
         "model.safetensors: this chapter's layer has no place for layers.3.attention.wk.weight"},
        {hugging_face, [](Model& model) { model.config["num_hidden_layers"] = 5; },
         "config.json: no_rope_layers is no list of 5 entries"},
        {hugging_face, [](Model& model) { model.config["moe_layers"] = {1}; },
         "model.safetensors: there is no tensor \"model.layers.3.feed_forward.gate_proj.weight\""},
        {hugging_face,
         [](Model& model) {
             model.config["moe_layers"] = {0, 1, 3};
         },
         "model.safetensors: there is no tensor \"model.layers.0.feed_forward.router.weight\""},
        {reference, [](Model& model) { model.config["moe_args"]["interleave_moe_layer_step"] = 1; },
         "model.safetensors: there is no tensor \"layers.0.feed_forward.router_DE\""},

        // Single tensors.
        {reference, [](Model& model) { model.drop("tok_embeddings.weight"); },
         "model.safetensors: has neither tok_embeddings.weight nor model.embed_tokens.weight; --prefix says"},
        {reference, [](Model& model) { model.drop("output.weight"); },
         "model.safetensors: there is no tensor \"output.weight\""},
        {hugging_face, [](Model& model) { model.drop("lm_head.weight"); },
         "model.safetensors: there is no tensor \"lm_head.weight\""},
        {reference, [](Model& model) { model.drop("norm.weight"); },
         "model.safetensors: there is no tensor \"norm.weight\""},
        {hugging_face, [](Model& model) { model.drop("model.norm.weight"); },
         "model.safetensors: there is no tensor \"model.norm.weight\""},
        {reference, [](Model& model) { model.drop("layers.1.feed_forward.experts.w2"); },
         "model.safetensors: there is no tensor \"layers.1.feed_forward.experts.w2\""},
        {hugging_face, [](Model& model) { model.drop("model.layers.1.feed_forward.experts.gate_up_proj"); },
         "model.safetensors: there is no tensor \"model.layers.1.feed_forward.experts.gate_up_proj\""},
        {hugging_face, [](Model& model) { model.drop("model.layers.1.feed_forward.shared_expert.up_proj"); },
         "model.safetensors: there is no tensor \"model.layers.1.feed_forward.shared_expert.up_proj.weight\""},
        {reference, [](Model& model) { model.shorten("layers.1.feed_forward.router_DE", 1); },
         "model.safetensors: layers.1.feed_forward.router_DE is (24, 3), expected floats of shape (24, 4) = (dim, "},
        {hugging_face, [](Model& model) { model.shorten("model.layers.1.feed_forward.router.weight", 0); },
         "model.safetensors: model.layers.1.feed_forward.router.weight is (3, 14), expected floats of shape (4, 14)"},
        {reference, [](Model& model) { model.shorten("layers.1.feed_forward.experts.w1", 0); },
         "model.safetensors: layers.1.feed_forward.experts.w1 is (3, 24, 12), expected floats of shape (4, 24, 12)"},
        {hugging_face,
         [](Model& model) { model.shorten("model.layers.1.feed_forward.experts.gate_up_proj", 2); },
         "model.safetensors: model.layers.1.feed_forward.experts.gate_up_proj is (4, 14, 17), expected floats of"},
        {reference, [](Model& model) { model.shorten("tok_embeddings.weight", 0); },
         "model.safetensors: tok_embeddings.weight is (22, 24), expected floats of shape (23, 24) = (vocab_size, "},
        {reference, [](Model& model) { model.shorten("layers.2.attention.wk.weight", 0); },
         "model.safetensors: layers.2.attention.wk.weight is (7, 24), expected floats of shape (8, 24)"},
        {reference,
         [](Model& model) { model.weights.insert_or_assign("layers.0.attention.wq.scale", Vector{1.0f}); },
         "model.safetensors: this chapter's layer has no place for layers.0.attention.wq.scale"},
        {reference, [](Model& model) { model.config["add_bias"] = true; },
         "model.safetensors: layers.0.attention has no bias, and the config says the opposite"},
        {hugging_face, [](Model& model) { model.config["tie_word_embeddings"] = true; },
         "model.safetensors: this chapter's layer has no place for lm_head.weight"},

        // Images. Each token has a row in image_embedding (2, 7, 6) and in image_mask (2, 7).
        {images, [](Model& model) { model.input.erase("image_embedding"); },
         "tokens.safetensors: there is no tensor \"image_embedding\""},
        {images, [](Model& model) { model.input.erase("image_mask"); },
         "tokens.safetensors: there is no tensor \"image_mask\""},
        {images,
         [](Model& model) {
             model.input.insert_or_assign("image_mask", Matrix(xt::ones<float>({2, 7})));
         },
         "tokens.safetensors: expected image_embedding as floats (B, T, vision width) and image_mask as bool"},
        {images,
         [](Model& model) {
             model.input.insert_or_assign("image_mask", AnyTensor({14}, std::vector<bool>(14)));
         },
         "tokens.safetensors: expected image_embedding as floats"},
        {images,
         [](Model& model) {
             model.input.insert_or_assign("image_mask", AnyTensor({2, 6}, std::vector<bool>(12)));
         },
         "tokens.safetensors: image_embedding is (2, 7, 6) and image_mask (2, 6), expected a row for each of the"},
        {images,
         [](Model& model) { model.input.insert_or_assign("image_embedding", random_batch(1, 1, 7, 6)); },
         "tokens.safetensors: image_embedding is (1, 7, 6) and image_mask (2, 7), expected a row for each of the"},
        {images,
         [](Model& model) { model.input.insert_or_assign("image_embedding", random_batch(1, 2, 7, 5)); },
         "model.safetensors: vision_projection.weight is (12, 6), expected floats of shape (12, 5) = (dim, vision"},
        {images, [](Model& model) { model.drop("vision_projection"); },
         "model.safetensors: there is no tensor \"vision_projection.weight\""}};
}

Tensors run_and_read(const OwnModel& model, const TemporaryFolder& folder, const std::string& more) {
    const Finished finished = model.run(folder, more + " --save out.safetensors");
    CHECK(finished.errors.empty());
    REQUIRE(finished.status == 0);
    return tensors_of(folder.path("out.safetensors"));
}

}  // namespace

TEST_CASE("own model: what does not fit is one line that names it") {
    for (const Wrong& wrong : wrong_models()) {
        const TemporaryFolder folder;
        OwnModel model(wrong.model);
        wrong.change(model);
        const Finished finished = model.run(folder, "--save out.safetensors");
        CAPTURE(wrong.model, wrong.said, finished.errors);
        CHECK(finished.status == 2);
        CHECK(finished.output.empty());
        CHECK(finished.errors.starts_with(std::string("walk 8: ") + wrong.said));
        CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
        CHECK_FALSE(std::filesystem::exists(folder.path("out.safetensors")));
    }
}

TEST_CASE("own model: images without weights have no projection") {
    const TemporaryFolder folder;
    const std::string data = data_folder("reference_images");
    const Finished finished = run_piped(
        program(8) + " --config " + data + "config.json --input " + data + "tokens.safetensors", {});
    CHECK(finished.status == 2);
    CHECK(has(finished.errors, "has images, which need vision_projection.weight; add --weights"));
}

TEST_CASE("own model: a text without images leaves the tensors for images out, and says so") {
    const TemporaryFolder folder;
    OwnModel model("reference_images");
    model.input.erase("image_embedding");
    model.input.erase("image_mask");
    model.weights.insert_or_assign("vision_embeddings.conv1.weight", Matrix(xt::ones<float>({3, 2})));
    const Finished finished = model.run(folder, "--save out.safetensors");
    CAPTURE(finished.errors);
    REQUIRE(finished.status == 0);
    CHECK(has(finished.output, "The tensors for"));

    // Without the tensors, the model is the same.
    const Tensors with = tensors_of(folder.path("out.safetensors"));
    model.drop("vision_");
    const Tensors without = run_and_read(model, folder, "");
    CHECK(with.at("logits").values == without.at("logits").values);
}

TEST_CASE("own model: the prefix of a text model beside a vision tower is found in the file") {
    const TemporaryFolder folder;
    OwnModel model("transformers_multimodal");
    const Tensors given = run_and_read(model, folder, "--prefix language_model."),
                  found = run_and_read(model, folder, "");
    CHECK(exact(found.at("logits")) == exact(given.at("logits")));
    const std::string note = "Weights: with the prefix language_model. before the names of Hugging Face.";
    CHECK(has(model.run(folder, "").output, note));
    CHECK(has(model.run(folder, "--prefix language_model.").output, note));

    // A layer that is missing is missing under the prefix.
    OwnModel half = model;
    half.drop("language_model.model.layers.2.");
    CHECK(has(half.run(folder, "").errors, "begins with language_model.model.layers.2.; the config says"));

    // A file that has the names without a prefix too is read without.
    OwnModel two = model;
    for (const auto& [name, tensor] : model.weights) {
        const std::string prefix = "language_model.";
        if (name.starts_with(prefix)) two.weights.emplace(name.substr(prefix.size()), tensor);
    }
    CHECK(has(two.run(folder, "").errors, "no place for language_model.lm_head.weight"));
    CHECK(has(two.run(folder, "--ignore-unused").output, "Weights: under the names of Hugging Face."));
}

TEST_CASE("own model: --ignore-unused names what it leaves out, and changes nothing") {
    const TemporaryFolder folder;
    OwnModel model(GENERATE(reference, hugging_face));
    const Tensors expected = run_and_read(model, folder, "");
    model.weights.insert_or_assign("a.scale", Vector{1.0f});
    model.weights.insert_or_assign("layers.9.attention.wq.weight", Vector{2.0f});
    CHECK(has(model.run(folder, "").errors, "no place for a.scale, layers.9.attention.wq.weight; --prefix"));
    const Tensors with_more = run_and_read(model, folder, "--ignore-unused");
    CHECK(exact(with_more.at("logits")) == exact(expected.at("logits")));
    CHECK(
        has(model.run(folder, "--ignore-unused").output, "Not used: a.scale, layers.9.attention.wq.weight."));
}

TEST_CASE("own model: shards are read as one file, and a shard that is missing is named") {
    const TemporaryFolder folder;
    const std::string data = data_folder("transformers_moe_shards");
    const auto run = [&](const std::string& more) {
        return run_piped("cd '" + folder.path("") + "' && " + program(8) + " --config '" + data +
                             "config.json' --input '" + data + "tokens.safetensors' " + more,
                         {"LANG=C.UTF-8"});
    };
    const Tensors expected = run_and_read(OwnModel("transformers_moe_shards"), folder, "");
    REQUIRE(run("--weights '" + data + "model.safetensors.index.json' --save out.npz").status == 0);
    const Tensors saved = tensors_of(folder.path("out.npz"));
    REQUIRE(saved.size() == expected.size());
    CHECK(exact(saved.at("logits")) == exact(expected.at("logits")));

    std::filesystem::copy(data + "model.safetensors.index.json", folder.path(""));
    for (const char* shard : {"model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"}) {
        std::filesystem::copy(data + shard, folder.path(""));
    }
    const Finished finished = run("--weights model.safetensors.index.json");
    CHECK(finished.status == 2);
    CHECK(has(finished.errors, "model-00002-of-00003.safetensors"));
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
}

TEST_CASE("own model: --save has every tensor of the first and of the last piece") {
    const TemporaryFolder folder;
    const OwnModel model(reference);  // layers 0 and 2 are dense, layer 3 has no RoPE
    const Tensors at_once = run_and_read(model, folder, "--prefill 99"),
                  pieces = run_and_read(model, folder, "--prefill 2");
    const std::vector<std::string> all = {"attention_norm", "xq",     "xk",           "xv",
                                          "attn_scores",    "masked", "attn_weights", "combined",
                                          "attention",      "h",      "ffn_norm",     "feed_forward",
                                          "output"},
                                   rope = {"xq_rotated", "xk_rotated", "xq_normed", "xk_normed"},
                                   nope = {"temperature", "xq_scaled"}, dense = {"ffn_gate", "ffn_up"},
                                   moe = {"router_logits", "router_scores", "shared_expert", "experts"};
    std::vector<std::string> of_a_piece = {"norm"},
                             of_all = {"tokens", "x", "embeddings", "logits", "next_tokens"};
    for (std::size_t layer = 0; layer < 4; ++layer) {
        const std::string at = fmt::format("layers.{}.", layer);
        for (const auto& names : {all, layer == 3 ? nope : rope, layer % 2 == 0 ? dense : moe}) {
            for (const std::string& name : names) of_a_piece.push_back(at + name);
        }
        of_all.push_back(at + "cache_k");
        of_all.push_back(at + "cache_v");
    }
    CHECK(at_once.size() == of_a_piece.size() + of_all.size());
    CHECK(pieces.size() == 2 * of_a_piece.size() + of_all.size());
    for (const std::string& name : of_all) {
        CAPTURE(name);
        CHECK(pieces.at(name).shape == at_once.at(name).shape);
    }
    for (const std::string& name : of_a_piece) {
        CAPTURE(name);
        CHECK(at_once.contains(name));
        CHECK(pieces.contains(name));
        CHECK(pieces.contains("step." + name));
    }
    CHECK(pieces.at("layers.0.xq").shape[1] == 2);
    CHECK(pieces.at("step.layers.0.xq").shape[1] == 1);
}

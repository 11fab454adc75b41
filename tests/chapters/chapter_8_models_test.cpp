// Chapter 8 on whole models of two other implementations: the formulas of Meta's reference, and Transformers.
// The real program runs on each model of data/llama4, and every tensor that the reference has is compared.
// B sequences, T tokens in the text, P of them in the first call, N = B * P.
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/closeness.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using Floats = std::vector<float>;

constexpr float as_close = 1e-5f;  // of the tensor's largest value

std::string model_folder(const std::string& model) {
    return std::string(SOURCE_DIR) + "/data/llama4/" + model + "/";
}

// Runs the program on a config, weights and tokens; all three are paths.
struct Run {
    std::string config, weights, tokens, prefix;

    explicit Run(const std::string& model)
        : config(model_folder(model) + "config.json"),
          weights(model_folder(model) + "model.safetensors"),
          tokens(model_folder(model) + "tokens.safetensors") {
        if (!std::filesystem::exists(weights)) weights += ".index.json";
        // The text model of a model that also sees.
        if (model.starts_with("transformers_multimodal")) prefix = "language_model.";
    }

    [[nodiscard]] Finished into(const std::string& saved, std::size_t prefill) const {
        return run_piped(
            fmt::format("{} --config '{}' --weights '{}' --prefix '{}' --input '{}' --prefill {} --save '{}'",
                        program(8), config, weights, prefix, tokens, prefill, saved),
            {"LANG=C.UTF-8"});
    }
};

// `size` entries along an axis are kept, from the first on.
AnyTensor first(const AnyTensor& tensor, std::size_t axis, std::size_t size) {
    std::size_t outer = 1, inner = 1;
    for (std::size_t i = 0; i < axis; ++i) outer *= tensor.shape[i];
    for (std::size_t i = axis + 1; i < tensor.shape.size(); ++i) inner *= tensor.shape[i];
    const std::size_t stride = tensor.shape[axis] * inner;
    const Floats& from = std::get<Floats>(tensor.values);
    Floats kept;
    for (std::size_t i = 0; i < outer; ++i) {
        const auto begin = from.begin() + static_cast<std::ptrdiff_t>(i * stride);
        kept.insert(kept.end(), begin, begin + static_cast<std::ptrdiff_t>(size * inner));
    }
    Shape shape = tensor.shape;
    shape[axis] = size;
    return {shape, kept};
}

// The same where an axis counts the tokens of all sequences: (B * T) becomes (B * P).
AnyTensor first_of_each(const AnyTensor& tensor, std::size_t axis, std::size_t batch, std::size_t size) {
    AnyTensor apart = tensor;
    apart.shape[axis] /= batch;
    apart.shape.insert(apart.shape.begin() + static_cast<std::ptrdiff_t>(axis), batch);
    AnyTensor kept = first(apart, axis + 1, size);
    kept.shape.erase(kept.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    kept.shape[axis] = batch * size;
    return kept;
}

// The part of a reference's tensor that the first call computes. The reference computed all tokens at once.
AnyTensor of_first_call(const std::string& name, const AnyTensor& tensor, std::size_t batch,
                        std::size_t size) {
    const std::string last = name.substr(name.rfind('.') + 1);
    const auto is_one_of = [&](const std::set<std::string>& names) { return names.contains(last); };
    if (is_one_of({"embeddings", "logits", "cache_k", "cache_v"})) return tensor;
    if (is_one_of({"attn_scores", "masked", "attn_weights"})) {
        return first(first(tensor, 2, size), 3, size);
    }
    if (is_one_of({"ffn_gate", "ffn_up", "router_logits", "shared_expert", "experts"})) {
        return first_of_each(tensor, 0, batch, size);
    }
    if (last == "router_scores") return first_of_each(tensor, 1, batch, size);
    return first(tensor, last == "temperature" ? 0 : 1, size);
}

struct Case {
    std::string model;
    std::vector<std::size_t> prefills;  // none, inside a chunk, at its border, all tokens
};

const std::vector<Case> cases = {{"reference_dense", {0, 3, 4, 6, 9}},                // chunks of 4 tokens
                                 {"reference_moe", {0, 2, 3, 5, 7}},                  // 3
                                 {"reference_moe_interleaved", {0, 2, 5}},            // none
                                 {"reference_bias", {0, 3, 4, 5}},                    // 2
                                 {"reference_images", {0, 3, 4, 6, 7}},               // 3
                                 {"reference_hooks", {0, 4, 5, 10, 11}},              // 5
                                 {"transformers_dense", {0, 3, 4, 5, 10}},            // 4
                                 {"transformers_moe_shards", {0, 2, 3, 7, 8}},        // 3
                                 {"transformers_moe_interleaved", {0, 3, 5, 6, 7}},   // 5
                                 {"transformers_tied", {0, 1, 2, 3, 5}},              // 2
                                 {"transformers_multimodal", {0, 2, 4, 7, 9}},        // 4
                                 {"transformers_multimodal_images", {0, 5, 8, 10}}};  // 4

// Tensors that belong to a lesson, not to the pass that the program makes.
bool is_apart(const std::string& name) {
    return name.starts_with("reference_decode.") || name.starts_with("generated.");
}

}  // namespace

TEST_CASE("chapter 8, whole models: the logits and every tensor of another implementation") {
    const Case& model = cases[GENERATE(range(std::size_t{0}, cases.size()))];
    const auto expected = open_tensor_file(model_folder(model.model) + "expected.safetensors");
    const AnyTensor tokens =
        open_tensor_file(model_folder(model.model) + "tokens.safetensors")->read("tokens");
    const std::size_t batch = tokens.shape[0], length = tokens.shape[1];
    REQUIRE(model.prefills.back() == length);
    const TemporaryFolder folder;

    for (const std::size_t prefill : model.prefills) {
        CAPTURE(model.model, prefill);
        const Finished finished = Run(model.model).into(folder.path("out.safetensors"), prefill);
        CHECK(finished.errors.empty());
        REQUIRE(finished.status == 0);
        const auto saved = open_tensor_file(folder.path("out.safetensors"));

        for (const TensorInfo& info : expected->tensors()) {
            if (is_apart(info.name)) continue;
            CAPTURE(info.name);
            const std::size_t first_call = std::max<std::size_t>(prefill, 1);
            const AnyTensor wanted = of_first_call(info.name, expected->read(info.name), batch, first_call);
            CHECK(relative_difference(saved->read(info.name), wanted) <= as_close);
        }
    }
}

TEST_CASE("chapter 8, whole models: Transformers' generation gives the same logits") {
    const std::string model =
        GENERATE(as<std::string>{}, "transformers_dense", "transformers_moe_shards",
                 "transformers_moe_interleaved", "transformers_tied", "transformers_multimodal");
    CAPTURE(model);
    const TemporaryFolder folder;
    REQUIRE(Run(model).into(folder.path("out.safetensors"), 0).status == 0);
    const AnyTensor generated =
        open_tensor_file(model_folder(model) + "expected.safetensors")->read("generated.logits");
    CHECK(relative_difference(open_tensor_file(folder.path("out.safetensors"))->read("logits"), generated) <=
          as_close);
}

// Meta's code has no mask when it decodes one token, so it sees keys of earlier chunks.
TEST_CASE("chapter 8, whole models: the chunk also holds for a decoded token") {
    const std::string model =
        GENERATE(as<std::string>{}, "reference_dense", "reference_moe", "reference_bias");
    CAPTURE(model);
    const auto expected = open_tensor_file(model_folder(model) + "expected.safetensors");
    const std::size_t prefill = static_cast<std::size_t>(
        std::get<std::vector<std::int64_t>>(expected->read("reference_decode.prefill").values).front());
    const TemporaryFolder folder;
    REQUIRE(Run(model).into(folder.path("out.safetensors"), prefill).status == 0);
    const AnyTensor logits = open_tensor_file(folder.path("out.safetensors"))->read("logits");
    CHECK(relative_difference(logits, expected->read("logits")) <= as_close);

    // The prefilled tokens agree with the reference's decoding; the decoded ones do not.
    const AnyTensor without_chunk = expected->read("reference_decode.logits");
    CHECK(relative_difference(first(logits, 1, prefill), first(without_chunk, 1, prefill)) <= as_close);
    CHECK(relative_difference(logits, without_chunk) > 100 * as_close);
}

TEST_CASE("chapter 8, whole models: the comparison notices a change of any weight") {
    const std::string model =
        GENERATE(as<std::string>{}, "reference_moe_interleaved", "transformers_moe_interleaved");
    const auto weights = open_tensor_file(model_folder(model) + "model.safetensors");
    const AnyTensor expected = open_tensor_file(model_folder(model) + "expected.safetensors")->read("logits");
    NamedTensors tensors;
    for (const TensorInfo& info : weights->tensors())
        tensors.emplace_back(info.name, weights->read(info.name));

    const TemporaryFolder folder;
    Run run(model);
    run.weights = folder.path("changed.safetensors");
    for (auto& [name, tensor] : tensors) {
        CAPTURE(model, name);
        const AnyTensor unchanged = tensor;
        Floats& values = std::get<Floats>(tensor.values);
        for (std::size_t i = 0; i < values.size(); i += 2) values[i] += 0.01f;
        save_tensors(run.weights, tensors);
        REQUIRE(run.into(folder.path("out.safetensors"), 3).status == 0);
        const AnyTensor logits = open_tensor_file(folder.path("out.safetensors"))->read("logits");
        CHECK(relative_difference(logits, expected) > as_close);
        tensor = unchanged;
    }
}

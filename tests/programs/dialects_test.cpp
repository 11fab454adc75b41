// Layers as transformers runs them, with the configs that it writes: chapter 6 gives the same output, or
// refuses by name what it does not do. data/make_dialect_reference.py made the numbers.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/files/tensor_file.hpp"
#include "common/tensor.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using nlohmann::json;

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};

// Chapter 6 on one case of the file.
class Dialect {
  public:
    explicit Dialect(std::string name)
        : name_(std::move(name)), config(load_reference("dialects.json").at(name_)) {
        const auto file = open_tensor_file(SOURCE_DIR "/data/dialects.safetensors");
        for (const TensorInfo& info : file->tensors()) {
            if (!info.name.starts_with(name_ + ".")) continue;
            const std::string part = info.name.substr(name_.size() + 1);
            const AnyTensor tensor = file->read(info.name);
            if (part == "x") {
                save_tensors(folder_.path("x.safetensors"), {{"x", tensor}});
            } else if (part == "output") {
                expected = float_tensor<3>(tensor).value();
            } else {
                tensors.emplace_back("layer." + part, tensor);
            }
        }
    }

    [[nodiscard]] Finished run(const std::string& more = "") const {
        save_tensors(folder_.path("weights.safetensors"), tensors);
        std::ofstream(folder_.path("config.json")) << config.dump();
        return run_piped(
            "cd '" + folder_.path("") + "' && " + program(6) +
                " --config config.json --weights weights.safetensors --prefix layer. --input x.safetensors "
                "--save out.safetensors " +
                more,
            utf8);
    }

    // Of the last run, beside what transformers gives: over all numbers, in parts of the largest.
    [[nodiscard]] float difference() const {
        const auto file = open_tensor_file(folder_.path("out.safetensors"));
        const Tensor3 output = float_tensor<3>(file->read("output")).value();
        return largest_difference(output, expected) / xt::amax(xt::abs(expected))();
    }

  private:
    std::string name_;
    TemporaryFolder folder_;

  public:
    json config;
    NamedTensors tensors;
    Tensor3 expected;
};

std::string said_by_refusal(const Finished& finished) {
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    return finished.errors;
}

}  // namespace

TEST_CASE("dialects: chapter 6 gives transformers' output, whatever the prefill") {
    const json cases = load_reference("dialects.json");
    for (const auto& [name, config] : cases.items()) {
        const Dialect dialect(name);
        for (const std::string prefill : {"--prefill 0", "--prefill 3", ""}) {
            CAPTURE(name, prefill);
            const Finished finished = dialect.run(prefill);
            CHECK(finished.errors.empty());
            REQUIRE(finished.status == 0);
            CHECK(dialect.difference() < 1e-6f);
        }
    }
}

TEST_CASE("dialects: each field that is used changes the output") {
    // What the comparison above would not see if the field were passed over.
    const auto [name, change] = GENERATE(table<std::string, std::string>(
        {{"linear", R"({"rope_scaling": null})"},
         {"llama", R"({"rope_theta": 10000})"},
         {"llama3", R"({"rope_scaling": null})"},
         {"mixtral_default_theta", R"({"rope_theta": 10000})"},
         {"yarn", R"({"rope_scaling": {"attention_factor": 1.0}})"},
         {"yarn_given_factor", R"({"rope_scaling": {"attention_factor": null}})"},
         {"yarn_given_factor", R"({"rope_scaling": {"beta_slow": null}})"},
         {"yarn_not_truncated", R"({"rope_scaling": {"beta_fast": null}})"},
         {"yarn_ratio", R"({"rope_scaling": {"mscale": null}})"},
         {"yarn_not_truncated", R"({"rope_scaling": {"truncate": true}})"}}));
    CAPTURE(name, change);
    Dialect dialect(name);
    dialect.config.merge_patch(json::parse(change));
    REQUIRE(dialect.run().status == 0);
    CHECK(dialect.difference() > 1e-3f);
}

TEST_CASE("dialects: a feature that chapter 6 does not have is refused by its name") {
    const auto [field, value] = GENERATE(table<std::string, std::string>({
        {"alibi", "true"},
        {"attention_bias", "true"},
        {"attention_chunk_size", "4"},
        {"attention_multiplier", "0.3"},
        {"attention_scale", "0.5"},
        {"attention_sink_size", "4"},
        {"attention_window_size", "3"},
        {"attn_logit_softcapping", "50.0"},
        {"attn_temperature_tuning", "true"},
        {"clip_qkv", "8.0"},
        {"interleaved_rotary", "true"},
        {"is_causal", "false"},
        {"kv_channels", "6"},
        {"kv_lora_rank", "8"},
        {"layer_types", R"(["chunked_attention"])"},
        {"layer_types", R"(["sliding_attention"])"},
        {"logit_cap", "30.0"},
        {"mask_type", R"("prefix")"},
        {"model_type", R"("cohere")"},
        {"model_type", R"("gemma2")"},
        {"model_type", R"("gpt_oss")"},
        {"model_type", R"("olmo2")"},
        {"model_type", R"("phi3")"},
        {"model_type", R"("qwen3")"},
        {"model_type", R"("smollm3")"},
        {"model_type", R"("new")"},
        {"multi_query_group_num", "2"},
        {"no_rope_layer_interval", "4"},
        {"no_rope_layers", "[1, 0]"},
        {"num_kv_heads", "1"},
        {"partial_rotary_factor", "0.5"},
        {"position_embedding_type", R"("alibi")"},
        {"post_norm", "true"},
        {"qk_layernorm", "true"},
        {"qk_norm", "true"},
        {"quantization_config", R"({"quant_method": "fp8"})"},
        {"query_pre_attn_scalar", "144"},
        {"rope_interleaved", "true"},
        {"rope_local_base_freq", "10000"},
        {"rope_scaling", R"({"type": "longrope"})"},
        {"rope_scaling", R"({"type": "mrope", "mrope_section": [2, 2, 2]})"},
        {"rope_scaling", R"({"type": "linear"})"},
        {"rope_scaling", R"({"type": "linear", "factor": 2, "partial_rotary_factor": 0.5})"},
        {"rotary_pct", "0.25"},
        {"scale_attn_weights", "false"},
        {"sinks", "true"},
        {"sliding_window", "6"},
        {"sliding_window", "true"},
        {"softmax_scale", "0.3"},
        {"text_config", "{}"},
        {"use_alibi", "true"},
        {"use_bidirectional_attention", "true"},
        {"use_qk_norm", "true"},
        {"use_rope", "false"},
    }));
    CAPTURE(field, value);
    Dialect dialect("llama");
    dialect.config[field] = json::parse(value);
    const std::string said = said_by_refusal(dialect.run());
    CHECK(has(said, field == "rope_scaling" ? "" : field));
    // With its value, but for lists and objects, of which the beginning is told.
    const json parsed = json::parse(value);
    if (!parsed.is_structured())
        CHECK(has(said, parsed.is_string() ? parsed.get<std::string>() : parsed.dump()));
}

TEST_CASE("dialects: a feature that is switched off changes nothing") {
    const auto field = GENERATE(
        as<std::string>{}, R"({"alibi": false})", R"({"attention_bias": false})",
        R"({"attention_multiplier": 0.5})", R"({"attn_logit_softcapping": null})",
        R"({"final_logit_softcapping": 30.0})", R"({"is_causal": true})",
        R"({"layer_types": ["full_attention"]})", R"({"mlp_bias": true})", R"({"no_rope_layers": [1, 1]})",
        R"({"partial_rotary_factor": 1.0})", R"({"query_pre_attn_scalar": 4})", R"({"rms_norm_eps": 1e-5})",
        R"({"rope_interleaved": false})", R"({"rope_scaling": {"rope_type": "default"}})",
        R"({"sliding_window": null, "use_sliding_window": true})", R"({"sliding_window": 7})",
        R"({"sliding_window": 3, "use_sliding_window": false, "max_window_layers": 1})",
        R"({"use_qk_norm": false})", R"({"head_dim": 4})",
        R"({"rope_theta": null, "rope_parameters": {"rope_type": "default", "rope_theta": 500}})");
    CAPTURE(field);
    Dialect dialect("llama");
    const json change = json::parse(field);
    dialect.config.merge_patch(change);
    for (const auto& [name, value] : change.items()) {
        if (value.is_null()) dialect.config[name] = nullptr;  // a patch takes them out
    }
    const Finished finished = dialect.run();
    CHECK(finished.errors.empty());
    REQUIRE(finished.status == 0);
    CHECK(dialect.difference() < 1e-6f);
    CHECK_FALSE(has(finished.output, "ignored"));
}

TEST_CASE("dialects: rotary embeddings that contradict themselves are refused") {
    const auto [field, said] = GENERATE(table<std::string, std::string>(
        {{R"({"rope_parameters": {"rope_type": "default", "rope_theta": 400}})",
          "rope_theta is 500, and 400"},
         {R"({"rope_parameters": {"full_attention": {"rope_type": "default"}}})",
          "differs by the type of a layer"},
         {R"({"rope_scaling": {"type": "linear", "rope_type": "yarn", "factor": 2}})", "rope_type and type"},
         {R"({"rope_scaling": {"type": "yarn", "factor": 2, "attention_factor": "1"}})",
          "attention_factor is \"1\""},
         {R"({"rope_scaling": {"rope_type": "llama3", "factor": 8}})", "has no field low_freq_factor"},
         {R"({"rope_scaling": {"rope_type": "dynamic"}})", "has no field factor"},
         {R"({"rope_scaling": {"rope_type": "dynamic", "factor": 2, "original_max_position_embeddings": 6}})",
          "the text has 7 tokens, and its config is run up to 6"}}));
    CAPTURE(field);
    Dialect dialect("llama");
    dialect.config.merge_patch(json::parse(field));
    CHECK(has(said_by_refusal(dialect.run()), said));
}

TEST_CASE("dialects: a tensor without a place is refused, unless it is to be ignored") {
    const auto [name, tensor] = GENERATE(table<std::string, std::string>({{"llama", "q_norm.weight"},
                                                                          {"llama", "k_norm.weight"},
                                                                          {"llama", "sinks"},
                                                                          {"llama", "q_proj.weight_scale"},
                                                                          {"llama", "gate.weight"}}));
    CAPTURE(tensor);
    Dialect dialect(name);
    dialect.tensors.emplace_back("layer." + tensor, Vector{0.5f, 2.0f});
    CHECK(has(said_by_refusal(dialect.run()), "no place for layer." + tensor));
    const Finished finished = dialect.run("--ignore-unused");
    CHECK(finished.status == 0);
    CHECK(has(finished.output, "Not used: layer." + tensor + "."));
}

TEST_CASE("dialects: config and file agree on biases") {
    Dialect dialect("llama_bias");
    dialect.config["attention_bias"] = false;
    CHECK(has(said_by_refusal(dialect.run()), "attention_bias is false"));

    // Without a word of the config the weights decide: the same output.
    dialect.config.erase("attention_bias");
    CHECK(dialect.run().status == 0);
    CHECK(dialect.difference() < 1e-6f);

    Dialect without("qwen2");
    std::erase_if(without.tensors, [](const auto& named) { return named.first == "layer.k_proj.bias"; });
    CHECK(has(said_by_refusal(without.run()), "attention_bias is true"));
}

TEST_CASE("dialects: a field that says nothing of attention is named") {
    Dialect dialect("llama");
    dialect.config["swiglu_limit"] = 7;
    dialect.config["unsloth_fixed"] = true;
    const Finished finished = dialect.run();
    CHECK(finished.status == 0);
    CHECK(has(finished.output, "Not understood, ignored: swiglu_limit, unsloth_fixed."));

    // Whatever the name holds, the terminal is not spoken to.
    dialect.config["a\u001b[1m"] = 1;
    CHECK_FALSE(has(dialect.run().output, "\u001b"));
}

// Dimensions from Llama's params.json and Hugging Face's config.json, and what is wrong with them.
#include "common/files/model_config.hpp"

#include <cmath>

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const std::string seeds = SOURCE_DIR "/tests/fuzz/seeds/model_config/";

ModelConfig read(const std::string& contents) {
    const TemporaryFolder folder;
    return read_model_config(folder.file("config.json", contents));
}

std::string error(const std::string& contents) {
    return error_of([&] { read(contents); });
}

}  // namespace

TEST_CASE("config: Llama's names, and defaults for the rest") {
    const ModelConfig config = read_model_config(seeds + "params.json");
    CHECK(config.dim == 4096);
    CHECK(config.n_heads == 32);
    CHECK(config.n_kv_heads == 8U);
    CHECK_FALSE(config.head_dim.has_value());
    CHECK_FALSE(config.max_batch_size.has_value());
    CHECK(config.max_seq_len == 2048);
    CHECK(config.rope_theta == 500000.0);

    // "use_scaled_rope": true stands for these.
    REQUIRE(config.rope_scaling.has_value());
    CHECK(config.rope_scaling->type == "llama3");
    CHECK(config.rope_scaling->factor == 8.0);
    CHECK(config.rope_scaling->low_freq_factor == 1.0);
    CHECK(config.rope_scaling->high_freq_factor == 4.0);
    CHECK(config.rope_scaling->original_max_seq_len == 8192);
}

TEST_CASE("config: Hugging Face's names, and null") {
    const ModelConfig config = read_model_config(seeds + "config.json");
    CHECK(config.dim == 4096);
    CHECK(config.n_heads == 32);
    CHECK_FALSE(config.n_kv_heads.has_value());
    CHECK(config.head_dim == 128U);
    CHECK(config.max_seq_len == 131072);
    REQUIRE(config.rope_scaling.has_value());
    CHECK(config.rope_scaling->type == "llama3");
    CHECK(config.rope_scaling->original_max_seq_len == 8192);

    const ModelConfig yarn = read(
        R"({"dim":6,"n_heads":2,"max_seq_len":99,"max_batch_size":3,"rope_scaling":{"type":"yarn","factor":4,)"
        R"("beta_fast":16,"beta_slow":2,"mscale":0,"low_freq_factor":null}})");
    CHECK(yarn.max_batch_size == 3U);
    CHECK(yarn.rope_scaling->beta_fast == 16.0);
    CHECK(yarn.rope_scaling->beta_slow == 2.0);
    CHECK(yarn.rope_scaling->attention_factor == 0.1 * std::log(4.0) + 1.0);
    CHECK(yarn.rope_scaling->truncate);
    CHECK(yarn.rope_scaling->original_max_seq_len == 99);

    const ModelConfig newer =
        read(R"({"dim":6,"n_heads":2,"rope_parameters":{"rope_type":"default","rope_theta":1e6}})");
    CHECK(newer.rope_theta == 1e6);
    CHECK_FALSE(newer.rope_scaling.has_value());
    CHECK_FALSE(read(R"({"dim":6,"n_heads":2,"rope_scaling":null,"use_scaled_rope":false})")
                    .rope_scaling.has_value());
    CHECK(read(R"({"dim":7,"n_heads":2,"head_dim":5})").head_dim == 5U);
}

TEST_CASE("config: each mistake names its field") {
    CHECK(has(error("{\n  \"dim\": 6,\n  \"n_heads\" 2\n}"), "config.json: is no JSON: line 3, column 13; "));
    CHECK(has(error("{\"dim\": "), "is no JSON: line 1, column 9"));
    CHECK(has(error(R"({"dim":6,"n_heads":2,"x":1e999})"), "has a number beyond 1e308"));
    CHECK(has(error("[6, 2]"), "is no JSON object"));
    CHECK(has(error(R"({"n_heads":2})"), "has no field dim; add dim, or hidden_size"));
    CHECK(has(error(R"({"dim":6,"n_heads":null})"),
              "has no field n_heads; add n_heads, or num_attention_heads"));
    CHECK(has(error(R"({"dim":"6","n_heads":2})"), "dim is \"6\"; it must be a whole number from 1"));
    CHECK(has(error(R"({"hidden_size":6.5,"n_heads":2})"), "hidden_size is 6.5; it must be a whole number"));
    CHECK(has(error(R"({"dim":6,"n_heads":0})"), "n_heads is 0; "));
    CHECK(has(error(R"({"dim":-6,"n_heads":2})"), "dim is -6; "));
    CHECK(has(error(R"({"dim":6,"n_heads":2,"max_seq_len":2147483648})"), "max_seq_len is 2147483648; "));
    CHECK(has(error(R"({"dim":6,"n_heads":2,"n_kv_heads":[1]})"), "n_kv_heads is [1]; "));
    CHECK(has(error(R"({"dim":6,"n_heads":2,"rope_theta":0})"),
              "rope_theta is 0; it must be a number above 0"));
    CHECK(has(error(R"({"dim":6,"n_heads":2,"rope_theta":"big"})"), "rope_theta is \"big\"; "));
    CHECK(has(error(R"({"dim":7,"n_heads":2})"), "dim 7 is no multiple of n_heads 2"));
    CHECK(has(error(R"({"dim":8,"n_heads":4,"n_kv_heads":3})"), "n_heads 4 is no multiple of n_kv_heads 3"));
    CHECK(has(error(R"({"dim":8,"n_heads":4,"n_kv_heads":8})"), "n_heads 4 is no multiple of n_kv_heads 8"));

    const auto scaling = [](const std::string& value) {
        return error(R"({"dim":6,"n_heads":2,"rope_scaling":)" + value + "}");
    };
    CHECK(has(scaling("8"), "rope_scaling is 8; it must be an object"));
    CHECK(has(scaling("{}"), "rope_scaling has no field rope_type"));
    CHECK(has(scaling(R"({"type":["yarn"]})"), "type is [\"yarn\"]; it must be linear"));
    CHECK(has(scaling(R"({"type":"longrope"})"),
              "type is \"longrope\": a text's length chooses its frequencies; chapter 9"));
    CHECK(has(scaling(R"({"type":"mystery"})"), "type is \"mystery\"; it must be linear, ntk, llama3, yarn"));
    CHECK(has(scaling(R"({"type":"linear","factor":-1})"), "factor is -1; "));
    CHECK(has(scaling(R"({"type":"yarn","factor":2,"mscale":-1})"),
              "mscale is -1; it must be a number from 0"));
    CHECK(has(scaling(R"({"type":"yarn"})"), "has no field factor; add it"));
    CHECK(has(scaling(R"({"type":"yarn","factor":2,"truncate":0})"),
              "truncate is 0; it must be true or false"));
    CHECK(has(scaling(R"({"type":"llama3","factor":2,"low_freq_factor":4,"high_freq_factor":1,)"
                      R"("original_max_position_embeddings":9})"),
              "high_freq_factor 1 is below low_freq_factor 4"));
}

TEST_CASE("config: what is written strangely is refused by its field") {
    const auto with = [](const std::string& field) {
        return error(R"({"dim":6,"n_heads":2,)" + field + "}");
    };
    CHECK(has(with(R"("dim":8)"), "has the field dim twice; keep one"));
    CHECK(
        has(with(R"("rope_scaling":{"type":"linear","factor":2,"factor":4})"), "has the field factor twice"));
    CHECK(has(with(R"("hidden_size":8)"), "dim and hidden_size name the same thing and differ; keep one"));
    CHECK(with(R"("hidden_size":6)").empty());
    CHECK(has(with(R"("head_dim":64.0)"), "head_dim is 64.0; it must be a whole number"));
    CHECK(has(with(R"("max_seq_len":1e30)"), "max_seq_len is 1e+30; it must be a whole number"));
    CHECK(has(with(R"("attention_bias":"true")"), "attention_bias is \"true\"; it must be true or false"));
    CHECK(has(with(R"("attention_bias":1)"), "attention_bias is 1; it must be true or false"));
    CHECK(has(with(R"("use_sliding_window":"false")"), "use_sliding_window is \"false\"; "));
    CHECK(has(with(R"("sliding_window":0)"), "sliding_window is 0; it must be a whole number from 1"));
    CHECK(has(with(R"("layer_types":"full_attention")"),
              "layer_types is \"full_attention\"; it must be a list"));
    CHECK(has(with(R"("model_type":7)"), "model_type is 7; it must be a text in quotes"));
    CHECK(has(with(R"("query_pre_attn_scalar":"3")"), "query_pre_attn_scalar is \"3\"; it must be a number"));
    CHECK(has(with(R"("rope_theta":1e300)"), "rope_theta is 1e+300; it must be a number that float32 holds"));
    CHECK(has(with(R"("rope_theta":1e-300)"), "rope_theta is 1e-300; "));
    CHECK(has(with(R"("rope_theta":NaN)"), "is no JSON"));
    CHECK(with(R"("rope_theta":1)").empty());
    CHECK(has(with(R"("rope_theta":1,"rope_scaling":{"type":"yarn","factor":2})"),
              "rope_theta is 1; YaRN divides"));
    CHECK(has(with(R"("x":)" + std::string(100000, '[') + std::string(100000, ']')), "is nested too deeply"));
    CHECK(with(R"("use_sliding_window":false,"sliding_window":9)").empty());
    CHECK(has(with(R"("attention_foo_scale":1)"),
              "attention_foo_scale is 1: a field of this name may change attention, and is not understood"));
}

TEST_CASE("config: what a published model's config does not say") {
    const auto of = [](const std::string& type, const std::string& more = "") {
        return read(R"({"hidden_size":64,"num_attention_heads":32,"model_type":")" + type + "\"" + more +
                    "}");
    };
    CHECK(of("llama").n_kv_heads == std::nullopt);
    CHECK(of("llama").limits.empty());
    CHECK(of("mistral").n_kv_heads == 8U);
    REQUIRE(of("mistral").limits.size() == 1);
    CHECK(of("mistral").limits[0].tokens == 4096);
    CHECK(of("mistral", R"(,"sliding_window":null)").limits.empty());
    CHECK(of("mistral", R"(,"num_key_value_heads":null)").n_kv_heads == std::nullopt);
    CHECK(of("mixtral").rope_theta == 1e6);
    CHECK(of("gemma").head_dim == 256U);
    CHECK(of("qwen2").attention_bias == true);
    CHECK_FALSE(of("qwen2").output_bias);
    CHECK(of("qwen2", R"(,"sliding_window":9)").limits.empty());
    CHECK(of("llama").attention_bias == std::nullopt);
    CHECK(has(error_of([&] { of("granite"); }), "attention_multiplier is 1"));
    CHECK(of("granite", R"(,"attention_multiplier":0.70710678)").dim == 64);
}

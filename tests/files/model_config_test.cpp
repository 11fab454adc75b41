// Dimensions from Llama's params.json and Hugging Face's config.json, and what is wrong with them.
#include "common/files/model_config.hpp"

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
    CHECK(config.max_batch_size == 32);
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
    CHECK(yarn.max_batch_size == 3);
    CHECK(yarn.rope_scaling->beta_fast == 16.0);
    CHECK(yarn.rope_scaling->beta_slow == 2.0);
    CHECK(yarn.rope_scaling->mscale == 0.0);
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
    CHECK(
        has(scaling(R"({"type":"longrope"})"), "type is \"longrope\"; it must be linear, ntk, llama3, yarn"));
    CHECK(has(scaling(R"({"type":"linear","factor":-1})"), "factor is -1; "));
    CHECK(has(scaling(R"({"type":"yarn","mscale":-1})"), "mscale is -1; it must be a number from 0"));
}

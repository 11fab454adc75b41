// Dimensions of latent attention from DeepSeek's own config and from Hugging Face's, and what is wrong with
// them.
#include "common/files/latent_config.hpp"

#include <cmath>

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const std::string seeds = SOURCE_DIR "/tests/fuzz/seeds/latent_config/";

LatentModelConfig read(const std::string& contents) {
    const TemporaryFolder folder;
    return read_latent_config(folder.file("config.json", contents));
}

std::string error(const std::string& contents) {
    return error_of([&] { read(contents); });
}

// DeepSeek's own fields, and more of them.
std::string flat(const std::string& more) {
    return R"({"dim": 12, "n_heads": 3)" + more + "}";
}

// Hugging Face's, and more of them.
std::string hugging_face(const std::string& more) {
    return R"({"hidden_size": 12, "num_attention_heads": 3, "kv_lora_rank": 5, "qk_nope_head_dim": 7,)"
           R"("qk_rope_head_dim": 4, "v_head_dim": 9, "max_position_embeddings": 99)" +
           more + "}";
}

}  // namespace

TEST_CASE("latent config: DeepSeek's own, whose code knows what it leaves out") {
    const LatentModelConfig config = read(flat(""));
    CHECK(config.dim == 12);
    CHECK(config.n_heads == 3);
    CHECK(config.q_lora_rank == 0);
    CHECK(config.kv_lora_rank == 512);
    CHECK(config.qk_nope_head_dim == 128);
    CHECK(config.qk_rope_head_dim == 64);
    CHECK(config.v_head_dim == 128);
    CHECK_FALSE(config.max_batch_size.has_value());
    CHECK(config.max_seq_len == 16384);
    CHECK(config.rope_theta == 10000.0);

    // 16384 positions are more than 4096.
    REQUIRE(config.yarn.has_value());
    CHECK(config.yarn->factor == 40.0);
    CHECK(config.yarn->beta_fast == 32.0);
    CHECK(config.yarn->beta_slow == 1.0);
    CHECK(config.yarn->original_max_seq_len == 4096);
    CHECK(config.yarn->mscale == 1.0);
    CHECK(config.yarn->rotation_scale == 1.0);

    const LatentModelConfig large = read_latent_config(seeds + "deepseek_v3.json");
    CHECK(large.dim == 7168);
    CHECK(large.n_heads == 128);
    CHECK(large.q_lora_rank == 1536);
}

TEST_CASE("latent config: DeepSeek's own, every field") {
    const std::string fields =
        R"(, "q_lora_rank": 6, "kv_lora_rank": 5, "qk_nope_head_dim": 7, "qk_rope_head_dim": 4, "v_head_dim": 9,)"
        R"("original_seq_len": 50, "rope_theta": 500.5, "rope_factor": 4, "beta_fast": 16, "beta_slow": 2,)"
        R"("mscale": 0.707, "max_batch_size": 2)";
    const LatentModelConfig config = read(flat(fields + R"(, "max_seq_len": 51)"));
    CHECK(config.q_lora_rank == 6);
    CHECK(config.kv_lora_rank == 5);
    CHECK(config.qk_nope_head_dim == 7);
    CHECK(config.qk_rope_head_dim == 4);
    CHECK(config.v_head_dim == 9);
    CHECK(config.max_batch_size == 2U);
    CHECK(config.max_seq_len == 51);
    CHECK(config.rope_theta == 500.5);
    REQUIRE(config.yarn.has_value());
    CHECK(config.yarn->factor == 4.0);
    CHECK(config.yarn->beta_fast == 16.0);
    CHECK(config.yarn->beta_slow == 2.0);
    CHECK(config.yarn->original_max_seq_len == 50);
    CHECK(config.yarn->mscale == 0.707);
    CHECK(config.yarn->rotation_scale == 1.0);

    // No position is beyond those trained on.
    CHECK_FALSE(read(flat(fields + R"(, "max_seq_len": 50)")).yarn.has_value());
    CHECK_FALSE(read(flat(R"(, "max_seq_len": 4096)")).yarn.has_value());
    CHECK(read(flat(R"(, "mscale": 0)")).yarn->mscale == 0.0);
}

TEST_CASE("latent config: Hugging Face's") {
    const LatentModelConfig config = read(hugging_face(""));
    CHECK(config.dim == 12);
    CHECK(config.n_heads == 3);
    CHECK(config.q_lora_rank == 0);
    CHECK(config.kv_lora_rank == 5);
    CHECK(config.qk_nope_head_dim == 7);
    CHECK(config.qk_rope_head_dim == 4);
    CHECK(config.v_head_dim == 9);
    CHECK_FALSE(config.max_batch_size.has_value());
    CHECK(config.max_seq_len == 99);
    CHECK(config.rope_theta == 10000.0);
    CHECK_FALSE(config.yarn.has_value());

    CHECK(read(hugging_face(R"(, "q_lora_rank": null)")).q_lora_rank == 0);
    CHECK(read(hugging_face(R"(, "q_lora_rank": 0)")).q_lora_rank == 0);
    CHECK(read(hugging_face(R"(, "q_lora_rank": 6)")).q_lora_rank == 6);
    CHECK(read(hugging_face(R"(, "rope_theta": 7, "rope_scaling": null)")).rope_theta == 7.0);
    CHECK_FALSE(read(hugging_face(R"(, "rope_interleave": true, "attention_bias": false)")).yarn.has_value());

    // However many positions there are: it is the object that asks for YaRN.
    CHECK_FALSE(read(hugging_face(R"(, "original_seq_len": 9)")).yarn.has_value());

    const LatentModelConfig newer =
        read(hugging_face(R"(, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6})"));
    CHECK(newer.rope_theta == 1e6);
    CHECK_FALSE(newer.yarn.has_value());
}

TEST_CASE(
    "latent config: Hugging Face's YaRN scales the softmax by mscale_all_dim, cos and sin by the rest") {
    const auto yarn = [](const std::string& object) {
        return read(hugging_face(R"(, "rope_scaling": {"type": "yarn", "factor": 40)" + object + "}"))
            .yarn.value();
    };
    const LatentYarn bare = yarn("");
    CHECK(bare.factor == 40.0);
    CHECK(bare.beta_fast == 32.0);
    CHECK(bare.beta_slow == 1.0);
    CHECK(bare.original_max_seq_len == 99);
    CHECK(bare.mscale == 0.0);
    CHECK(bare.rotation_scale == 0.1 * std::log(40.0) + 1.0);

    const LatentYarn all = yarn(
        R"(, "beta_fast": 16, "beta_slow": 2, "original_max_position_embeddings": 60, "mscale": 0.5, "mscale_all_dim": 0.8)");
    CHECK(all.beta_fast == 16.0);
    CHECK(all.beta_slow == 2.0);
    CHECK(all.original_max_seq_len == 60);
    CHECK(all.mscale == 0.8);
    CHECK(std::abs(all.rotation_scale - (0.05 * std::log(40.0) + 1.0) / (0.08 * std::log(40.0) + 1.0)) <
          1e-15);

    // The same for both: cos and sin stay as they are.
    CHECK(yarn(R"(, "mscale": 0.707, "mscale_all_dim": 0.707)").rotation_scale == 1.0);
    CHECK(yarn(R"(, "mscale": 0)").rotation_scale == 1.0);

    // A factor that stretches nothing enlarges nothing.
    const LatentYarn one =
        read(hugging_face(R"(, "rope_scaling": {"rope_type": "yarn", "factor": 0.5, "mscale": 3})"))
            .yarn.value();
    CHECK(one.factor == 0.5);
    CHECK(one.rotation_scale == 1.0);

    const LatentModelConfig lite = read_latent_config(seeds + "hugging_face_v2_lite.json");
    CHECK(lite.max_seq_len == 163840);
    CHECK(lite.q_lora_rank == 0);
    CHECK(lite.yarn.value().original_max_seq_len == 4096);
    CHECK(lite.yarn->mscale == 0.707);
    CHECK(lite.yarn->rotation_scale == 1.0);
}

TEST_CASE("latent config: both in one file") {
    // A cache of 20 tokens leaves YaRN as it was trained.
    const LatentModelConfig short_cache = read(hugging_face(
        R"(, "max_seq_len": 20, "max_batch_size": 1, "rope_scaling": {"type": "yarn", "factor": 2})"));
    CHECK(short_cache.max_seq_len == 20);
    CHECK(short_cache.max_batch_size == 1U);
    CHECK(short_cache.yarn.value().original_max_seq_len == 99);

    // With a hidden_size it is Hugging Face's, which has no size by default.
    CHECK(read(hugging_face(R"(, "dim": 12)")).kv_lora_rank == 5);
    CHECK(has(error(flat(R"(, "hidden_size": 12)")), "has no field kv_lora_rank; add kv_lora_rank"));
    CHECK(read(R"({"dim": 6, "num_attention_heads": 2, "max_position_embeddings": 77})").max_seq_len == 77);

    // An object that says what to do about positions is heard in either; with the flat fields beside it,
    // which counts?
    CHECK_FALSE(read(flat(R"(, "rope_scaling": {"type": "default"})")).yarn.has_value());
    CHECK(
        has(error(flat(R"(, "rope_factor": 9, "rope_scaling": {"type": "default"})")), "rope_factor is 9: "));
}

TEST_CASE("latent config: each mistake names its field") {
    CHECK(has(error("{\n  \"dim\" 6}"), "config.json: is no JSON: line 2, column 9"));
    CHECK(has(error("[6, 2]"), "is no JSON object"));
    CHECK(has(error(R"({"n_heads": 2})"), "has no field dim; add dim, or hidden_size"));
    CHECK(has(error(R"({"dim": 6})"), "has no field n_heads; add n_heads, or num_attention_heads"));
    CHECK(has(error(R"({"hidden_size": 6, "n_heads": 2, "kv_lora_rank": 4, "qk_nope_head_dim": 4})"),
              "has no field qk_rope_head_dim; add qk_rope_head_dim"));

    for (const std::string name : {"kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim",
                                   "max_batch_size", "max_seq_len", "original_seq_len"}) {
        CAPTURE(name);
        CHECK(has(error(flat(", \"" + name + "\": 0")), name + " is 0; it must be a whole number from 1"));
    }
    for (const std::string name : {"rope_theta", "rope_factor", "beta_fast", "beta_slow"}) {
        CAPTURE(name);
        CHECK(has(error(flat(", \"" + name + "\": 0")), name + " is 0; it must be a number above 0"));
    }
    CHECK(has(error(flat(R"(, "mscale": -1)")), "mscale is -1; it must be a number from 0"));
    for (const std::string rank : {"\"6\"", "1.5", "-1", "true", "2147483648"}) {
        CAPTURE(rank);
        const std::string said =
            "q_lora_rank is " + rank + "; it must be a whole number from 0 to 2147483647, or null";
        CHECK(has(error(flat(", \"q_lora_rank\": " + rank)), said));
        CHECK(has(error(hugging_face(", \"q_lora_rank\": " + rank)), said));
    }

    // Of a long value its beginning is enough: 40 characters.
    const std::string many(100, '7');
    CHECK(has(error(flat(", \"q_lora_rank\": \"" + many + "\"")),
              "q_lora_rank is \"" + many.substr(0, 39) + "; it must be"));

    CHECK(has(error(hugging_face(R"(, "rope_interleave": false)")),
              "rope_interleave is false; it must be true: rotary pairs are neighbours here"));
    CHECK(has(error(hugging_face(R"(, "attention_bias": true)")),
              "attention_bias is true; it must be false: projections have no bias here"));
    CHECK(has(error(hugging_face(R"(, "attention_bias": 0)")),
              "attention_bias is 0; it must be true or false"));

    // Sizes that follow from others.
    CHECK(error(hugging_face(R"(, "num_key_value_heads": 3, "head_dim": 4, "qk_head_dim": 11)")).empty());
    CHECK(has(error(hugging_face(R"(, "num_key_value_heads": 1)")),
              "num_key_value_heads is 1; the other fields make it 3"));
    CHECK(has(error(hugging_face(R"(, "head_dim": 5)")), "head_dim is 5; "));
    CHECK(has(error(hugging_face(R"(, "qk_head_dim": 12)")), "qk_head_dim is 12; "));

    const auto quantized = [](const std::string& object) {
        return error(hugging_face(R"(, "quantization_config": )" + object));
    };
    CHECK(quantized(R"({"quant_method": "fp8", "weight_block_size": [128, 128], "fmt": "e4m3"})").empty());
    CHECK(has(quantized(R"({"quant_method": "awq"})"), "it must be of quant_method fp8"));
    CHECK(has(quantized(R"({"quant_method": "fp8", "weight_block_size": [64, 64]})"),
              "weight_block_size is [64,64]; it must be [128,128]"));
    CHECK(
        has(error(hugging_face(R"(, "index_topk_mask": 4)")), "index_topk_mask is 4: a field of this name"));
    CHECK(has(error(hugging_face(R"(, "model_type": "llama")")), "chapters 5 and 6 run it"));
    CHECK(read(hugging_face(R"(, "swiglu_limit": 7)")).ignored == std::vector<std::string>{"swiglu_limit"});
    CHECK(read(hugging_face(R"(, "model_type": "deepseek_v3")")).q_lora_rank == 1536);

    const auto scaling = [](const std::string& value) {
        return error(hugging_face(R"(, "rope_scaling": )" + value));
    };
    CHECK(has(scaling("8"), "rope_scaling is 8; it must be an object"));
    CHECK(has(scaling("{}"), "rope_scaling has no field rope_type; add it"));
    CHECK(has(scaling(R"({"rope_type": "llama3"})"), "rope_type is \"llama3\"; it must be yarn or default"));
    CHECK(has(scaling(R"({"type": "linear", "factor": 2})"), "type is \"linear\"; "));
    CHECK(has(scaling(R"({"type": "yarn"})"), "rope_scaling has no field factor; add it"));
    for (const std::string field : {"factor", "beta_fast", "beta_slow", "original_max_position_embeddings"}) {
        CAPTURE(field);
        const std::string factor = field == "factor" ? "" : R"("factor": 2, )";
        CHECK(has(scaling(R"({"type": "yarn", )" + factor + "\"" + field + "\": 0}"), field + " is 0; "));
    }
    CHECK(has(scaling(R"({"type": "yarn", "factor": 2, "mscale": "x"})"), "mscale is \"x\"; "));
    CHECK(
        has(scaling(R"({"type": "yarn", "factor": 2, "mscale_all_dim": -0.1})"), "mscale_all_dim is -0.1; "));
    CHECK(has(error(hugging_face(R"(, "rope_parameters": {"rope_type": "default", "rope_theta": "big"})")),
              "rope_theta is \"big\"; it must be a number above 0"));
}

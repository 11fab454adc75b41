// Dimensions of a Llama 4 model from its reference's params.json and from Hugging Face's config.json. The
// table tests/hostile/llama4_configs.tsv has what is refused.
#include "common/files/llama4_config.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using Layers = std::vector<std::size_t>;

Llama4ModelConfig read(const std::string& contents) {
    const TemporaryFolder folder;
    return read_llama4_config(folder.file("config.json", contents));
}

// The reference's fields that must be there, and more of them.
Llama4ModelConfig reference(const std::string& more) {
    return read(R"({"dim": 12, "n_layers": 9, "n_heads": 3, "vocab_size": 7)" + more + "}");
}

// Hugging Face's for as many layers, and more of them.
Llama4ModelConfig hugging_face(const std::string& more) {
    return read(R"({"hidden_size": 12, "num_hidden_layers": 9)" + more + "}");
}

}  // namespace

TEST_CASE("llama 4 config: the reference's, with its defaults") {
    const Llama4ModelConfig config = reference("");
    CHECK(config.dim == 12);
    CHECK(config.n_layers == 9);
    CHECK(config.n_heads == 3);
    CHECK_FALSE(config.n_kv_heads.has_value());
    CHECK(config.head_dim == 4);
    CHECK(config.vocab_size == 7);
    CHECK(config.norm_eps == 1e-5);
    CHECK_FALSE(config.max_batch_size.has_value());
    CHECK_FALSE(config.max_seq_len.has_value());
    CHECK_FALSE(config.add_bias.has_value());
    CHECK_FALSE(config.tied);
    CHECK(config.nope_layers.empty());
    CHECK(config.global_layers.empty());
    CHECK_FALSE(config.attention_chunk_size.has_value());
    CHECK_FALSE(config.use_qk_norm);
    CHECK_FALSE(config.attn_temperature_tuning);
    CHECK(config.floor_scale == 8192.0);
    CHECK(config.attn_scale == 0.1);
    CHECK(config.rope_theta == 500000.0);
    CHECK_FALSE(config.rope_scaling.has_value());
    CHECK_FALSE(config.widths.has_value());
    CHECK(config.multiple_of == 256);
    CHECK(config.ffn_dim_multiplier == 1.0);
    CHECK(config.ffn_exp == 4.0);
    CHECK(config.moe_layers.empty());
    CHECK(config.ignored.empty());
}

TEST_CASE("llama 4 config: the reference's, every field") {
    const Llama4ModelConfig config = reference(
        R"(, "n_kv_heads": 1, "head_dim": 4, "norm_eps": 0.25, "max_batch_size": 2, "max_seq_len": 50,)"
        R"("add_bias": true, "nope_layer_interval": 4, "attention_chunk_size": 5, "use_qk_norm": true,)"
        R"("attn_temperature_tuning": 4, "floor_scale": 6, "attn_scale": 0, "rope_theta": 100, "multiple_of": 8,)"
        R"("ffn_dim_multiplier": 1.5, "ffn_exp": 2.5, "moe_args": {"num_experts": 6, "top_k": 2,)"
        R"("interleave_moe_layer_step": 3, "capacity_factor": 0.5, "auto_scale_F": true})");
    CHECK(config.n_kv_heads == 1U);
    CHECK(config.norm_eps == 0.25);
    CHECK(config.max_batch_size == 2U);
    CHECK(config.max_seq_len == 50U);
    CHECK(config.add_bias == true);
    CHECK(config.nope_layers == Layers{3, 7});
    CHECK(config.global_layers == Layers{3, 7});
    CHECK(config.attention_chunk_size == 5U);
    CHECK(config.use_qk_norm);
    CHECK(config.attn_temperature_tuning);
    CHECK(config.floor_scale == 6.0);
    CHECK(config.attn_scale == 0.0);
    CHECK(config.rope_theta == 100.0);
    CHECK(config.multiple_of == 8);
    CHECK(config.ffn_dim_multiplier == 1.5);
    CHECK(config.ffn_exp == 2.5);
    CHECK(config.moe_layers == Layers{2, 5, 8});
    CHECK(config.num_experts == 6);
    CHECK(config.top_k == 2);
    CHECK(config.capacity == 1.5);

    const Llama4ModelConfig other =
        reference(R"(, "attn_temperature_tuning": 0, "moe_args": {"num_experts": 2, "auto_scale_F": false})");
    CHECK_FALSE(other.attn_temperature_tuning);
    CHECK(other.moe_layers.size() == 9);
    CHECK(other.top_k == 1);
    CHECK(other.capacity == 1.0);
    CHECK(reference(R"(, "moe_args": {"num_experts": 2})").capacity == 2.0);
}

TEST_CASE(
    "llama 4 config: the reference scales rotary frequencies by 16 where its file only says that it does") {
    CHECK_FALSE(
        reference(R"(, "use_scaled_rope": false, "rope_scaling_factor": 8)").rope_scaling.has_value());
    const RopeScaling scout = reference(R"(, "use_scaled_rope": true)").rope_scaling.value();
    CHECK(scout.type == "llama3");
    CHECK(scout.factor == 16.0);
    CHECK(scout.low_freq_factor == 1.0);
    CHECK(scout.high_freq_factor == 1.0);
    CHECK(scout.original_max_seq_len == 8192);
    const RopeScaling other =
        reference(R"(, "use_scaled_rope": true, "rope_scaling_factor": 8, "rope_high_freq_factor": 4)")
            .rope_scaling.value();
    CHECK(other.factor == 8.0);
    CHECK(other.high_freq_factor == 4.0);
}

TEST_CASE("llama 4 config: Hugging Face's, with the defaults of Llama4TextConfig") {
    const Llama4ModelConfig config = hugging_face("");
    CHECK(config.dim == 12);
    CHECK(config.n_layers == 9);
    CHECK(config.n_heads == 40);
    CHECK(config.n_kv_heads == 8U);
    CHECK(config.head_dim == 128);
    CHECK(config.vocab_size == 202048);
    CHECK(config.nope_layers == Layers{3, 7});
    CHECK(config.global_layers == Layers{3, 7});
    CHECK(config.attention_chunk_size == 8192U);
    CHECK(config.use_qk_norm);
    CHECK(config.attn_temperature_tuning);
    CHECK(config.widths.value().dense == 16384);
    CHECK(config.widths.value().expert == 8192);
    CHECK(config.moe_layers.size() == 9);
    CHECK(config.num_experts == 16);
    CHECK(config.top_k == 1);
    CHECK_FALSE(config.rope_scaling.has_value());

    // An object inside of another has them too, even an empty one.
    const Llama4ModelConfig inside =
        read(R"({"model_type": "llama4", "text_config": {}, "vision_config": {}})");
    CHECK(inside.dim == 5120);
    CHECK(inside.n_layers == 48);
    CHECK(inside.nope_layers.size() == 12);
}

TEST_CASE("llama 4 config: Hugging Face's lists of layers are stronger than its intervals") {
    const Llama4ModelConfig intervals =
        hugging_face(R"(, "no_rope_layer_interval": 2, "interleave_moe_layer_step": 4)");
    CHECK(intervals.nope_layers == Layers{1, 3, 5, 7});
    CHECK(intervals.global_layers == Layers{1, 3, 5, 7});
    CHECK(intervals.moe_layers == Layers{3, 7});

    // 1 stands for RoPE. Which layers are global follows from it, unless layer_types says otherwise.
    const std::string no_rope = R"(, "no_rope_layer_interval": 2, "interleave_moe_layer_step": 4,)"
                                R"("no_rope_layers": [1, 1, 0, 1, 1, 0, 1, 1, 1], "moe_layers": [8, 1, 1])";
    const Llama4ModelConfig lists = hugging_face(no_rope);
    CHECK(lists.nope_layers == Layers{2, 5});
    CHECK(lists.global_layers == Layers{2, 5});
    CHECK(lists.moe_layers == Layers{8, 1});
    const std::string full = R"("full_attention")", chunked = R"("chunked_attention")";
    const Llama4ModelConfig types = hugging_face(
        no_rope +
        fmt::format(R"(, "layer_types": [{0}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {0}])", full, chunked));
    CHECK(types.nope_layers == Layers{2, 5});
    CHECK(types.global_layers == Layers{0, 8});
    CHECK(hugging_face(R"(, "no_rope_layers": [], "moe_layers": [])").nope_layers == Layers{3, 7});
    CHECK(hugging_face(R"(, "no_rope_layers": [], "moe_layers": [])").moe_layers.empty());
}

TEST_CASE("llama 4 config: tied embeddings, whichever object of Hugging Face's says so") {
    CHECK(hugging_face(R"(, "tie_word_embeddings": true)").tied);
    CHECK(read(R"({"text_config": {"tie_word_embeddings": true}})").tied);
    CHECK(read(R"({"text_config": {}, "tie_word_embeddings": true})").tied);
    CHECK_FALSE(read(R"({"text_config": {}, "tie_word_embeddings": false})").tied);
}

TEST_CASE("llama 4 config: Hugging Face's rotary embeddings") {
    const std::string numbers = R"("factor": 8, "low_freq_factor": 2, "high_freq_factor": 4,)"
                                R"("original_max_position_embeddings": 99})";
    const Llama4ModelConfig scaled =
        hugging_face(R"(, "rope_theta": 7, "rope_scaling": {"rope_type": "llama3", )" + numbers);
    CHECK(scaled.rope_theta == 7.0);
    CHECK(scaled.rope_scaling.value().factor == 8.0);
    CHECK(scaled.rope_scaling.value().low_freq_factor == 2.0);
    CHECK(scaled.rope_scaling.value().high_freq_factor == 4.0);
    CHECK(scaled.rope_scaling.value().original_max_seq_len == 99);
    CHECK_FALSE(hugging_face(R"(, "rope_scaling": {"rope_type": "default"})").rope_scaling.has_value());
    CHECK_FALSE(hugging_face(R"(, "rope_scaling": null)").rope_scaling.has_value());
}

// Configs as they are published (tests/configs): chapters 5 to 7 and 9 run them, or refuse them by name.
// Nothing in between.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "chapters/09_every_model/read_recipe.hpp"
#include "common/files/model_config.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};
const std::string folder_of_configs = SOURCE_DIR "/tests/configs/";

// What a chapter says first, after the path; "" where it runs the layer.
struct Row {
    const char* file;
    const char* chapters_5_and_6;
    const char* chapter_7;
};
const Row rows[] = {
    {"command_r_v01", "model_type is cohere: pairs of rotary positions are neighbours",
     "model_type is cohere"},
    {"deepseek_v2_lite", "model_type is deepseek_v2: it is latent attention; chapter 7 runs it", ""},
    {"deepseek_v3", "model_type is deepseek_v3: it is latent attention; chapter 7 runs it", ""},
    {"gemma_2_2b", "model_type is gemma2: scores are capped", "model_type is gemma2"},
    {"gemma_3_1b", "model_type is gemma3_text: queries and keys are normalised", "model_type is gemma3_text"},
    {"glm_4_9b", "model_type is glm: half of each head is rotated", "model_type is glm"},
    {"gpt_oss_20b", "model_type is gpt_oss: the softmax has a sink", "model_type is gpt_oss"},
    {"granite_3.0_2b", "attention_multiplier is 0.015625", "model_type is granite"},
    {"llama_3.1_8b", "", "model_type is llama: it is grouped-query attention; chapters 5 and 6 run it"},
    {"llama_3.2_1b", "", "model_type is llama"},
    {"mistral_7b_v0.1", "", "model_type is mistral"},
    {"olmo_2_1b", "model_type is olmo2: queries and keys are normalised", "model_type is olmo2"},
    {"phi_3_mini_128k", "model_type is phi3: its projections are one tensor", "model_type is phi3"},
    {"phi_3_mini_4k", "model_type is phi3: its projections are one tensor", "model_type is phi3"},
    {"qwen2.5_0.5b", "", "model_type is qwen2"},
    {"qwen3_0.6b", "model_type is qwen3: queries and keys are normalised", "model_type is qwen3"},
    {"smollm3_3b", "model_type is smollm3: some layers have no positions", "model_type is smollm3"}};

void check(int chapter, const std::string& path, const std::string& refusal) {
    CAPTURE(chapter, path);
    const Finished finished = run_piped(program(chapter) + " --scoreboard --config '" + path + "'", utf8);
    if (refusal.empty()) {
        CHECK(finished.errors.empty());
        CHECK(finished.status == 0);
    } else {
        CHECK(finished.status == 2);
        CHECK(finished.output.empty());
        CHECK(finished.errors.starts_with("walk " + std::to_string(chapter) + ": " + path + ": " + refusal));
    }
}

}  // namespace

TEST_CASE("published configs: run or refused by name in chapters 5, 6, 7 and 9") {
    for (const Row& row : rows) {
        const std::string path = folder_of_configs + row.file + ".json";
        check(5, path, row.chapters_5_and_6);
        check(6, path, row.chapters_5_and_6);
        check(7, path, row.chapter_7);
        check(9, path, *row.chapter_7 == '\0' ? row.chapters_5_and_6 : "");  // all but those of chapter 7
    }
    using Files = std::filesystem::directory_iterator;
    CHECK(std::distance(Files(folder_of_configs), Files()) == static_cast<long>(std::size(rows)));
}

namespace {

// Fields that may change attention, each with a value that switches something on.
const nlohmann::json changes = {{"add_cross_attention", true},
                                {"alibi", true},
                                {"attention_chunk_size", 8192},
                                {"attention_multiplier", 0.3},
                                {"attention_out_bias", true},
                                {"attention_scale", 0.3},
                                {"attention_sinks", 4},
                                {"attention_type", "local"},
                                {"attn_logit_softcapping", 50.0},
                                {"attn_scale", 0.1},
                                {"attn_temperature_tuning", true},
                                {"bias", true},
                                {"clip_qkv", 8.0},
                                {"floor_scale_attention", 8192},
                                {"is_causal", false},
                                {"is_encoder_decoder", true},
                                {"kv_lora_rank", 512},
                                {"layer_norm_qk", true},
                                {"logit_soft_cap", 30.0},
                                {"mask_future_only", false},
                                {"max_relative_position", 32},
                                {"multi_query", true},
                                {"no_rope_layer_interval", 4},
                                {"no_rope_layers", {1, 1, 0}},
                                {"num_query_groups", 3},
                                {"partial_rotary_factor", 0.5},
                                {"position_embedding_type", "nope"},
                                {"qk_layernorm", true},
                                {"qk_norm", true},
                                {"qkv_bias", true},
                                {"query_pre_attn_scalar", 7},
                                {"rope_interleaved", true},
                                {"rope_local_base_freq", 10000},
                                {"rope_percent", 0.5},
                                {"rotary_base_scaling", 2},
                                {"rotary_dim", 16},
                                {"rotary_pct", 0.25},
                                {"scale_attn_weights", false},
                                {"sink_tokens", 4},
                                {"sliding_window_pattern", 6},
                                {"softmax_temperature", 2.0},
                                {"use_alibi", true},
                                {"use_bidirectional_attention", true},
                                {"use_qk_norm", true},
                                {"use_rope", false},
                                {"v_head_dim", 64},
                                {"window_size", 512},
                                {"yarn_factor", 4}};

}  // namespace

TEST_CASE("published configs: chapter 6 never passes over a field that changes attention") {
    const TemporaryFolder folder;
    for (const Row& row : rows) {
        nlohmann::json config = nlohmann::json::parse(std::ifstream(folder_of_configs + row.file + ".json"));
        for (const auto& [field, value] : changes.items()) {
            CAPTURE(row.file, field);
            nlohmann::json changed = config;
            changed[field] = value;
            const std::string said =
                error_of([&] { read_model_config(folder.file("config.json", changed.dump())); });
            // A config that is refused as it is may be refused for that.
            CHECK(has(said, *row.chapters_5_and_6 == '\0' ? field + " is " : ": "));
        }
    }
}

TEST_CASE("published configs: chapter 9 uses such a field, and says so, or refuses it by its name") {
    const TemporaryFolder folder;
    for (const Row& row : rows) {
        if (*row.chapter_7 == '\0') continue;
        const nlohmann::json config =
            nlohmann::json::parse(std::ifstream(folder_of_configs + row.file + ".json"));
        for (const auto& [field, value] : changes.items()) {
            if (config.contains(field) && config.at(field) == value) continue;
            CAPTURE(row.file, field);
            nlohmann::json changed = config;
            changed[field] = value;
            std::string said;
            const std::string refused = error_of([&] {
                for (const ch9::Choice& choice :
                     ch9::read_recipe(folder.file("config.json", changed.dump()), {}).choices) {
                    said += choice.source + "; ";
                }
            });
            // Phi-3's list of factors has one for each rotated pair, so it does not fit another share.
            const bool is_refused_by_list = field == "partial_rotary_factor" && has(refused, "short_factor");
            CHECK((is_refused_by_list || has(refused.empty() ? said : refused, field)));
        }
    }
}

#include "chapters/09_every_model/models.hpp"

#include <algorithm>

namespace ch9 {
namespace {

using nlohmann::json;

// --- which layers have a window

LayerKind all_slide(const Fields&, std::size_t, bool) {
    return LayerKind::sliding;
}

LayerKind even_ones_slide(const Fields&, std::size_t layer, bool) {
    return layer % 2 == 0 ? LayerKind::sliding : LayerKind::full;
}

// Gemma 3: the last of each six layers sees the whole text.
LayerKind all_but_every_sixth_slide(const Fields& fields, std::size_t layer, bool) {
    const std::size_t pattern = fields.size({"sliding_window_pattern"}).value_or(6);
    fields.pass({"_sliding_window_pattern"});  // written by the library, and not read again
    return (layer + 1) % pattern == 0 ? LayerKind::full : LayerKind::sliding;
}

// Qwen: the upper layers.
LayerKind upper_ones_slide(const Fields& fields, std::size_t layer, bool) {
    const std::size_t first = fields.size_from_zero({"max_window_layers"}).value_or(28);
    return layer >= first ? LayerKind::sliding : LayerKind::full;
}

// SmolLM3: those without positions.
LayerKind those_without_rope_slide(const Fields&, std::size_t, bool has_rope) {
    return has_rope ? LayerKind::full : LayerKind::sliding;
}

// Qwen3-Next: the last of each four layers has softmax attention.
LayerKind every_fourth_is_full(const Fields& fields, std::size_t layer, bool) {
    const std::size_t interval = fields.size({"full_attention_interval"}).value_or(4);
    return (layer + 1) % interval == 0 ? LayerKind::full : LayerKind::linear;
}

constexpr const char* max_window_layers = "max_window_layers";
constexpr const char* use_window = "use_sliding_window";
constexpr const char* pattern = "sliding_window_pattern";

// --- biases and names

constexpr BiasRule never = {.field = nullptr, .value = false};
constexpr BiasRule always = {.field = nullptr, .value = true};
constexpr BiasRule not_on_output = {.field = "attention_bias", .on_output = false};

const TensorNames gpt_neox_names = {.attention = "attention.",
                                    .qkv = "query_key_value",
                                    .o = "dense",
                                    .words = "embed_in",
                                    .no_weights = {"bias", "masked_bias", "rotary_emb."}};
const TensorNames gpt2_names = {.layer = "h.{}.",
                                .attention = "attn.",
                                .qkv = "c_attn",
                                .o = "c_proj",
                                .norm = "ln_1",
                                .words = "wte",
                                .positions = "wpe",
                                .no_weights = {"bias", "masked_bias"}};
const TensorNames bert_names = {.layer = "encoder.layer.{}.",
                                .attention = "attention.",
                                .q = "self.query",
                                .k = "self.key",
                                .v = "self.value",
                                .o = "output.dense",
                                .norm = "",
                                .words = "embeddings.word_embeddings",
                                .positions = "embeddings.position_embeddings",
                                .types = "embeddings.token_type_embeddings",
                                .words_norm = "embeddings.LayerNorm",
                                .no_weights = {"output.LayerNorm."}};
const TensorNames bloom_names = {.layer = "h.{}.",
                                 .attention = "self_attention.",
                                 .qkv = "query_key_value",
                                 .o = "dense",
                                 .words = "word_embeddings",
                                 .words_norm = "word_embeddings_layernorm"};
const TensorNames mpt_names = {.layer = "blocks.{}.",
                               .attention = "attn.",
                               .qkv = "Wqkv",
                               .o = "out_proj",
                               .norm = "norm_1",
                               .words = "wte"};

TensorNames t5_names(const std::string& stack) {
    return {.layer = stack + ".block.{}.layer.0.",
            .attention = "SelfAttention.",
            .q = "q",
            .k = "k",
            .v = "v",
            .o = "o",
            .distance_bias = stack + ".block.0.layer.0.SelfAttention.relative_attention_bias",
            .norm = "layer_norm",
            .words = "shared",
            .no_weights = {"relative_attention_bias."}};
}

const json glm_defaults = {{"attention_bias", true},
                           {"head_dim", 128U},
                           {"max_position_embeddings", 131072U},
                           {"num_key_value_heads", 2U},
                           {"partial_rotary_factor", 0.5},
                           {"rms_norm_eps", 1.5625e-7}};

Model t5(const std::string& stack, bool decoder) {
    return {.type = "t5",
            .defaults = {{"d_kv", 64U},
                         {"layer_norm_epsilon", 1e-6},
                         {"relative_attention_max_distance", 128U},
                         {"relative_attention_num_buckets", 32U}},
            .names = t5_names(stack),
            .decoder = decoder,
            .bias = never,
            .rope = {},
            .distance_bias = true,
            .scale = Scale::none,
            .causal = decoder,
            .no_effect = {"is_encoder_decoder"}};
}

constexpr QkNormRule each_head = {}, whole_width = {.over = QkNorm::Over::whole_width};
constexpr RopeRule neighbours = {.pairs = Rope::Pairs::neighbours};
constexpr RopeRule half_of_neighbours = {.pairs = Rope::Pairs::neighbours, .share = "partial_rotary_factor"};
constexpr RopeRule partial = {.share = "partial_rotary_factor"};

}  // namespace

const std::vector<Model>& models() {
    static const std::vector<Model> rows = {
        {.type = "llama", .defaults = {{"max_position_embeddings", 2048U}, {"rms_norm_eps", 1e-6}}},
        {.type = "mistral",
         .defaults = {{"max_position_embeddings", 131072U}, {"rms_norm_eps", 1e-6}},
         .bias = never,
         .layers = {.kind = all_slide, .told_by = "sliding_window"}},
        {.type = "ministral",
         .defaults = {{"max_position_embeddings", 131072U},
                      {"num_key_value_heads", 8U},
                      {"rms_norm_eps", 1e-6},
                      {"sliding_window", 4096U}},
         .bias = never,
         .layers = {.kind = all_slide, .told_by = "sliding_window", .has_layer_types = true}},
        {.type = "mixtral",
         .defaults = {{"max_position_embeddings", 131072U}, {"rms_norm_eps", 1e-5}},
         .bias = never,
         .layers = {.kind = all_slide, .told_by = "sliding_window"}},
        {.type = "qwen2",
         .defaults = {{"max_position_embeddings", 32768U}, {"rms_norm_eps", 1e-6}, {"sliding_window", 4096U}},
         .bias = {.field = nullptr, .value = true, .on_output = false},
         .layers = {.kind = upper_ones_slide,
                    .told_by = max_window_layers,
                    .has_layer_types = true,
                    .window_switch = use_window}},
        {.type = "qwen3",
         .defaults = {{"head_dim", 128U},
                      {"max_position_embeddings", 32768U},
                      {"num_key_value_heads", 32U},
                      {"rms_norm_eps", 1e-6},
                      {"sliding_window", 4096U},
                      {"use_sliding_window", false}},
         .qk_norm = each_head,
         .layers = {.kind = upper_ones_slide,
                    .told_by = max_window_layers,
                    .has_layer_types = true,
                    .window_switch = use_window}},
        {.type = "qwen3_moe",
         .defaults = {{"max_position_embeddings", 32768U},
                      {"num_key_value_heads", 4U},
                      {"rms_norm_eps", 1e-6},
                      {"sliding_window", 4096U},
                      {"use_sliding_window", false}},
         .qk_norm = each_head,
         .layers = {.kind = all_slide, .told_by = "sliding_window", .window_switch = use_window}},
        {.type = "gemma",
         .defaults = {{"max_position_embeddings", 8192U}, {"rms_norm_eps", 1e-6}},
         .one_plus_weight = true,
         .embedding = {.times_sqrt_dim = true}},
        {.type = "gemma2",
         .defaults = {{"attn_logit_softcapping", 50.0},
                      {"head_dim", 256U},
                      {"max_position_embeddings", 8192U},
                      {"num_key_value_heads", 4U},
                      {"query_pre_attn_scalar", 256U},
                      {"rms_norm_eps", 1e-6},
                      {"sliding_window", 4096U}},
         .one_plus_weight = true,
         .scale = Scale::query_pre_attn_scalar,
         .soft_cap = true,
         .layers = {.kind = even_ones_slide, .has_layer_types = true},
         .embedding = {.times_sqrt_dim = true}},
        {.type = "gemma3_text",
         .defaults = {{"head_dim", 256U},
                      {"max_position_embeddings", 131072U},
                      {"num_key_value_heads", 4U},
                      {"query_pre_attn_scalar", 256U},
                      {"rms_norm_eps", 1e-6},
                      {"rope_local_base_freq", 10000.0},
                      {"rope_theta", 1e6},
                      {"sliding_window", 4096U}},
         .qk_norm = each_head,
         .one_plus_weight = true,
         .rope = RopeRule{.local_theta = "rope_local_base_freq"},
         .scale = Scale::query_pre_attn_scalar,
         .layers = {.kind = all_but_every_sixth_slide, .told_by = pattern, .has_layer_types = true},
         .embedding = {.times_sqrt_dim = true}},
        {.type = "granite",
         .defaults = {{"max_position_embeddings", 2048U}, {"rms_norm_eps", 1e-6}},
         .scale = Scale::attention_multiplier,
         .embedding = {.multiplier = "embedding_multiplier"}},
        {.type = "smollm3",
         .defaults = {{"max_position_embeddings", 32768U},
                      {"num_key_value_heads", 4U},
                      {"rms_norm_eps", 1e-6},
                      {"rope_theta", 2e6},
                      {"use_sliding_window", false}},
         .rope = RopeRule{.has_no_rope_layers = true},
         .layers = {.kind = those_without_rope_slide,
                    .told_by = "no_rope_layers",
                    .has_layer_types = true,
                    .window_switch = use_window}},
        {.type = "phi3",
         .defaults = {{"max_position_embeddings", 4096U},
                      {"original_max_position_embeddings", 4096U},
                      {"rms_norm_eps", 1e-5}},
         .names = {.qkv = "qkv_proj"},
         .projections = Projections::blocks,
         .bias = never,
         .rope = RopeRule{.share = "partial_rotary_factor", .su_is_longrope = true},
         .layers = {.kind = all_slide, .told_by = "sliding_window"}},
        {.type = "gpt_oss",
         .defaults = {{"attention_bias", true},
                      {"head_dim", 64U},
                      {"max_position_embeddings", 131072U},
                      {"num_key_value_heads", 8U},
                      {"rms_norm_eps", 1e-5},
                      {"rope_scaling",
                       {{"beta_fast", 32.0},
                        {"beta_slow", 1.0},
                        {"factor", 32.0},
                        {"original_max_position_embeddings", 4096U},
                        {"rope_type", "yarn"},
                        {"truncate", false}}},
                      {"rope_theta", 150000.0},
                      {"sliding_window", 128U}},
         .layers = {.kind = even_ones_slide, .has_layer_types = true},
         .sinks = true,
         // Its 8-bit and 4-bit weights are those of the experts.
         .no_effect = {"quantization_config"}},
        {.type = "olmo2",
         .defaults = {{"max_position_embeddings", 2048U}, {"rms_norm_eps", 1e-5}},
         .names = {.norm = ""},
         .qk_norm = whole_width},
        {.type = "glm", .defaults = glm_defaults, .bias = not_on_output, .rope = half_of_neighbours},
        {.type = "glm4", .defaults = glm_defaults, .bias = not_on_output, .rope = half_of_neighbours},
        {.type = "cohere",
         .defaults = {{"layer_norm_eps", 1e-5}, {"max_position_embeddings", 8192U}},
         .qk_norm = QkNormRule{.field = "use_qk_norm"},
         .norm = Norm::Kind::layer,
         .rope = neighbours},
        {.type = "stablelm",
         .defaults = {{"layer_norm_eps", 1e-5},
                      {"max_position_embeddings", 4096U},
                      {"num_key_value_heads", 32U},
                      {"partial_rotary_factor", 0.25}},
         .names = {.q_norm = "q_layernorm.norms.{}", .k_norm = "k_layernorm.norms.{}"},
         .free_head_dim = false,
         .bias = {.field = "use_qkv_bias", .on_output = false},
         .qk_norm = QkNormRule{.field = "qk_layernorm"},
         .norm = Norm::Kind::layer,
         .norm_bias = true,
         .rope = partial},
        {.type = "gpt_neox",
         .defaults = {{"attention_bias", true},
                      {"layer_norm_eps", 1e-5},
                      {"max_position_embeddings", 2048U},
                      {"rotary_emb_base", 10000U},
                      {"rotary_pct", 0.25}},
         .names = gpt_neox_names,
         .grouped = false,
         .free_head_dim = false,
         .projections = Projections::heads,
         .norm = Norm::Kind::layer,
         .norm_bias = true,
         .rope = RopeRule{.theta = "rotary_emb_base", .share = "rotary_pct"},
         // The matrix has as many keys as queries, whatever this field says.
         .no_effect = {"num_key_value_heads", "attention_probs_dropout_prob"}},
        {.type = "qwen3_next",
         .defaults = {{"head_dim", 256U},
                      {"max_position_embeddings", 32768U},
                      {"num_key_value_heads", 2U},
                      {"partial_rotary_factor", 0.25},
                      {"rms_norm_eps", 1e-6}},
         .output_gate = true,
         .qk_norm = each_head,
         .one_plus_weight = true,
         .rope = partial,
         .layers = {.kind = every_fourth_is_full,
                    .told_by = "full_attention_interval",
                    .has_layer_types = true},
         // Of its layers with linear attention.
         .no_effect = {"linear_conv_kernel_dim", "linear_key_head_dim", "linear_value_head_dim",
                       "linear_num_key_heads", "linear_num_value_heads"}},
        {.type = "gpt2",
         .defaults = {{"layer_norm_epsilon", 1e-5}},
         .names = gpt2_names,
         .grouped = false,
         .free_head_dim = false,
         .projections = Projections::blocks,
         .conv1d = true,
         .bias = always,
         .norm = Norm::Kind::layer,
         .norm_bias = true,
         .rope = {},
         .scale = Scale::gpt2,
         .no_effect = {"attn_pdrop", "n_ctx", "reorder_and_upcast_attn"}},
        {.type = "bert",
         .defaults = {{"layer_norm_eps", 1e-12}},
         .names = bert_names,
         .grouped = false,
         .free_head_dim = false,
         .bias = always,
         .norm = Norm::Kind::layer,
         .norm_bias = true,
         .rope = {},
         .causal = false,
         .no_effect = {"attention_probs_dropout_prob"}},
        {.type = "bloom",
         .defaults = {{"layer_norm_epsilon", 1e-5}},
         .names = bloom_names,
         .grouped = false,
         .free_head_dim = false,
         .projections = Projections::heads,
         .bias = always,
         .norm = Norm::Kind::layer,
         .norm_bias = true,
         .rope = {},
         .alibi = true,
         .no_effect = {"apply_residual_connection_post_layernorm", "attention_softmax_in_fp32",
                       "masked_softmax_fusion", "bias_dropout_fusion", "skip_bias_add", "skip_bias_add_qkv",
                       "offset_alibi"},
         .fixed = {{"slow_but_exact", false}}},
        {.type = "mpt",
         .defaults = {{"layer_norm_epsilon", 1e-5}},
         .names = mpt_names,
         .grouped = false,
         .free_head_dim = false,
         .projections = Projections::blocks,
         .bias = never,
         .norm = Norm::Kind::layer,
         .rope = {},
         .alibi = true,
         .scale = Scale::attn_config,
         .no_effect = {"init_config"},
         .fixed = {{"no_bias", true}, {"norm_type", "low_precision_layernorm"}}},
        t5("encoder", false),
        t5("decoder", true)};
    return rows;
}

const Model* find_model(const std::string& type, bool decoder) {
    const std::vector<Model>& rows = models();
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const Model& row) {
        return row.type == type && row.decoder == decoder;
    });
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace ch9

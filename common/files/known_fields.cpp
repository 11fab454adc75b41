#include "common/files/known_fields.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <set>

namespace {

using nlohmann::json;

const std::set<std::string> harmless = {
    // what the file is
    "_attn_implementation", "_attn_implementation_autoset", "_name_or_path", "architectures",
    "attn_implementation", "auto_map", "cache_implementation", "dtype", "finetuning_task", "id2label",
    "is_decoder", "label2id", "model_type", "output_attentions", "output_hidden_states", "problem_type",
    "return_dict", "task_specific_params", "tie_encoder_decoder", "tie_word_embeddings", "torch_dtype",
    "torchscript", "transformers_version", "use_bfloat16", "use_cache",
    // vocabulary and embeddings
    "begin_suppress_tokens", "bos_token_id", "decoder_start_token_id", "embedding_multiplier", "eos_token_id",
    "final_logit_softcapping", "forced_bos_token_id", "forced_eos_token_id", "logit_scale", "logits_scaling",
    "mask_token_id", "pad_token_id", "prefix", "sep_token_id", "suppress_tokens", "tokenizer_class",
    "type_vocab_size", "unk_token_id", "vocab_size",
    // sampling of the next token
    "bad_words_ids", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size",
    "num_beam_groups", "num_beams", "num_return_sequences", "output_scores", "remove_invalid_values",
    "repetition_penalty", "return_dict_in_generate", "temperature", "tf_legacy_loss", "top_k", "top_p",
    "typical_p",
    // the other parts of a layer, and how many layers there are
    "chunk_size_feed_forward", "ffn_dim_multiplier", "hidden_act", "hidden_activation", "hidden_dim",
    "inter_dim", "intermediate_size", "layer_norm_eps", "max_window_layers", "mlp_bias", "multiple_of",
    "n_layers", "norm_eps", "num_hidden_layers", "residual_multiplier", "rms_norm_eps",
    // mixture of experts
    "decoder_sparse_step", "ep_size", "first_k_dense_replace", "mlp_only_layers", "moe_inter_dim",
    "moe_intermediate_size", "moe_layer_freq", "n_activated_experts", "n_dense_layers", "n_expert_groups",
    "n_group", "n_limited_groups", "n_routed_experts", "n_shared_experts", "norm_topk_prob", "num_experts",
    "num_experts_per_tok", "num_local_experts", "num_nextn_predict_layers", "output_router_logits",
    "route_scale", "routed_scaling_factor", "router_aux_loss_coef", "router_jitter_noise", "score_func",
    "scoring_func", "shared_expert_intermediate_size", "topk_group", "topk_method",
    // training
    "attention_dropout", "aux_loss_alpha", "embd_pdrop", "hidden_dropout", "initializer_range",
    "pretraining_tp", "resid_pdrop", "seq_aux"};

bool is_false(const json& value) {
    return value == json(false);
}
bool is_true(const json& value) {
    return value == json(true);
}
bool is_one(const json& value) {
    return value.is_number() && value.get<double>() == 1.0;
}
bool is_zero(const json& value) {
    return value.is_number() && value.get<double>() == 0.0;
}
bool is_all_ones(const json& value) {
    return value.is_array() && std::all_of(value.begin(), value.end(), is_one);
}
bool is_empty(const json& value) {
    return value.is_structured() && value.empty();
}
bool is_rope(const json& value) {
    return value == json("rope") || value == json("rotary");
}
bool never(const json&) {
    return false;
}
bool always(const json&) {
    return true;
}

constexpr const char* nobody = "no chapter runs it";
constexpr const char* recipe = "chapter 9 runs models that have it";
constexpr const char* nine = "chapter 9 runs it";
constexpr const char* latent = "chapter 7 runs it";
constexpr const char* llama = "chapters 5 and 6 run it";
constexpr const char* whole = "chapter 8 runs it";

constexpr const char* partial = "a part of each head is rotated";
constexpr const char* neighbours = "pairs of rotary positions are neighbours";
constexpr const char* no_positions = "some layers have no positions";
constexpr const char* normed = "queries and keys are normalised";
constexpr const char* biased = "projections have a bias under another name";
constexpr const char* crossed = "queries look at another text";
constexpr const char* slopes = "ALiBi stands in place of rotary positions";
constexpr const char* low_rank = "it is latent attention";

const std::map<std::string, Feature> features = {
    {"add_cross_attention", {is_false, crossed, nobody}},
    {"alibi", {is_false, slopes, recipe}},
    {"attention_chunk_size", {never, "attention stays within chunks", whole}},
    {"attention_out_bias", {is_false, biased, nobody}},
    {"attn_logit_softcapping", {never, "scores are capped", recipe}},
    {"attn_temperature_tuning", {is_false, "queries are scaled by their position", whole}},
    {"bias", {is_false, biased, nobody}},
    {"clip_qkv", {never, "queries, keys and values are clipped", recipe}},
    {"finetuned", {always, "a note on training", ""}},  // beside yarn's fields
    {"is_causal", {is_true, "queries see nobody keys", nobody}},
    {"is_encoder_decoder", {is_false, crossed, recipe}},
    {"kv_lora_rank", {never, low_rank, latent}},
    {"no_bias", {is_true, biased, recipe}},
    {"no_rope_layer_interval", {never, no_positions, recipe}},
    {"no_rope_layers", {is_all_ones, no_positions, recipe}},
    {"partial_rotary_factor", {is_one, partial, recipe}},
    {"position_embedding_type", {is_rope, "positions are not rotary", recipe}},
    {"pruned_heads", {is_empty, "some heads are left out", nobody}},
    {"q_lora_rank", {never, low_rank, latent}},
    {"qk_layernorm", {is_false, normed, recipe}},
    {"qk_norm", {is_false, normed, nobody}},
    {"qk_nope_head_dim", {never, low_rank, latent}},
    {"qk_rope_head_dim", {never, low_rank, latent}},
    {"qkv_bias", {is_false, biased, nobody}},
    {"quantization_config", {never, "weights need scales that are not read here", "store them as BF16"}},
    {"rope_interleave", {is_false, neighbours, nobody}},
    {"rope_interleaved", {is_false, neighbours, nobody}},
    {"rope_local_base_freq", {never, "layers with a window have a rope_theta of their own", recipe}},
    {"rotary_pct", {is_one, partial, recipe}},
    {"scale_attn_by_inverse_layer_idx", {is_false, "scores are scaled by their layer", recipe}},
    {"scale_attn_weights", {is_true, "scores are not scaled", recipe}},
    {"text_config",
     {never, "the fields of attention are in an object", "take them out into a file of their own"}},
    {"use_alibi", {is_false, slopes, recipe}},
    {"use_bias", {is_false, biased, nobody}},
    {"use_bidirectional_attention", {is_false, "queries see nobody keys", nobody}},
    {"use_mrope", {is_false, "positions have three axes", nobody}},
    {"use_qk_norm", {is_false, normed, recipe}},
    {"use_qkv_bias", {is_false, biased, recipe}},
    {"v_head_dim", {never, low_rank, latent}},
    {"window_attention", {is_zero, "a query sees a window of keys", nobody}}};

const std::map<std::string, ModelDifference> differences = {
    {"bert", {"its queries see nine keys", nine}},
    {"bloom", {slopes, nine}},
    {"cohere", {neighbours, nine}},
    {"cohere2", {"pairs of rotary positions are neighbours, and some layers have no positions", nobody}},
    {"deepseek_v2", {low_rank, latent}},
    {"deepseek_v3", {low_rank, latent}},
    {"falcon", {"its projections are one tensor", nobody}},
    {"gemma", {"it is grouped-query attention", llama}},
    {"gemma2", {"scores are capped", nine}},
    {"gemma3", {normed, nine}},
    {"gemma3_text", {normed, nine}},
    {"glm", {"half of each head is rotated, and pairs are neighbours", nine}},
    {"glm4", {"half of each head is rotated, and pairs are neighbours", nine}},
    {"gpt2", {"positions are added to x", nine}},
    {"gpt_neox", {partial, nine}},
    {"gpt_oss", {"the softmax has a sink", nine}},
    {"granite", {"it is grouped-query attention", llama}},
    {"llama", {"it is grouped-query attention", llama}},
    {"llama4", {"queries and keys are normalised, and some layers have no positions", whole}},
    {"llama4_text", {"queries and keys are normalised, and some layers have no positions", whole}},
    {"ministral", {"some layers have a window", nine}},
    {"mistral", {"it is grouped-query attention", llama}},
    {"mixtral", {"it is grouped-query attention", llama}},
    {"mpt", {slopes, nine}},
    {"olmo2", {normed, nine}},
    {"olmo3", {normed, nobody}},
    {"phi", {partial, nobody}},
    {"phi3", {"its projections are one tensor", nine}},
    {"qwen2", {"it is grouped-query attention", llama}},
    {"qwen3", {normed, nine}},
    {"qwen3_moe", {normed, nine}},
    {"qwen3_next", {"the output has a gate", nine}},
    {"smollm3", {no_positions, nine}},
    {"stablelm", {partial, nine}},
    {"t5", {"a learned bias stands in place of rotary positions", nine}}};

// From the configuration classes of transformers 4.57.
const std::map<std::string, json> defaults = {
    {"deepseek_v2", json::object({{"q_lora_rank", 1536U}})},
    {"deepseek_v3", json::object({{"q_lora_rank", 1536U}})},
    {"gemma", json::object({{"head_dim", 256U}, {"num_key_value_heads", 16U}})},
    {"granite", json::object({{"attention_multiplier", 1.0}})},
    {"llama4_text", json::object({{"attention_chunk_size", 8192U},
                                  {"attn_scale", 0.1},
                                  {"attn_temperature_tuning", true},
                                  {"floor_scale", 8192U},
                                  {"head_dim", 128U},
                                  {"hidden_size", 5120U},
                                  {"interleave_moe_layer_step", 1U},
                                  {"intermediate_size", 8192U},
                                  {"intermediate_size_mlp", 16384U},
                                  {"max_position_embeddings", 131072U},
                                  {"no_rope_layer_interval", 4U},
                                  {"num_attention_heads", 40U},
                                  {"num_experts_per_tok", 1U},
                                  {"num_hidden_layers", 48U},
                                  {"num_key_value_heads", 8U},
                                  {"num_local_experts", 16U},
                                  {"rms_norm_eps", 1e-5},
                                  {"rope_theta", 500000.0},
                                  {"use_qk_norm", true},
                                  {"vocab_size", 202048U}})},
    {"mistral", json::object({{"num_key_value_heads", 8U}, {"sliding_window", 4096U}})},
    {"mixtral", json::object({{"num_key_value_heads", 8U}, {"rope_theta", 1e6}})},
    {"qwen2",
     json::object({{"attention_bias", true}, {"num_key_value_heads", 32U}, {"use_sliding_window", false}})}};

template <class Value>
const Value* find(const std::map<std::string, Value>& table, const std::string& name) {
    const auto found = table.find(name);
    return found == table.end() ? nullptr : &found->second;
}

}  // namespace

bool is_harmless(const std::string& field) {
    return harmless.contains(field);
}

const Feature* find_feature(const std::string& field) {
    return find(features, field);
}

bool speaks_of_attention(std::string field) {
    std::transform(field.begin(), field.end(), field.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    constexpr const char* words[] = {"alibi",    "attention", "attn",  "bias",  "cap",    "causal",
                                     "chunk",    "head",      "key",   "kv",    "mask",   "norm",
                                     "position", "qk",        "query", "rope",  "rotary", "scal",
                                     "sink",     "softmax",   "theta", "value", "window", "yarn"};
    return std::any_of(std::begin(words), std::end(words),
                       [&](const char* word) { return field.find(word) != std::string::npos; });
}

const ModelDifference* find_difference(const std::string& model_type) {
    return find(differences, model_type);
}

const json& defaults_of(const std::string& model_type) {
    static const json none = json::object();
    const json* found = find(defaults, model_type);
    return found == nullptr ? none : *found;
}

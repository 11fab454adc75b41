#include "common/files/field_policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <set>

namespace {

using nlohmann::json;

// Fields that do not reach the attention of one layer at inference.
const std::set<std::string> harmless = {
    // what the file is
    "_name_or_path", "architectures", "auto_map", "dtype", "id2label", "label2id", "model_type",
    "quantization_config", "tie_word_embeddings", "torch_dtype", "transformers_version", "use_cache",
    "_attn_implementation", "attn_implementation", "cache_implementation", "is_decoder", "return_dict",
    "output_attentions", "output_hidden_states",
    // vocabulary and embeddings
    "vocab_size", "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id", "embedding_multiplier",
    "logits_scaling", "final_logit_softcapping",
    // the other parts of a layer, and how many layers there are
    "n_layers", "num_hidden_layers", "intermediate_size", "hidden_dim", "inter_dim", "multiple_of",
    "ffn_dim_multiplier", "hidden_act", "hidden_activation", "mlp_bias", "norm_eps", "rms_norm_eps",
    "layer_norm_eps", "residual_multiplier", "max_window_layers",
    // mixture of experts
    "moe_inter_dim", "moe_intermediate_size", "moe_layer_freq", "n_activated_experts", "n_dense_layers",
    "n_expert_groups", "n_group", "n_limited_groups", "n_routed_experts", "n_shared_experts",
    "norm_topk_prob", "num_experts", "num_experts_per_tok", "num_local_experts", "num_nextn_predict_layers",
    "route_scale", "routed_scaling_factor", "score_func", "scoring_func", "topk_group", "topk_method",
    "first_k_dense_replace", "decoder_sparse_step", "mlp_only_layers", "shared_expert_intermediate_size",
    "output_router_logits", "router_aux_loss_coef", "router_jitter_noise", "ep_size",
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
bool is_all_ones(const json& value) {
    return value.is_array() && std::all_of(value.begin(), value.end(), is_one);
}

// Features of attention, and the value that leaves each of them out.
const std::map<std::string, bool (*)(const json&)> left_out = {{"alibi", is_false},
                                                               {"attn_temperature_tuning", is_false},
                                                               {"is_causal", is_true},
                                                               {"no_rope_layers", is_all_ones},
                                                               {"partial_rotary_factor", is_one},
                                                               {"qk_layernorm", is_false},
                                                               {"qk_norm", is_false},
                                                               {"rope_interleave", is_false},
                                                               {"rope_interleaved", is_false},
                                                               {"rotary_pct", is_one},
                                                               {"scale_attn_weights", is_true},
                                                               {"truncate", is_true},
                                                               {"use_qk_norm", is_false}};

// A name that has one of these may change attention weights.
bool speaks_of_attention(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    constexpr const char* words[] = {"attention", "attn", "rope",  "rotary", "scal",  "mask",
                                     "window",    "norm", "cap",   "sink",   "bias",  "alibi",
                                     "chunk",     "qk",   "query", "key",    "value", "position"};
    return std::any_of(std::begin(words), std::end(words),
                       [&](const char* word) { return name.find(word) != std::string::npos; });
}

// How published layers differ from those that chapters 5 to 7 run.
const std::map<std::string, const char*> differences = {
    {"bert", "it looks both ways"},
    {"bloom", "it has ALiBi instead of rotary positions"},
    {"cohere", "its rotary pairs are neighbours"},
    {"cohere2", "its rotary pairs are neighbours, and some layers have no positions"},
    {"deepseek_v2", "it is latent attention, which chapter 7 runs"},
    {"deepseek_v3", "it is latent attention, which chapter 7 runs"},
    {"gemma2", "it caps its scores"},
    {"gemma3", "it normalises queries and keys"},
    {"gemma3_text", "it normalises queries and keys"},
    {"glm", "it rotates half of each head, and pairs are neighbours"},
    {"glm4", "it rotates half of each head, and pairs are neighbours"},
    {"gpt2", "its positions are added to x"},
    {"gpt_neox", "it rotates a part of each head"},
    {"gpt_oss", "its softmax has a sink"},
    {"llama", "it is grouped-query attention, which chapters 5 and 6 run"},
    {"llama4", "it normalises queries and keys, and some layers have no positions"},
    {"llama4_text", "it normalises queries and keys, and some layers have no positions"},
    {"mistral", "it is grouped-query attention, which chapters 5 and 6 run"},
    {"mpt", "it has ALiBi instead of rotary positions"},
    {"olmo2", "it normalises queries and keys"},
    {"phi3", "its projections are one tensor, and a part of each head is rotated"},
    {"qwen2", "it is grouped-query attention, which chapters 5 and 6 run"},
    {"qwen3", "it normalises queries and keys"},
    {"qwen3_moe", "it normalises queries and keys"},
    {"qwen3_next", "its output has a gate"},
    {"smollm3", "some layers have no rotary positions"},
    {"stablelm", "it rotates a part of each head"},
    {"t5", "it has a learned bias instead of rotary positions"}};

bool is_settled(const Fields::Found& field) {
    const auto feature = left_out.find(field.name);
    return feature != left_out.end() ? feature->second(field.value) : harmless.contains(field.name);
}

}  // namespace

void check_model_type(const Fields& fields, std::initializer_list<const char*> runs) {
    const std::optional<std::string> type = fields.text({"model_type"});
    if (!type || std::find(runs.begin(), runs.end(), *type) != runs.end()) return;
    const auto known = differences.find(*type);
    const char* difference =
        known != differences.end() ? known->second : "how its attention differs is not known here";
    fields.refuse(fmt::format("model_type is {:.40}: {}", *type, difference),
                  fmt::format("this chapter runs {}", fmt::join(runs, ", ")));
}

std::vector<std::string> settle_unread(const Fields& fields) {
    std::vector<std::string> ignored;
    for (const Fields::Found& field : fields.unread()) {
        if (is_settled(field)) continue;
        if (left_out.contains(field.name) || speaks_of_attention(field.name)) {
            fields.wrong(field, "absent: this chapter's attention does not have it");
        }
        ignored.push_back(field.name);
    }
    return ignored;
}

void refuse_unread(const Fields& rope) {
    for (const Fields::Found& field : rope.unread()) {
        if (!is_settled(field)) rope.wrong(field, "absent: this chapter's rotary embedding does not have it");
    }
}

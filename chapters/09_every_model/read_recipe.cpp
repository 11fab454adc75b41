#include "chapters/09_every_model/read_recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chapters/09_every_model/rotary.hpp"
#include "common/files/field_policy.hpp"
#include "common/files/file_error.hpp"
#include "common/files/known_fields.hpp"
#include "common/files/rope_fields.hpp"

namespace ch9 {
namespace {

using nlohmann::json;

// A multimodal file has the fields of the text model in an object of their own.
json text_config(const std::string& path) {
    json object = read_json_object(path);
    const Fields outer(path, object);
    const auto text = outer.find({"text_config"});
    if (!text) return object;
    if (!text->value.is_object()) outer.wrong(*text, "an object");
    outer.pass({"model_type", "vision_config"});
    settle_unread(outer, "it stands beside text_config; take it out if it changes nothing");
    return text->value;
}

const Model& model_of(const std::string& path, const json& given, bool decoder) {
    const Fields fields(path, given);
    const std::optional<std::string> type = fields.text({"model_type"});
    if (!type) fields.refuse("has no field model_type", "add it: llama, qwen3, gemma3_text, ...");
    const Model* whole = find_model(*type);
    if (whole == nullptr) {
        if (const ModelDifference* known = find_difference(*type)) {
            fields.refuse(fmt::format("model_type is {:.40}: {}", *type, known->what), known->runner);
        }
        fields.refuse(fmt::format("model_type is {:.40}: this chapter has no recipe for it", *type),
                      "models.cpp has a row for each model");
    }
    if (!decoder) return *whole;
    const Model* half = find_model(*type + "_decoder");
    if (half == nullptr) {
        fields.refuse(
            fmt::format("model_type is {}, and --decoder is for a model with an encoder too", *type),
            "leave out --decoder");
    }
    return *half;
}

// The config with the defaults of its model. A field that is null is not missing.
json with_defaults(const json& given, const Model& model) {
    json object = given;
    if (given.contains("model_type")) {
        const json& common = defaults_of(given.at("model_type").get<std::string>());
        object.insert(common.begin(), common.end());
    }
    object.insert(model.defaults.begin(), model.defaults.end());
    // Newer files have all of rotary positions in one object.
    const auto newer = given.find("rope_parameters");
    if (newer != given.end() && !newer->is_null()) {
        if (!given.contains("rope_scaling")) object.erase("rope_scaling");
        if (!given.contains("rope_theta")) object.erase("rope_theta");
    }
    return object;
}

class RecipeReader {
  public:
    RecipeReader(const std::string& path, const json& given, const json& object, const Model& model,
                 const LayerOf& of)
        : path_(path), given_(given), fields_(path, object), model_(model), of_(of) {}

    ReadRecipe read() {
        result_.model = &model_;
        result_.layer = of_.layer;
        fields_.pass({"model_type"});
        sizes();
        projections();
        qk_norm();
        const bool has_rope = layer_has_rope();
        const LayerKind kind = layer_kind(has_rope);
        if (has_rope) rope(kind);
        if (!has_rope && model_.rope) fields_.pass({"rope_theta", "rope_scaling", "rope_parameters"});
        positions();
        scale();
        if (model_.soft_cap) soft_cap();
        mask(kind);
        say("sinks", model_.sinks ? "one for each head" : "none", always());
        recipe_.sinks = model_.sinks;
        block();
        result_.ignored = settle_unread(
            fields_, fmt::format("the attention of {} has no such choice; take it out if it changes nothing",
                                 model_.type));
        return result_;
    }

  private:
    // --- where a choice comes from

    [[nodiscard]] std::string always() const { return fmt::format("always in {}", model_.type); }

    // "rope_theta is 10000.0", or that the config is silent.
    [[nodiscard]] std::string source(Fields::Names names) const {
        const auto found = fields_.find(names);
        if (!found) return fmt::format("no {}", *names.begin());
        if (!given_.contains(found->name)) return fmt::format("default of {}: {}", model_.type, told(*found));
        return told(*found);
    }

    void say(const std::string& name, const std::string& value, const std::string& from) {
        result_.choices.push_back({name, value, from});
    }

    // --- sizes

    void sizes() {
        const std::size_t n_layers =
            of_.decoder ? fields_.size({"num_decoder_layers"}).value_or(layers_field()) : layers_field();
        result_.n_layers = n_layers;
        if (of_.layer >= n_layers) {
            fields_.refuse(fmt::format("the model has {} layers, and --layer is {}", n_layers, of_.layer),
                           fmt::format("--layer takes 0 to {}", n_layers - 1));
        }
        recipe_.dim = fields_.needed_size({"hidden_size", "n_embd", "n_embed", "d_model"});
        recipe_.n_heads = fields_.needed_size({"num_attention_heads", "n_head", "n_heads", "num_heads"});
        recipe_.n_kv_heads = recipe_.n_heads;
        if (model_.grouped) {
            recipe_.n_kv_heads = fields_.size({"num_key_value_heads"}).value_or(recipe_.n_heads);
            say("key and value heads", fmt::format("{}", recipe_.n_kv_heads),
                source({"num_key_value_heads"}));
        }
        if (recipe_.n_heads % recipe_.n_kv_heads != 0) {
            fields_.refuse(fmt::format("num_attention_heads {} is no multiple of num_key_value_heads {}",
                                       recipe_.n_heads, recipe_.n_kv_heads),
                           "each key/value head serves as many query heads as any other");
        }
        head_dim();
    }

    [[nodiscard]] std::size_t layers_field() const {
        return fields_.needed_size({"num_hidden_layers", "n_layer", "n_layers", "num_layers"});
    }

    void head_dim() {
        const std::optional<std::size_t> given =
            model_.grouped || model_.distance_bias ? fields_.size({"head_dim", "d_kv"}) : std::nullopt;
        if (!given && recipe_.dim % recipe_.n_heads != 0) {
            fields_.refuse(fmt::format("hidden_size {} is no multiple of num_attention_heads {}", recipe_.dim,
                                       recipe_.n_heads),
                           "change one of them, or give head_dim");
        }
        recipe_.head_dim = given.value_or(recipe_.dim / recipe_.n_heads);
        say("head_dim", fmt::format("{}", recipe_.head_dim),
            given ? source({"head_dim", "d_kv"}) : "hidden_size / num_attention_heads");
    }

    // --- projections and their norms

    void projections() {
        recipe_.projections = model_.projections;
        recipe_.conv1d = model_.conv1d;
        recipe_.output_gate = model_.output_gate;
        const char* stored = "three matrices";
        if (model_.projections == Projections::blocks) stored = "one matrix: queries, keys, values";
        if (model_.projections == Projections::heads) stored = "one matrix: head after head";
        say("projections", fmt::format("{}{}", stored, model_.conv1d ? ", stored (in, out)" : ""), always());
        bias();
        say("output gate", model_.output_gate ? "sigmoid, from q_proj" : "none", always());
    }

    void bias() {
        const BiasRule& rule = model_.bias;
        bool is_on = rule.value;
        if (rule.field != nullptr) {
            is_on = fields_.flag({rule.field}).value_or(false);
        } else if (fields_.flag({"attention_bias"}).value_or(is_on) != is_on) {
            // Published files repeat what the model always does; the opposite would have no effect.
            fields_.wrong(*fields_.find({"attention_bias"}),
                          fmt::format("{}, as always in {}", is_on, model_.type));
        }
        recipe_.qkv_bias = is_on;
        recipe_.o_bias = is_on && rule.on_output;
        say("biases",
            !is_on           ? "none"
            : rule.on_output ? "q, k, v and output"
                             : "q, k, v",
            rule.field != nullptr ? source({rule.field}) : always());
    }

    void qk_norm() {
        if (!model_.qk_norm) return say("norm of q and k", "none", always());
        const QkNormRule& rule = *model_.qk_norm;
        const bool is_on = rule.field == nullptr || fields_.flag({rule.field}).value_or(false);
        const std::string from = rule.field == nullptr ? always() : source({rule.field});
        if (!is_on) return say("norm of q and k", "none", from);
        recipe_.qk_norm = QkNorm{norm(), rule.over};
        say("norm of q and k",
            fmt::format("{}, {}", told_norm(norm()),
                        rule.over == QkNorm::Over::head ? "each head" : "all heads together"),
            from);
    }

    [[nodiscard]] Norm norm() const {
        double eps = 1e-6;
        if (model_.norm == Norm::Kind::rms) fields_.read({"rms_norm_eps", "layer_norm_epsilon"}, eps);
        if (model_.norm == Norm::Kind::layer) fields_.read({"layer_norm_eps", "layer_norm_epsilon"}, eps);
        return {model_.norm, model_.one_plus_weight, static_cast<float>(eps)};
    }

    [[nodiscard]] static std::string told_norm(const Norm& norm) {
        return fmt::format("{}{}", norm.kind == Norm::Kind::rms ? "RMSNorm" : "LayerNorm",
                           norm.one_plus_weight ? " times 1 + weight" : "");
    }

    // --- which kind of layer it is

    // A list with an entry for each layer.
    [[nodiscard]] std::optional<json> entry_of_layer(const char* name) const {
        const auto list = fields_.find({name});
        if (!list || list->value == json::array()) return std::nullopt;
        if (!list->value.is_array() || list->value.size() != result_.n_layers) {
            fields_.refuse(fmt::format("{} is no list of {} entries", name, result_.n_layers),
                           "it has one entry for each layer");
        }
        return list->value.at(of_.layer);
    }

    [[nodiscard]] bool layer_has_rope() {
        if (!model_.rope || !model_.rope->has_no_rope_layers) return model_.rope.has_value();
        const std::size_t interval = fields_.size({"no_rope_layer_interval"}).value_or(4);
        bool has_rope = (of_.layer + 1) % interval != 0;
        const std::optional<json> listed = entry_of_layer("no_rope_layers");
        if (listed) {
            if (*listed != json(0U) && *listed != json(1U)) {
                fields_.refuse(
                    fmt::format("no_rope_layers has {:.40} for layer {}", listed->dump(), of_.layer),
                    "1 marks a layer that has RoPE, and 0 one that has none");
            }
            has_rope = *listed == json(1U);
        }
        no_rope_from_ = listed ? fmt::format("no_rope_layers has {}", has_rope ? 1 : 0)
                               : fmt::format("every {}th layer has none", interval);
        return has_rope;
    }

    [[nodiscard]] LayerKind layer_kind(bool has_rope) {
        LayerKind kind = model_.layers.kind(fields_, of_.layer, has_rope);
        kind_from_ = *model_.layers.told_by == '\0' ? always() : source({model_.layers.told_by});
        const std::optional<json> listed = entry_of_layer("layer_types");
        if (!listed) return kind;

        const std::string type = listed->is_string() ? listed->get<std::string>() : "";
        LayerKind given = LayerKind::full;
        if (type == "sliding_attention") {
            given = LayerKind::sliding;
        } else if (type == "linear_attention") {
            given = LayerKind::linear;
        } else if (type != "full_attention") {
            fields_.refuse(fmt::format("layer_types has {:.40} for layer {}", listed->dump(), of_.layer),
                           "it must be full_attention or sliding_attention");
        }
        if (!model_.layers.has_layer_types && given != with_window(kind)) {
            fields_.refuse(fmt::format("layer_types has {} for layer {}", type, of_.layer),
                           fmt::format("{} does not read layer_types, and says something else", model_.type));
        }
        if (given == LayerKind::sliding && !window()) {
            fields_.refuse("layer_types has sliding_attention, and there is no sliding_window", "add it");
        }
        kind_from_ = fmt::format("layer_types has {}", type);
        return given;
    }

    [[nodiscard]] std::optional<std::size_t> window() const {
        const char* by = model_.layers.window_switch;
        const std::optional<std::size_t> window = fields_.size({"sliding_window"});
        return by == nullptr || fields_.flag({by}).value_or(false) ? window : std::nullopt;
    }

    [[nodiscard]] LayerKind with_window(LayerKind kind) const {
        return kind == LayerKind::sliding && !window() ? LayerKind::full : kind;
    }

    // --- positions

    // The object of rotary embeddings, or that of this kind of layer: newer files have one for each kind.
    [[nodiscard]] const json* rope_object(LayerKind kind) const {
        const auto found = fields_.find({"rope_scaling", "rope_parameters"});
        if (!found) return nullptr;
        if (!found->value.is_object()) fields_.wrong(*found, "an object");
        const char* of_kind = kind == LayerKind::sliding ? "sliding_attention" : "full_attention";
        const auto inside = found->value.find(of_kind);
        return inside != found->value.end() && inside->is_object() ? &*inside : &found->value;
    }

    void rope(LayerKind kind) {
        const RopeRule& rule = *model_.rope;
        const bool is_local = rule.local_theta != nullptr && kind == LayerKind::sliding;
        const json* object = rope_object(kind);
        static const json nothing = json::object();
        const Fields inside(path_, object == nullptr ? nothing : *object);

        RopeFields rope;
        fields_.read({rule.theta}, rope.theta);
        std::string theta_from = source({rule.theta});
        if (rule.local_theta != nullptr) {
            double local = 0.0;
            fields_.read({rule.local_theta}, local);
            if (is_local) {
                rope.theta = local;
                theta_from = source({rule.local_theta});
            }
        }
        // A layer with its own theta has no scaling, unless the object is its own too.
        const auto whole = fields_.find({"rope_scaling", "rope_parameters"});
        const bool is_own = whole && object != &whole->value;
        if (inside.find({"rope_theta"}) && (!is_local || is_own)) {
            read_theta_inside(fields_, inside, rope.theta);
            theta_from = told(*inside.find({"rope_theta"}));
        }
        double share = 1.0;
        std::string share_from = always();
        if (rule.share != nullptr) {
            fields_.read({rule.share}, share);
            share_from = source({rule.share});
            if (const auto found = inside.find({rule.share})) {
                inside.read({rule.share}, share);
                share_from = told(*found);
            }
        }
        Rope& chosen = recipe_.rope.emplace();
        chosen.pairs = rule.pairs;
        chosen.rotary_dim = static_cast<std::size_t>(static_cast<double>(recipe_.head_dim) * share);
        if (share > 1.0 || chosen.rotary_dim == 0 || chosen.rotary_dim % 2 != 0) {
            fields_.refuse(fmt::format("{}: {} of the {} numbers of a head would be rotated",
                                       rule.share == nullptr ? "head_dim" : share_from, chosen.rotary_dim,
                                       recipe_.head_dim),
                           "RoPE rotates pairs, so the number must be even");
        }
        std::string scaling = "none";
        if (object != nullptr && (!is_local || is_own)) {
            scaling = read_scaling(inside, chosen.rotary_dim, rope);
            chosen.attention_factor = attention_factor_;
        }
        chosen.freqs = frequencies(rope, chosen.rotary_dim, of_.tokens);

        say("positions",
            rule.pairs == Rope::Pairs::halves ? "RoPE, pairs are halves apart" : "RoPE, pairs are neighbours",
            no_rope_from_.empty() ? always() : no_rope_from_);
        say("rotated part of a head", fmt::format("{} of {}", chosen.rotary_dim, recipe_.head_dim),
            share_from);
        say("theta", fmt::format("{}", rope.theta), theta_from);
        say("scaling of RoPE", scaling,
            is_local && !is_own ? always() : source({"rope_scaling", "rope_parameters"}));
    }

    // Returns a text for the table.
    std::string read_scaling(const Fields& object, std::size_t rotary_dim, RopeFields& rope) {
        const auto type = object.find({"rope_type", "type"});
        if (!type) fields_.refuse("rope_scaling has no field rope_type", "add it");
        std::string name = type->value.is_string() ? type->value.get<std::string>() : "";
        if (model_.rope->su_is_longrope && (name == "su" || name == "yarn")) name = "longrope";
        std::size_t trained = fields_.size({"max_position_embeddings"}).value_or(2048);
        std::string told = "none";
        if (name == "dynamic") {
            rope.scaling = read_dynamic(object, trained);
            told = fmt::format("dynamic, factor {}, beyond {} tokens", rope.scaling->factor,
                               rope.scaling->original_max_seq_len);
        } else if (name == "longrope") {
            rope.scaling = read_longrope(object, rotary_dim, trained, rope);
            told = fmt::format("longrope, {} factors, attention factor {:.4g}",
                               of_.tokens > rope.scaling->original_max_seq_len ? "long" : "short",
                               attention_factor_);
        } else if (name == "linear" || name == "llama3" || name == "yarn") {
            rope.scaling = read_rope_scaling(object, name, trained);
            if (name == "yarn") check_yarn_theta(fields_, rope.theta);
            attention_factor_ = static_cast<float>(rope.scaling->attention_factor);
            told = fmt::format("{}, factor {}", name, rope.scaling->factor);
            if (name == "yarn") told += fmt::format(", attention factor {:.4g}", attention_factor_);
        } else if (name != "default") {
            object.wrong(*type, "default, linear, dynamic, yarn, longrope or llama3");
        }
        refuse_unread(object);
        return told;
    }

    [[nodiscard]] RopeScaling read_dynamic(const Fields& object, std::size_t trained) const {
        RopeScaling scaling{.type = "dynamic", .factor = 0.0, .original_max_seq_len = trained};
        object.read({"factor"}, scaling.factor);
        if (scaling.factor == 0.0) object.refuse("rope scaling has no field factor", "add it");
        if (object.size({"original_max_position_embeddings"}).value_or(trained) != trained) {
            object.refuse("original_max_position_embeddings and max_position_embeddings differ",
                          "implementations disagree which of them a dynamic scaling reads; make them equal");
        }
        return scaling;
    }

    RopeScaling read_longrope(const Fields& object, std::size_t rotary_dim, std::size_t trained,
                              RopeFields& rope) {
        rope.short_factor = divisors(object, "short_factor", rotary_dim / 2);
        rope.long_factor = divisors(object, "long_factor", rotary_dim / 2);
        RopeScaling scaling{.type = "longrope", .factor = 1.0, .original_max_seq_len = trained};
        object.read({"factor"}, scaling.factor);
        const auto inside = object.size({"original_max_position_embeddings"});
        const auto outside = fields_.size({"original_max_position_embeddings"});
        if (inside && outside && *inside != *outside) {
            object.refuse(fmt::format("original_max_position_embeddings is {}, and {} in rope_scaling",
                                      *outside, *inside),
                          "keep one");
        }
        if (inside || outside) {
            scaling.original_max_seq_len = outside ? *outside : *inside;
            scaling.factor = static_cast<double>(trained) / static_cast<double>(scaling.original_max_seq_len);
        }
        const auto original = static_cast<double>(scaling.original_max_seq_len);
        scaling.attention_factor =
            scaling.factor <= 1.0 ? 1.0 : std::sqrt(1.0 + std::log(scaling.factor) / std::log(original));
        object.read({"attention_factor"}, scaling.attention_factor);
        attention_factor_ = static_cast<float>(scaling.attention_factor);
        return scaling;
    }

    // A list of numbers above 0.
    [[nodiscard]] static std::vector<double> divisors(const Fields& object, const char* name,
                                                      std::size_t size) {
        const auto list = object.find({name});
        if (!list) object.refuse(fmt::format("rope scaling has no field {}", name), "add it");
        const auto is_divisor = [](const json& value) {
            return value.is_number() && value.get<double>() > 0.0;
        };
        if (!list->value.is_array() || list->value.size() != size ||
            !std::all_of(list->value.begin(), list->value.end(), is_divisor)) {
            object.wrong(*list, fmt::format("a list of {} numbers above 0", size));
        }
        return list->value.get<std::vector<double>>();
    }

    // What stands in place of RoPE.
    void positions() {
        if (recipe_.rope) return;
        recipe_.alibi = model_.alibi;
        if (model_.distance_bias) {
            DistanceBias& bias = recipe_.distance_bias.emplace();
            bias.buckets = fields_.needed_size({"relative_attention_num_buckets"});
            bias.max_distance = fields_.needed_size({"relative_attention_max_distance"});
            const std::size_t near = bias.buckets / (model_.causal ? 2 : 4);
            if (near == 0 || bias.max_distance <= near) {
                fields_.refuse(
                    fmt::format("relative_attention_num_buckets is {} and "
                                "relative_attention_max_distance {}",
                                bias.buckets, bias.max_distance),
                    "the first buckets hold one distance each, and the largest must be beyond them");
            }
            return say("positions",
                       fmt::format("a learned bias for each of {} buckets of distance", bias.buckets),
                       source({"relative_attention_num_buckets"}));
        }
        if (model_.alibi) return say("positions", "ALiBi", always());
        if (!model_.names.positions.empty()) {
            learned_positions();
            return say("positions", "learned, added to the embedding", always());
        }
        say("positions", "none in this layer", no_rope_from_);
    }

    void learned_positions() {
        fields_.pass({"max_position_embeddings", "n_positions", "n_ctx"});
        const auto type = fields_.find({"position_embedding_type"});
        if (type && type->value != json("absolute")) {
            fields_.wrong(*type, "absolute: the other types score distances, which is not done here");
        }
    }

    // --- scores

    void scale() {
        const auto width = static_cast<double>(recipe_.head_dim);
        double scale = 1.0 / std::sqrt(width);
        std::string from = "1/sqrt(head_dim)";
        if (model_.scale == Scale::query_pre_attn_scalar) {
            double scalar = width;
            fields_.read({"query_pre_attn_scalar"}, scalar);
            scale = 1.0 / std::sqrt(scalar);
            from = "1/sqrt of " + source({"query_pre_attn_scalar"});
        } else if (model_.scale == Scale::attention_multiplier) {
            fields_.read({"attention_multiplier"}, scale);
            from = source({"attention_multiplier"});
        } else if (model_.scale == Scale::attn_config) {
            scale_and_more_of_attn_config(scale, from);
        } else if (model_.scale == Scale::gpt2) {
            scale_of_gpt2(scale, from);
        } else if (model_.scale == Scale::none) {
            scale = 1.0;
            from = always();
        }
        recipe_.scale = static_cast<float>(scale);
        say("scale of scores", fmt::format("{:.6g}", scale), from);
    }

    void scale_of_gpt2(double& scale, std::string& from) const {
        if (fields_.flag({"scale_attn_weights"}) == false) {
            scale = 1.0;
            from = source({"scale_attn_weights"});
        }
        if (fields_.flag({"scale_attn_by_inverse_layer_idx"}) == true) {
            scale /= static_cast<double>(of_.layer + 1);
            from += ", / (layer + 1): " + source({"scale_attn_by_inverse_layer_idx"});
        }
    }

    // MPT has an object for its attention.
    void scale_and_more_of_attn_config(double& scale, std::string& from) {
        const auto found = fields_.find({"attn_config"});
        if (!found) return;
        if (!found->value.is_object()) fields_.wrong(*found, "an object");
        const Fields inside(path_, found->value);
        if (const auto given = inside.find({"softmax_scale"})) {
            inside.read({"softmax_scale"}, scale);
            from = told(*given);
        }
        if (const auto clip = inside.find({"clip_qkv"})) {
            double value = 0.0;
            inside.read_from_zero({"clip_qkv"}, value);
            if (value > 0.0) recipe_.clip_qkv = static_cast<float>(value);
            say("clip of q, k, v", fmt::format("{}", value), told(*clip));
        }
        const std::pair<const char*, json> fixed[] = {{"alibi", true},
                                                      {"alibi_bias_max", 8U},
                                                      {"attn_type", "multihead_attention"},
                                                      {"attn_uses_sequence_id", false},
                                                      {"prefix_lm", false},
                                                      {"qk_ln", false}};
        for (const auto& [name, value] : fixed) {
            const auto other = inside.find({name});
            if (other && other->value != value) inside.wrong(*other, value.dump());
        }
        inside.pass({"attn_impl", "attn_pdrop"});
        settle_unread(inside, "take it out of attn_config if it changes nothing");
    }

    void soft_cap() {
        double cap = 0.0;
        fields_.read({"attn_logit_softcapping"}, cap);
        if (cap > 0.0) recipe_.soft_cap = static_cast<float>(cap);
        say("soft cap of scores", cap > 0.0 ? fmt::format("{}", cap) : "none",
            source({"attn_logit_softcapping"}));
    }

    void mask(LayerKind kind) {
        if (kind == LayerKind::linear) {
            fields_.refuse(fmt::format("layer {} has linear attention, without a softmax", of_.layer),
                           "--layer must name a full_attention layer");
        }
        recipe_.mask.causal = model_.causal;
        if (!model_.causal && fields_.flag({"is_decoder"}) == true) {
            fields_.wrong(*fields_.find({"is_decoder"}), "false: here queries look both ways");
        }
        if (with_window(kind) == LayerKind::sliding) recipe_.mask.window = window();
        if (model_.layers.window_switch != nullptr) fields_.pass({model_.layers.window_switch});
        if (kind == LayerKind::sliding || model_.layers.has_layer_types) fields_.pass({"sliding_window"});
        const std::string reach = recipe_.mask.window
                                      ? fmt::format("causal, window of {} keys", *recipe_.mask.window)
                                      : std::string(model_.causal ? "causal" : "both ways");
        say("mask", reach,
            recipe_.mask.window ? fmt::format("{}; {}", source({"sliding_window"}), kind_from_) : kind_from_);
    }

    // --- the block around the attention

    void block() {
        result_.norm = norm();
        say("norm before attention", model_.names.norm.empty() ? "none" : told_norm(result_.norm), always());
        double scale = model_.embedding.times_sqrt_dim ? std::sqrt(static_cast<double>(recipe_.dim)) : 1.0;
        if (model_.embedding.multiplier != nullptr) fields_.read({model_.embedding.multiplier}, scale);
        result_.embedding_scale = static_cast<float>(scale);
        // These describe the whole model, and every model may have them.
        fields_.pass({"max_position_embeddings", "original_max_position_embeddings", "max_seq_len",
                      "is_encoder_decoder"});
        for (const char* name : model_.no_effect) fields_.pass({name});
        result_.recipe = recipe_;
    }

    const std::string& path_;
    const json& given_;
    Fields fields_;
    const Model& model_;
    const LayerOf& of_;
    Recipe recipe_;
    ReadRecipe result_;
    std::string kind_from_, no_rope_from_;
    float attention_factor_ = 1.0f;
};

}  // namespace

ReadRecipe read_recipe(const std::string& path, const LayerOf& of) {
    const json given = text_config(path);
    const Model& model = model_of(path, given, of.decoder);
    const json object = with_defaults(given, model);
    return RecipeReader(path, given, object, model, of).read();
}

}  // namespace ch9

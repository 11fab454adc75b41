#include "chapters/09_every_model/reading.hpp"

#include <fmt/format.h>

namespace ch9 {
namespace {

std::size_t layers_field(const Reading& r) {
    return r.fields.needed_size({"num_hidden_layers", "n_layer", "n_layers", "num_layers"});
}

void read_head_dim(Reading& r) {
    Recipe& recipe = r.result.recipe;
    const std::optional<std::size_t> given = r.fields.size({"head_dim", "d_kv"});
    // The library rounds down where the model may have any head_dim; the weights' shapes tell whether that is
    // right.
    const std::size_t share = recipe.dim / recipe.n_heads;
    if ((share == 0 && !given) || (!r.model.free_head_dim && recipe.dim % recipe.n_heads != 0)) {
        r.fields.refuse(fmt::format("hidden_size {} is no multiple of num_attention_heads {}", recipe.dim,
                                    recipe.n_heads),
                        "change one of them");
    }
    if (given && !r.model.free_head_dim && *given != share) {
        r.fields.refuse(fmt::format("head_dim is {}, and {} does not read it", *given, r.model.type),
                        fmt::format("it must be hidden_size / num_attention_heads = {}", share));
    }
    recipe.head_dim = given.value_or(share);
    r.say("head_dim", fmt::format("{}", recipe.head_dim),
          given ? r.source({"head_dim", "d_kv"}) : "hidden_size / heads");
}

void read_bias(Reading& r) {
    const BiasRule& rule = r.model.bias;
    bool is_on = rule.value;
    if (rule.field != nullptr) {
        is_on = r.fields.flag({rule.field}).value_or(false);
    } else if (r.fields.flag({"attention_bias"}).value_or(is_on) != is_on) {
        // Published files repeat what the model always does; the opposite would have no effect.
        r.fields.wrong(*r.fields.find({"attention_bias"}),
                       fmt::format("{}, as always in {}", is_on, r.model.type));
    }
    r.result.recipe.qkv_bias = is_on;
    r.result.recipe.o_bias = is_on && rule.on_output;
    r.say("biases",
          !is_on           ? "none"
          : rule.on_output ? "q, k, v and output"
                           : "q, k, v",
          rule.field != nullptr ? r.source({rule.field}) : r.always());
}

void read_qk_norm(Reading& r) {
    if (!r.model.qk_norm) return r.say("norm of q and k", "none", r.always());
    const QkNormRule& rule = *r.model.qk_norm;
    const bool is_on = rule.field == nullptr || r.fields.flag({rule.field}).value_or(false);
    const std::string from = rule.field == nullptr ? r.always() : r.source({rule.field});
    if (!is_on) return r.say("norm of q and k", "none", from);
    r.result.recipe.qk_norm = QkNorm{norm_of(r), rule.over};
    r.say("norm of q and k",
          fmt::format("{}, {}", told_norm(norm_of(r)),
                      rule.over == QkNorm::Over::head ? "each head" : "all heads together"),
          from);
}

}  // namespace

void read_sizes(Reading& r) {
    const std::size_t n_layers =
        r.of.decoder ? r.fields.size({"num_decoder_layers"}).value_or(layers_field(r)) : layers_field(r);
    r.result.n_layers = n_layers;
    if (r.of.layer >= n_layers) {
        r.fields.refuse(fmt::format("the model has {} layers, and --layer is {}", n_layers, r.of.layer),
                        fmt::format("--layer takes 0 to {}", n_layers - 1));
    }
    r.result.recipe.dim = r.fields.needed_size({"hidden_size", "n_embd", "n_embed", "d_model"});
    r.result.recipe.n_heads = r.fields.needed_size({"num_attention_heads", "n_head", "n_heads", "num_heads"});
    r.result.recipe.n_kv_heads = r.result.recipe.n_heads;
    if (r.model.grouped) {
        r.result.recipe.n_kv_heads = r.fields.size({"num_key_value_heads"}).value_or(r.result.recipe.n_heads);
        r.say("key and value heads", fmt::format("{}", r.result.recipe.n_kv_heads),
              r.source({"num_key_value_heads"}));
    }
    if (r.result.recipe.n_heads % r.result.recipe.n_kv_heads != 0) {
        r.fields.refuse(fmt::format("num_attention_heads {} is no multiple of num_key_value_heads {}",
                                    r.result.recipe.n_heads, r.result.recipe.n_kv_heads),
                        "each key/value head serves as many query heads as any other");
    }
    read_head_dim(r);
}

void read_projections(Reading& r) {
    r.result.recipe.projections = r.model.projections;
    r.result.recipe.conv1d = r.model.conv1d;
    r.result.recipe.output_gate = r.model.output_gate;
    const char* stored = "three matrices";
    if (r.model.projections == Projections::blocks) stored = "one matrix, in blocks";
    if (r.model.projections == Projections::heads) stored = "one matrix, head by head";
    r.say("projections", fmt::format("{}{}", stored, r.model.conv1d ? ", stored (in, out)" : ""), r.always());
    read_bias(r);
    r.say("output gate", r.model.output_gate ? "sigmoid, from q_proj" : "none", r.always());
    read_qk_norm(r);
}

Norm norm_of(const Reading& r) {
    double eps = 1e-6;
    if (r.model.norm == Norm::Kind::rms) r.fields.read({"rms_norm_eps", "layer_norm_epsilon"}, eps);
    if (r.model.norm == Norm::Kind::layer) r.fields.read({"layer_norm_eps", "layer_norm_epsilon"}, eps);
    return {r.model.norm, r.model.one_plus_weight, static_cast<float>(eps)};
}

std::string told_norm(const Norm& norm) {
    return fmt::format("{}{}", norm.kind == Norm::Kind::rms ? "RMSNorm" : "LayerNorm",
                       norm.one_plus_weight ? ", 1 + weight" : "");
}

}  // namespace ch9

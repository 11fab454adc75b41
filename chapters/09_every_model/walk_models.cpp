// All models, a line for each: what their rows say whatever the config.
#include "chapters/09_every_model/walk.hpp"

namespace ch9 {
namespace {

std::string positions(const Model& model) {
    if (model.alibi) return "ALiBi";
    if (model.distance_bias) return "bias by distance";
    if (!model.rope) return "added to x";
    std::string text = model.rope->pairs == Rope::Pairs::halves ? "RoPE" : "RoPE, neighbours";
    if (model.rope->share != nullptr) text += ", part";
    return text;
}

std::string projections(const Model& model) {
    if (model.projections == Projections::separate) return "q, k, v";
    if (model.conv1d) return "qkv, Conv1D";
    return model.projections == Projections::blocks ? "qkv, blocks" : "qkv, heads";
}

// Whether any layer of the model may have a window, where its config has the usual fields.
bool may_have_window(const Model& model) {
    const nlohmann::json nothing = nlohmann::json::object();
    const Fields fields("", nothing);
    for (std::size_t layer = 0; layer < 64; ++layer) {
        for (const bool has_rope : {true, false}) {
            if (model.layers.kind(fields, layer, has_rope) == LayerKind::sliding) return true;
        }
    }
    return false;
}

std::string more(const Model& model) {
    std::string text;
    const auto add = [&](bool has, const char* what) {
        if (has) text += (text.empty() ? "" : ", ") + std::string(what);
    };
    add(may_have_window(model), "window");
    add(model.qk_norm.has_value(), "QK norm");
    add(model.soft_cap, "soft cap");
    add(model.sinks, "sinks");
    add(model.output_gate, "gate");
    add(!model.causal, "both ways");
    return text;
}

}  // namespace

void walk_models(Walkthrough& walk) {
    std::vector<std::vector<std::string>> rows;
    for (const Model& model : models()) {
        rows.push_back({model.type + (model.decoder ? ", decoder" : ""), projections(model), positions(model),
                        more(model)});
    }
    walk.section("9.9", "All models");
    walk.step(
            "The models",
            "One function computes the attention of all of them, and each line of this table is a row of models.cpp. It "
            "shows what the model_type decides. A config decides the rest: which layers have a window, the scaling "
            "of RoPE, biases. With --model, the first step is the whole recipe of one layer, and where each choice "
            "comes from.")
        .read("models.cpp")
        .table({"model_type", "projections", "positions", "and"}, rows);
}

}  // namespace ch9

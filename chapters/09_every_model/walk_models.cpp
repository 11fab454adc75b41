// All models, a line for each: what their rows say whatever the config.
#include "chapters/09_every_model/walk.hpp"

namespace ch9 {
namespace {

std::string positions(const Model& model) {
    if (model.alibi) return "ALiBi";
    if (model.distance_bias) return "bias by distance";
    if (!model.rope) return "added to x";
    std::string text = model.rope->pairs == Rope::Pairs::halves ? "RoPE" : "RoPE, neighbours";
    if (model.rope->share != nullptr) text += ", a part";
    return text;
}

std::string projections(const Model& model) {
    if (model.projections == Projections::separate) return "q, k, v";
    const std::string order = model.projections == Projections::blocks ? "qkv, blocks" : "qkv, heads";
    return order + (model.conv1d ? ", (in, out)" : "");
}

std::string more(const Model& model) {
    std::string text;
    const auto add = [&](bool has, const char* what) {
        if (has) text += (text.empty() ? "" : ", ") + std::string(what);
    };
    add(model.qk_norm.has_value(), "QK norm");
    add(model.soft_cap, "soft cap");
    add(model.sinks, "sinks");
    add(model.output_gate, "output gate");
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
    walk.step("The models",
              "One function computes the attention of all of them. A row of a table says what differs.")
        .read("models.cpp")
        .table({"model_type", "projections", "positions", "and"}, rows);
}

}  // namespace ch9

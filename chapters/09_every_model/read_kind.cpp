#include "chapters/09_every_model/reading.hpp"

#include <fmt/format.h>

namespace ch9 {
namespace {

using nlohmann::json;

// Without a window no layer slides.
LayerKind with_window(const Reading& r, LayerKind kind) {
    return kind == LayerKind::sliding && !r.window() ? LayerKind::full : kind;
}

bool layer_has_rope(const Reading& r, std::string& from) {
    if (!r.model.rope || !r.model.rope->has_no_rope_layers) return r.model.rope.has_value();
    const std::size_t interval = r.fields.size({"no_rope_layer_interval"}).value_or(4);
    bool has_rope = (r.of.layer + 1) % interval != 0;
    const std::optional<json> listed = r.entry_of_layer("no_rope_layers");
    if (listed) {
        if (*listed != json(0U) && *listed != json(1U)) {
            r.fields.refuse(fmt::format("no_rope_layers has {:.40} for layer {}", listed->dump(), r.of.layer),
                            "1 marks a layer that has RoPE, and 0 one that has none");
        }
        has_rope = *listed == json(1U);
    }
    from = listed ? fmt::format("no_rope_layers has {}", has_rope ? 1 : 0)
                  : fmt::format("every {}th layer has none", interval);
    return has_rope;
}

LayerKind layer_kind(const Reading& r, bool has_rope, std::string& from) {
    LayerKind kind = r.model.layers.kind(r.fields, r.of.layer, has_rope);
    from = *r.model.layers.told_by == '\0' ? r.always() : r.source({r.model.layers.told_by});
    const std::optional<json> listed = r.entry_of_layer("layer_types");
    if (!listed) return kind;

    const std::string type = listed->is_string() ? listed->get<std::string>() : "";
    LayerKind given = LayerKind::full;
    if (type == "sliding_attention") {
        given = LayerKind::sliding;
    } else if (type == "linear_attention") {
        given = LayerKind::linear;
    } else if (type != "full_attention") {
        r.fields.refuse(fmt::format("layer_types has {:.40} for layer {}", listed->dump(), r.of.layer),
                        "it must be full_attention or sliding_attention");
    }
    if (!r.model.layers.has_layer_types && given != with_window(r, kind)) {
        r.fields.refuse(fmt::format("layer_types has {} for layer {}", type, r.of.layer),
                        fmt::format("{} does not read layer_types, and says something else", r.model.type));
    }
    if (given == LayerKind::sliding && !r.window()) {
        r.fields.refuse("layer_types has sliding_attention, and there is no sliding_window", "add it");
    }
    from = fmt::format("layer_types has {}", type);
    return given;
}

}  // namespace

Kind read_kind(Reading& r) {
    Kind kind{};
    kind.has_rope = layer_has_rope(r, kind.rope_from);
    kind.kind = layer_kind(r, kind.has_rope, kind.from);
    // No model says what a layer with a window does without one, but those in which all layers have it.
    if (kind.kind == LayerKind::sliding && r.model.layers.has_layer_types &&
        r.model.layers.window_switch == nullptr && !r.window()) {
        r.fields.refuse("sliding_window is null, and this layer has a window", "give its size");
    }
    kind.kind = with_window(r, kind.kind);
    if (kind.kind == LayerKind::linear) {
        r.fields.refuse(fmt::format("layer {} has linear attention, without a softmax", r.of.layer),
                        "--layer must name a full_attention layer");
    }
    r.say("kind of layer", kind.kind == LayerKind::sliding ? "with a window" : "sees the whole text",
          kind.from);
    return kind;
}

}  // namespace ch9

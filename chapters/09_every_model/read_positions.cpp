#include "chapters/09_every_model/reading.hpp"

#include <fmt/format.h>

#include "chapters/09_every_model/rotary.hpp"
#include "common/files/rope_fields.hpp"

namespace ch9 {
namespace {

using nlohmann::json;

// The object of rotary embeddings, or that of this kind of layer: newer files have one for each kind.
const json* rope_object(const Reading& r, LayerKind kind) {
    const auto found = r.fields.find({"rope_scaling", "rope_parameters"});
    if (!found) return nullptr;
    if (!found->value.is_object()) r.fields.wrong(*found, "an object");
    const char* of_kind = kind == LayerKind::sliding ? "sliding_attention" : "full_attention";
    const auto inside = found->value.find(of_kind);
    return inside != found->value.end() && inside->is_object() ? &*inside : &found->value;
}

void read_rope(Reading& r, const Kind& kind) {
    const RopeRule& rule = *r.model.rope;
    const bool is_local = rule.local_theta != nullptr && kind.kind == LayerKind::sliding;
    const json* object = rope_object(r, kind.kind);
    static const json nothing = json::object();
    const Fields inside(r.path, object == nullptr ? nothing : *object);

    RopeFields rope;
    // Files of GPT-NeoX repeat its own names under the usual ones.
    r.fields.read({rule.theta, "rope_theta"}, rope.theta);
    std::string theta_from = r.source({rule.theta});
    if (rule.local_theta != nullptr) {
        double local = 0.0;
        r.fields.read({rule.local_theta}, local);
        if (is_local) {
            rope.theta = local;
            theta_from = r.source({rule.local_theta});
        }
    }
    // A layer with its own theta has no scaling, unless the object is its own too.
    const auto whole = r.fields.find({"rope_scaling", "rope_parameters"});
    const bool is_own = whole && object != &whole->value;
    if (inside.find({"rope_theta"}) && (!is_local || is_own)) {
        read_theta_inside(r.fields, inside, rope.theta);
        theta_from = told(*inside.find({"rope_theta"}));
    }
    double share = 1.0;
    std::string share_from = r.always();
    if (rule.share != nullptr) {
        r.fields.read({rule.share, "partial_rotary_factor"}, share);
        share_from = r.source({rule.share});
        if (const auto found = inside.find({rule.share})) {
            inside.read({rule.share}, share);
            share_from = told(*found);
        }
    }
    Rope& chosen = r.result.recipe.rope.emplace();
    chosen.pairs = rule.pairs;
    chosen.rotary_dim = static_cast<std::size_t>(static_cast<double>(r.result.recipe.head_dim) * share);
    if (share > 1.0 || chosen.rotary_dim == 0 || chosen.rotary_dim % 2 != 0) {
        r.fields.refuse(fmt::format("{}: {} of the {} numbers of a head would be rotated",
                                    rule.share == nullptr ? "head_dim" : share_from, chosen.rotary_dim,
                                    r.result.recipe.head_dim),
                        "RoPE rotates pairs, so the number must be even");
    }
    ReadScaling scaling;
    if (object != nullptr && (!is_local || is_own)) {
        scaling = read_scaling(r, inside, chosen.rotary_dim, rope);
    }
    chosen.attention_factor = scaling.attention_factor;
    chosen.freqs = frequencies(rope, chosen.rotary_dim, r.of.tokens);

    r.say("positions",
          rule.pairs == Rope::Pairs::halves ? "RoPE, pairs are halves apart" : "RoPE, pairs are neighbours",
          kind.rope_from.empty() ? r.always() : kind.rope_from);
    r.say("rotated part of a head", fmt::format("{} of {}", chosen.rotary_dim, r.result.recipe.head_dim),
          share_from);
    r.say("theta", fmt::format("{}", rope.theta), theta_from);
    r.say("scaling of RoPE", scaling.told, scaling.from);
}

void check_learned_positions(const Reading& r) {
    r.fields.pass({"max_position_embeddings", "n_positions", "n_ctx"});
    const auto type = r.fields.find({"position_embedding_type"});
    if (type && type->value != json("absolute")) {
        r.fields.wrong(*type, "absolute: the other types score distances, which is not done here");
    }
}

}  // namespace

void read_positions(Reading& r, const Kind& kind) {
    if (kind.has_rope) return read_rope(r, kind);
    if (r.model.rope) r.fields.pass({"rope_theta", "rope_scaling", "rope_parameters"});
    r.result.recipe.alibi = r.model.alibi;
    if (r.model.distance_bias) {
        DistanceBias& bias = r.result.recipe.distance_bias.emplace();
        bias.buckets = r.fields.needed_size({"relative_attention_num_buckets"});
        bias.max_distance = r.fields.needed_size({"relative_attention_max_distance"});
        const std::size_t near = bias.buckets / (r.model.causal ? 2 : 4);
        if (near == 0 || bias.max_distance <= near) {
            r.fields.refuse(fmt::format("relative_attention_num_buckets is {} and "
                                        "relative_attention_max_distance {}",
                                        bias.buckets, bias.max_distance),
                            "the first buckets hold one distance each, and the largest must be beyond them");
        }
        return r.say("positions",
                     fmt::format("a learned bias for each of {} buckets of distance", bias.buckets),
                     r.source({"relative_attention_num_buckets"}));
    }
    if (r.model.alibi) return r.say("positions", "ALiBi", r.always());
    if (!r.model.names.positions.empty()) {
        check_learned_positions(r);
        return r.say("positions", "learned, added to the embedding", r.always());
    }
    r.say("positions", "none in this layer", kind.rope_from);
}

}  // namespace ch9

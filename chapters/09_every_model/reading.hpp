// The parts of read_recipe.hpp: each reads some fields of one config, sets the choices that they make, and
// adds a line to the table for each choice.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "chapters/09_every_model/read_recipe.hpp"
#include "common/files/json_fields.hpp"

namespace ch9 {

// What the parts share.
struct Reading {
    const std::string& path;
    const nlohmann::json& given;  // as the file has it
    Fields fields;                // with the defaults of the model
    const Model& model;           // the row
    LayerOf of;
    ReadRecipe result = {};

    // Where a choice comes from: "rope_theta is 10000.0", or that the config is silent, or that it is the
    // row's.
    [[nodiscard]] std::string source(Fields::Names names) const;
    [[nodiscard]] static std::string always();

    // Adds a line to the table.
    void say(const std::string& name, const std::string& value, const std::string& from);

    // This layer's entry in a list with one for each layer. Empty if there is no such list.
    [[nodiscard]] std::optional<nlohmann::json> entry_of_layer(const char* name) const;

    // sliding_window, unless another field switches it off.
    [[nodiscard]] std::optional<std::size_t> window() const;
};

// Sizes, how queries, keys and values are projected, and their norm.
void read_sizes(Reading& reading);
void read_projections(Reading& reading);

// The kind of this layer, and what told so.
struct Kind {
    LayerKind kind;
    bool has_rope;
    std::string from, rope_from;
};
Kind read_kind(Reading& reading);

// RoPE with its part, theta and scaling, or what stands in its place.
void read_positions(Reading& reading, const Kind& kind);

// The scaling in the object of rotary embeddings: two texts for the table, and the factor of cos and sin.
struct RopeFields;
struct ReadScaling {
    std::string told = "none", from = "no rope_scaling";
    float attention_factor = 1.0f;
};
ReadScaling read_scaling(Reading& reading, const Fields& object, std::size_t rotary_dim, RopeFields& rope);

// Scale, soft cap, mask and sinks.
void read_scores(Reading& reading, const Kind& kind);

// A norm of this model, and as a text.
Norm norm_of(const Reading& reading);
std::string told_norm(const Norm& norm);

}  // namespace ch9

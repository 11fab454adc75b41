// Tables of the fields and models that config.json files name. field_policy.hpp uses them.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

// Whether a field does not affect the attention of one layer at inference. Such fields are about training,
// token ids or other parts of a model.
bool is_harmless(const std::string& field);

// A feature of attention that chapters 5 to 7 do not have. `is_off` tells from the field's value whether the
// feature is switched off.
struct Feature {
    bool (*is_off)(const nlohmann::json& value);
    const char* what;    // what it does: "scores are capped"
    const char* runner;  // "chapter 9 runs models that have it"
};
// The feature that a field switches on, or nullptr if the table has no such field.
const Feature* find_feature(const std::string& field);

// Whether an unknown field may change the attention weights: its name contains a word like "rope" or
// "window".
bool speaks_of_attention(std::string field);

// How the attention of a published model (its model_type) differs, and which chapter runs it.
struct ModelDifference {
    const char* what;
    const char* runner;
};
const ModelDifference* find_difference(const std::string& model_type);

// The default fields that Hugging Face's transformers library adds to this model's config.json. An empty
// object for models that are not in the table.
const nlohmann::json& defaults_of(const std::string& model_type);

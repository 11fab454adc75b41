// What is known of the fields and models that config.json files name, as data: field_policy.hpp judges by it.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

// Whether a field says nothing of the attention of one layer at inference: training, token ids, other parts
// of a model.
bool is_harmless(const std::string& field);

// A feature of attention that chapters 5 to 7 do not have. It is off where the field has a certain value.
struct Feature {
    bool (*is_off)(const nlohmann::json& value);
    const char* what;    // what it does: "scores are capped"
    const char* runner;  // "a later chapter will run it"
};
// The feature that a field switches on, or nullptr where none is known by that name.
const Feature* find_feature(const std::string& field);

// Whether a name that is not known may change attention weights: it has a word like "rope" or "window" in it.
bool speaks_of_attention(std::string field);

// How the attention of a published model (its model_type) differs, and what runs it.
struct ModelDifference {
    const char* what;
    const char* runner;
};
const ModelDifference* find_difference(const std::string& model_type);

// What transformers takes where a model's config.json is silent: an object of fields, empty for other models.
const nlohmann::json& defaults_of(const std::string& model_type);

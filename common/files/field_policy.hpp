// One policy for every chapter that runs a layer of the reader's: a config field is used, harmless, or
// refused. A field that would change the attention weights is never passed over without a word.
#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/files/json_fields.hpp"

// The config in a file, with what transformers takes where a published model's config is silent. A field that
// is null is not silent. Throws FileError.
nlohmann::json read_config_object(const std::string& path);

// Refuses a model_type whose attention is not in `runs`, and says how it differs and what runs it. A config
// without model_type is judged by its other fields alone. Throws FileError.
void check_model_type(const Fields& fields, std::initializer_list<const char*> runs);

// Sorts the fields that the reader of the config has not asked for: training, sizes of other parts and token
// ids are harmless; a feature that is switched off is harmless; a feature of attention, known or not, is
// refused by its name and value (FileError). Returns the names of all others, for a line of the walk.
std::vector<std::string> settle_unread(const Fields& fields);

// The same for the object that describes rotary embeddings, in which no field is harmless.
void refuse_unread(const Fields& rope);

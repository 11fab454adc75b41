// One policy for every chapter that runs the reader's own layer: a config field is used, harmless, or
// refused. A field that would change the attention weights is never ignored silently.
#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/files/json_fields.hpp"

// Reads the config from a file. If a published model's config lacks a field, the field gets the default of
// Hugging Face's transformers library. A field that is null is not missing. Throws FileError.
nlohmann::json read_config_object(const std::string& path);

// Refuses a model_type that is not in `runs`. The message says how its attention differs and which chapter
// runs it. A config without model_type is judged by its other fields alone. Throws FileError.
void check_model_type(const Fields& fields, std::initializer_list<const char*> runs);

// Judges the fields that the config's parser did not read. Fields about training, sizes of other parts and
// token ids are harmless. A feature that is switched off is harmless. A feature of attention, known or not,
// is refused by its name and value (FileError), with the chapter that runs it, or with `advice` if there is
// one. Returns the names of all others, which the walk prints.
std::vector<std::string> settle_unread(const Fields& fields, const std::string& advice = "");

// Does the same for the object that describes rotary embeddings. No unread field of it is harmless.
void refuse_unread(const Fields& rope);

#include "chapters/09_every_model/walk_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>

#include "common/files/file_error.hpp"
#include "common/program/options.hpp"
#include "common/program/plain_number.hpp"

namespace ch9 {
namespace {

std::vector<std::string> numbers_in(const std::string& text) {
    std::vector<std::string> numbers;
    std::istringstream stream(text);
    for (std::string number; std::getline(stream, number, ',');) numbers.push_back(number);
    return numbers;
}

std::string check_ids(const std::string& text) {
    constexpr std::size_t most_digits = 9;
    for (const std::string& number : numbers_in(text + ",")) {
        const bool is_number = !number.empty() && number.size() <= most_digits &&
                               number.find_first_not_of("0123456789") == std::string::npos;
        if (!is_number) return fmt::format("{} is no list of token numbers, as in 1,15043,3186", text);
    }
    return "";
}

void declare(CLI::App& app, Choices& choices) {
    app.add_option("--model", choices.model,
                   "a folder with config.json and model.safetensors or model.safetensors.index.json")
        ->type_name("FOLDER");
    app.add_option("--layer", choices.wanted.layer, "which layer's attention, counted from 0 (default 0)")
        ->check(plain_number)
        ->check(CLI::Range(0, 9999))
        ->type_name("N");
    app.add_flag("--decoder", choices.wanted.decoder,
                 "of a model with an encoder and a decoder (T5): the decoder");
    app.add_option_function<std::string>(
           "--ids",
           [&choices](const std::string& text) {
               for (const std::string& number : numbers_in(text))
                   choices.wanted.ids.push_back(std::stoul(number));
           },
           "token numbers: the input of layer 0 comes from the embedding, as in 1,15043,3186")
        ->check(check_ids)
        ->type_name("LIST");
}

// A folder has a config and weights.
void fill(OwnFiles& own, const Choices& choices) {
    if (!choices.model) return;
    const std::filesystem::path folder(*choices.model);
    const auto file = [&](const char* name) { return (folder / name).string(); };
    if (!std::filesystem::is_directory(folder)) {
        throw FileError(*choices.model, "is no folder", "--model names a folder with config.json");
    }
    own.config = file("config.json");
    own.weights = file("model.safetensors");
    if (std::filesystem::exists(*own.weights)) return;
    own.weights = file("model.safetensors.index.json");
    if (std::filesystem::exists(*own.weights)) return;
    throw FileError(*choices.model, "has neither model.safetensors nor model.safetensors.index.json",
                    "--config and --weights name files one by one");
}

}  // namespace

ChapterOptions options(Choices& choices) {
    using Kind = OptionRule::Kind;
    ChapterOptions options;
    options.declare = [&choices](CLI::App& app) { declare(app, choices); };
    options.fill = [&choices](OwnFiles& own) { fill(own, choices); };
    options.rules = {{"--model", Kind::excludes, {"--config", "--weights"}, "the folder has both"},
                     {"--layer", Kind::needs, {"--model", "--config"}, "it is a layer of your model"},
                     {"--decoder", Kind::needs, {"--model", "--config"}, "it is the decoder of your model"},
                     {"--ids", Kind::needs, {"--model", "--weights"}, "your model has their embedding"},
                     {"--ids", Kind::excludes, {"--input"}, "both give the input"}};
    options.examples =
        "  ./walk 9 --model FOLDER --layer 3 --input x.safetensors    any layer of a model from Hugging Face\n"
        "  ./walk 9 --model FOLDER --ids 1,15043,3186                 layer 0, from token numbers\n";
    return joined(options, engine_options(9, choices.engine));
}

}  // namespace ch9

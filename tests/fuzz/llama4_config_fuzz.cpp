#include "chapters/08_llama_4/model_files.hpp"
#include "chapters/08_llama_4/parameters.hpp"
#include "common/files/llama4_config.hpp"
#include "tests/fuzz/fuzz_file.hpp"

namespace {

// On to the weights, where they are small enough for many runs a second.
void load(const std::string& path, const ch8::Config& config) {
    if (ch8::count_parameters(config).held() > 20000) return;
    Options options;
    options.own.config = path;
    Walkthrough walk({8, "08_llama_4", "", "", Takes::layer}, options);
    const ch8::Model model = ch8::load_model(walk);
    if (model.weights.layers.size() != config.n_layers) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FuzzFile file(data, size);
    try {
        const Llama4ModelConfig config = read_llama4_config(file.path());
        for (const auto* layers : {&config.nope_layers, &config.global_layers, &config.moe_layers}) {
            for (const std::size_t layer : *layers) {
                if (layer >= config.n_layers) std::abort();
            }
        }
        load(file.path(), ch8::config_of(config));
    } catch (const FileError& error) {
        if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
    } catch (const std::invalid_argument&) {  // a hidden width of 0, for example
    }
    return 0;
}

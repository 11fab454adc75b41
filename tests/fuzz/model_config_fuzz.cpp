#include "chapters/05_grouped_query_attention/layer_files.hpp"
#include "common/checked_product.hpp"
#include "common/files/model_config.hpp"
#include "tests/fuzz/fuzz_file.hpp"

namespace {

// On to the buffers, where they are small enough for many runs a second.
void load(const std::string& path, const ModelConfig& config) {
    const std::size_t head_dim = config.head_dim.value_or(config.dim / config.n_heads);
    if (checked_product({config.dim, config.n_heads, head_dim}).value_or(1000000) > 10000) return;
    Options options;
    options.own.config = path;
    Walkthrough walk({5, "05_grouped_query_attention", "", "", Takes::layer}, options);
    const ch5::Layer layer = ch5::load_layer(walk);
    if (layer.weights.wq.weight.size() != config.dim * config.n_heads * head_dim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FuzzFile file(data, size);
    try {
        const ModelConfig config = read_model_config(file.path());
        if (config.dim == 0 || config.n_heads == 0 || config.n_kv_heads == 0U) std::abort();
        load(file.path(), config);
    } catch (const FileError& error) {
        if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
    } catch (const std::invalid_argument&) {  // a text of four tokens is too long for it, for example
    }
    return 0;
}

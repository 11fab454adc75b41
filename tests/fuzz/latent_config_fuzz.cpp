#include "chapters/07_multi_head_latent_attention/layer_files.hpp"
#include "common/checked_product.hpp"
#include "common/files/latent_config.hpp"
#include "tests/fuzz/fuzz_file.hpp"

namespace {

// On to the buffers, where they are small enough for many runs a second.
void load(const std::string& path, const LatentModelConfig& config) {
    const std::size_t width = config.qk_nope_head_dim + config.qk_rope_head_dim + config.v_head_dim;
    const std::size_t ranks = config.dim + config.q_lora_rank + config.kv_lora_rank;
    if (checked_product({ranks, config.n_heads, width}).value_or(1000000) > 10000) return;
    Options options;
    options.own.config = path;
    Walkthrough walk({7, "07_multi_head_latent_attention", "", "", Takes::layer}, options);
    const ch7::Layer layer = ch7::load_layer(walk);
    if (layer.weights.wo.weight.size() != config.dim * config.n_heads * config.v_head_dim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FuzzFile file(data, size);
    try {
        const LatentModelConfig config = read_latent_config(file.path());
        if (config.dim == 0 || config.n_heads == 0 || config.kv_lora_rank == 0) std::abort();
        load(file.path(), config);
    } catch (const FileError& error) {
        if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
    } catch (const std::invalid_argument&) {  // a head of odd width, for example
    }
    return 0;
}

#include "common/files/latent_config.hpp"
#include "tests/fuzz/fuzz_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FuzzFile file(data, size);
    try {
        const LatentModelConfig config = read_latent_config(file.path());
        if (config.dim == 0 || config.n_heads == 0 || config.kv_lora_rank == 0) std::abort();
    } catch (const FileError& error) {
        if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
    }
    return 0;
}

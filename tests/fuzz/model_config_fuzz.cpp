#include "common/files/model_config.hpp"
#include "tests/fuzz/fuzz_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FuzzFile file(data, size);
    try {
        const ModelConfig config = read_model_config(file.path());
        if (config.dim == 0 || config.n_heads == 0 || config.n_kv_heads == 0U) std::abort();
    } catch (const FileError& error) {
        if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
    }
    return 0;
}

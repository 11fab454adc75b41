// One attention layer of Llama 3 8B's size, chapter 6's lesson code as it stands, timed: the counterpart of
// data/make_llama_timing.py. Prints one line of JSON. One case for each process, since memory only grows.
#include <map>

#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "common/torch/random.hpp"
#include "tests/benchmarks/timing.hpp"

namespace {

struct Case {
    std::size_t start_pos, tokens;
};
const std::map<std::string, Case> cases = {{"prefill-512", {0, 512}},
                                           {"decode-511", {511, 1}},
                                           {"decode-4096", {4096, 1}},
                                           {"decode-16384", {16384, 1}}};

Tensor4 random_heads(torch::Generator& generator, std::size_t tokens, const ch5::Config& config) {
    Tensor4 heads = Tensor4::from_shape({1, tokens, config.kv_heads(), config.head_dim});
    for (float& value : heads) value = 2.0f * generator.uniform_float() - 1.0f;
    return heads;
}

}  // namespace

int main(int argc, char** argv) {
    const benchmark::Options options = benchmark::read_options(
        argc, argv, "Times ch6::llama_attention at the size of a layer of Llama 3 8B.", cases);
    const auto [start_pos, tokens] = cases.at(options.name);
    const ch5::Config config{4096, 32, 8, 128, 1, start_pos + tokens};

    torch::Generator generator(123);
    const ch5::Weights weights = ch5::random_weights(generator, config);
    const ch6::ComplexMatrix table =
        ch6::rotation_table(ch6::frequencies(config.head_dim, 500000.0f), config.max_seq_len);
    ch5::KVCache cache(config);
    benchmark::in_pieces(start_pos, [&](std::size_t start, std::size_t piece) {
        cache.write(start, random_heads(generator, piece, config), random_heads(generator, piece, config));
    });
    const Tensor3 x = torch::view<3>(torch::randn(generator, tokens, config.dim), {1, tokens, config.dim});

    benchmark::time_and_print(options,
                              [&] { ch6::llama_attention(x, weights, config, table, cache, start_pos); });
}

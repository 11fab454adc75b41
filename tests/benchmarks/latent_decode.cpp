// One decode step of multi-head latent attention at the size of a layer of DeepSeek-V2-Lite, chapter 7's
// lesson code as it stands, timed: the counterpart of data/make_mla_timing.py, with the same numbers in it.
// Prints one line of JSON. One case for each process, since memory only grows.
#include <map>

#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "common/torch/random.hpp"
#include "tests/benchmarks/timing.hpp"

namespace {

struct Case {
    bool absorbed;
    std::size_t context;  // tokens that are in the cache already
};
const std::map<std::string, Case> cases = {{"naive-4096", {false, 4096}},
                                           {"naive-16384", {false, 16384}},
                                           {"absorbed-4096", {true, 4096}},
                                           {"absorbed-16384", {true, 16384}}};

// The first `stop` tokens: uniform in [-1, 1).
template <std::size_t N>
void fill(ch7::TokenBuffer<N>& buffer, std::size_t stop, torch::Generator& generator) {
    benchmark::in_pieces(stop, [&](std::size_t start, std::size_t tokens) {
        std::array<std::size_t, N> shape = buffer.all().shape();
        shape[1] = tokens;
        Tensor<N> piece = Tensor<N>::from_shape(shape);
        for (float& value : piece) value = 2.0f * generator.uniform_float() - 1.0f;
        buffer.write(start, piece);
    });
}
void fill(ch7::NaiveCache& cache, std::size_t stop, torch::Generator& generator) {
    fill(cache.k_cache, stop, generator);
    fill(cache.v_cache, stop, generator);
}
void fill(ch7::LatentCache& cache, std::size_t stop, torch::Generator& generator) {
    fill(cache.kv_cache, stop, generator);
    fill(cache.pe_cache, stop, generator);
}

// Times attention(x, weights, config, positions, cache, start_pos), which is one of chapter 7's two.
template <class Cache, class Attention>
void time_decoding(const benchmark::Options& options, std::size_t context, const Attention& attention) {
    const ch7::Config config{2048, 16, 0, 512, 128, 64, 128, 1, context + 1};
    torch::Generator generator(123);
    const ch7::Weights weights = ch7::random_weights(generator, config);
    const ch7::Positions positions = ch7::positions(config, 10000.0f, {}, config.max_seq_len);
    Cache cache(config);
    fill(cache, context, generator);
    const Tensor3 x = torch::view<3>(torch::randn(generator, 1, config.dim), {1, 1, config.dim});

    Tensor3 output;
    benchmark::time_and_print(
        options, [&] { output = attention(x, weights, config, positions, cache, context).output; },
        [&] {
            return fmt::format(R"(, "cache_bytes_per_token": {}, "output_0": {:.9g})",
                               cache.per_token() * sizeof(float), output(0, 0, 0));
        });
}

}  // namespace

int main(int argc, char** argv) {
    const benchmark::Options options = benchmark::read_options(
        argc, argv, "Times one decode step of ch7::naive_attention or ch7::absorbed_attention.", cases);
    const auto [absorbed, context] = cases.at(options.name);
    if (absorbed) {
        time_decoding<ch7::LatentCache>(options, context, ch7::absorbed_attention);
    } else {
        time_decoding<ch7::NaiveCache>(options, context, ch7::naive_attention);
    }
}

// One attention layer of Llama 3 8B's size, chapter 6's lesson code as it stands, timed: the counterpart of
// data/make_llama_timing.py. Prints one line of JSON. One case for each process, since memory only grows.
#include <fmt/core.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "common/torch/random.hpp"

namespace {

struct Case {
    std::size_t start_pos, tokens;
};
const std::map<std::string, Case> cases = {{"prefill-512", {0, 512}},
                                           {"decode-511", {511, 1}},
                                           {"decode-4096", {4096, 1}},
                                           {"decode-16384", {16384, 1}}};

double peak_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

Tensor4 random_heads(torch::Generator& generator, std::size_t tokens, const ch5::Config& config) {
    Tensor4 heads = Tensor4::from_shape({1, tokens, config.kv_heads(), config.head_dim});
    for (float& value : heads) value = 2.0f * generator.uniform_float() - 1.0f;
    return heads;
}

// As if earlier tokens had been here. In small pieces, so that the peak is the layer's and not this one's.
void fill(ch5::KVCache& cache, std::size_t stop, torch::Generator& generator, const ch5::Config& config) {
    const std::size_t piece = 512;
    for (std::size_t start = 0; start < stop; start += piece) {
        const std::size_t tokens = std::min(piece, stop - start);
        cache.write(start, random_heads(generator, tokens, config), random_heads(generator, tokens, config));
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::string name = "prefill-512";
    std::size_t runs = 7;
    CLI::App app("Times ch6::llama_attention at the size of a layer of Llama 3 8B.");
    app.add_option("--case", name, "what to time")->check(CLI::IsMember(cases))->capture_default_str();
    app.add_option("--runs", runs, "timed calls, after one that is not")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const auto [start_pos, tokens] = cases.at(name);
    const ch5::Config config{4096, 32, 8, 128, 1, start_pos + tokens};
    torch::Generator generator(123);
    const ch5::Weights weights = ch5::random_weights(generator, config);
    const ch6::ComplexMatrix table =
        ch6::rotation_table(ch6::frequencies(config.head_dim, 500000.0f), config.max_seq_len);
    ch5::KVCache cache(config);
    fill(cache, start_pos, generator, config);
    const Tensor3 x = torch::view<3>(torch::randn(generator, tokens, config.dim), {1, tokens, config.dim});

    // The first call is not counted: it meets cold caches.
    std::vector<double> seconds;
    for (std::size_t run = 0; run <= runs; ++run) {
        const auto began = std::chrono::steady_clock::now();
        const ch6::Trace trace = ch6::llama_attention(x, weights, config, table, cache, start_pos);
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
        if (run > 0) seconds.push_back(passed.count());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = (seconds[(runs - 1) / 2] + seconds[runs / 2]) / 2;
    fmt::print(R"({{"case": "{}", "runs": {}, "median_s": {:.6f}, "min_s": {:.6f}, "peak_rss_mib": {:.1f}}})"
               "\n",
               name, runs, median, seconds.front(), peak_mib());
}

// Chapter 7 (being written).
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
int main() {
    const ch7::Config config{8, 2, 6, 5, 3, 2, 4, 1, 5};
    torch::Generator generator(123);
    const ch7::Weights weights = ch7::random_weights(generator, config);
    ch7::NaiveCache naive_cache(config);
    ch7::LatentCache cache(config);
    const ch7::Positions places = ch7::positions(config, 10000.0f, {}, 5);
    const Tensor3 x = xt::ones<float>({1, 3, 8});
    const Tensor3 a = ch7::naive_attention(x, weights, config, places, naive_cache, 0).output;
    const Tensor3 b = ch7::absorbed_attention(x, weights, config, places, cache, 0).output;
    return largest_difference(a, b) < 1e-6f ? 0 : 1;
}

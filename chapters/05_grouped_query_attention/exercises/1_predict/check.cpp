#include "common/exercise/check.hpp"

#include <algorithm>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"

using namespace exercise;

namespace {

constexpr ch5::Config config{
    .dim = 20, .n_heads = 6, .n_kv_heads = 2, .head_dim = 4, .max_batch_size = 3, .max_seq_len = 10};

// The two calls of the README, and the cached key of token 0 after each.
struct Calls {
    ch5::Weights weights;
    ch5::Trace first, second;
    Tensor4 key_0_after_first, key_0_after_second;
};

Calls calls() {
    torch::Generator generator(51);
    Calls result;
    result.weights = ch5::random_weights(generator, config);
    ch5::KVCache cache(config);
    result.first =
        ch5::grouped_query_attention(random_tensor<3>(52, {2, 5, 20}), result.weights, config, cache, 0);
    result.key_0_after_first = cache.keys(2, 1);
    result.second =
        ch5::grouped_query_attention(random_tensor<3>(53, {2, 3, 20}), result.weights, config, cache, 5);
    result.key_0_after_second = cache.keys(2, 1);
    return result;
}

template <std::size_t N>
Shape shape_of(const Tensor<N>& tensor) {
    return {tensor.shape().begin(), tensor.shape().end()};
}

// The key head behind a query head: every key head contains its own number, and repeat_kv moves them.
double key_head_of(std::size_t query_head) {
    Tensor4 numbered = Tensor4::from_shape({1, 1, config.kv_heads(), 1});
    for (std::size_t h = 0; h < config.kv_heads(); ++h) numbered(0, 0, h, 0) = static_cast<float>(h);
    return ch5::repeat_kv(numbered, config.n_rep())(0, 0, query_head, 0);
}

double hidden_scores() {
    const ch3::MaskMatrix mask = ch5::future_mask(3, 5);
    return static_cast<double>(std::count(mask.begin(), mask.end(), true));
}

double bytes_with(std::size_t key_heads) {
    ch5::Config changed = config;
    changed.n_kv_heads = key_heads;
    return static_cast<double>(ch5::KVCache(changed).bytes_per_token());
}

}  // namespace

TEST("shapes") {
    const Calls both = calls();
    check_prediction(
        "shape of wk.weight", shape_of(both.weights.wk.weight),
        {{"24, 20", "this is the shape of wq.weight", "2 key heads of 4 numbers", "shape-of-queries"},
         {"20, 8", "a linear layer stores (out, in)", "./walk 5, step 1", "shape-transposed"}});
    check_prediction("shape of xk in the first call, split into heads", shape_of(both.first.xk),
                     {{"2, 5, 6, 4", "this is the shape of xq", "2 key heads, not 6", "shape-of-queries"},
                      {"2, 2, 5, 4", "this is the shape after the transpose, heads before tokens",
                       "./walk 5, step 2", "shape-transposed"}});
    check_prediction(
        "shape of keys in the second call, repeated for the query heads", shape_of(both.second.keys),
        {{"2, 3, 6, 4", "these are the keys of the new tokens only", "the cache gives all 8 keys so far",
          "shape-without-cache"},
         {"2, 8, 2, 4", "these are the keys as the cache stores them",
          "each key head is repeated n_rep times", "shape-of-cache"},
         {"3, 10, 6, 4", "this is the size of the whole buffers, with places that are still empty",
          "2 sequences, 8 tokens so far", "shape-of-buffers"}});
    check_prediction("shape of attn_scores in the second call", shape_of(both.second.attn_scores),
                     {{"2, 6, 3, 3", "here the new queries see the new keys only",
                       "the keys of the first call are in the cache", "shape-without-cache"},
                      {"2, 6, 8, 8", "the old tokens have no query in the second call",
                       "a row for each new token", "shape-with-old-queries"},
                      {"2, 2, 3, 8", "every query head has its own scores", "H = 6", "shape-of-key-heads"}});
}

TEST("heads and mask") {
    check_prediction(
        "the key head of query head 4", key_head_of(4),
        {{"0", "this is 4 modulo 2: the key heads as a list (0 1 0 1 0 1)", "./walk 5, step 3",
          "repeat-instead-of-repeat-interleave"},
         {"2", "this is 4 / 2; divide by n_rep = 3", "./walk 5, step 3", "divided-by-key-heads"}});
    check_prediction(
        "how many scores of one head does the mask hide in the second call", hidden_scores(),
        {{"18", "this mask starts at position 0 and hides cached keys", "query i is at position 5 + i",
          "mask-without-start-pos"},
         {"6", "this mask hides the token itself too", "a token attends to itself", "mask-off-by-one"},
         {"0", "only a single new token needs no mask", "query 0 must not see the keys 6 and 7",
          "mask-missing"}});
}

TEST("bytes") {
    const std::string one_token = "bytes that the cache stores for one token of one sequence";
    check_prediction(
        one_token, bytes_with(2),
        {{"32", "this counts the keys only", "the cache stores values too", "bytes-without-values"},
         {"16", "these are the numbers; each of them has 4 bytes", "float32", "numbers-not-bytes"},
         {"192", "this is a cache with 6 key heads", "2 key heads", "bytes-of-query-heads"}});
    check_prediction("the same bytes with 1 key head (multi-query attention)", bytes_with(1));
    check_prediction("the same bytes with 6 key heads (multi-head attention)", bytes_with(6));
}

TEST("what the cache keeps") {
    const Calls both = calls();
    check_prediction("the second call changes the cached key of token 0 (yes or no)",
                     largest_difference(both.key_0_after_first, both.key_0_after_second) > 0.0f,
                     {{"yes", "a key depends only on its own token, so it never changes", "./walk 5, step 6",
                       "key-depends-on-later-tokens"}});
}

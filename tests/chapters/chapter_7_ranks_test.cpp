#include <fmt/format.h>

#include <limits>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "chapters/07_multi_head_latent_attention/tensor_parallel.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float close_to_one_rank = 4e-6f;  // the same sums in another order

// No two sizes are the same, and 1, 2, 3, 4, 6 and 12 ranks can share the heads.
ch7::Config config_with(std::size_t q_lora_rank) {
    return {.dim = 11,
            .n_heads = 12,
            .q_lora_rank = q_lora_rank,
            .kv_lora_rank = 7,
            .qk_nope_head_dim = 3,
            .qk_rope_head_dim = 4,
            .v_head_dim = 5,
            .max_batch_size = 3,
            .max_seq_len = 8};
}

// Larger than nn.Linear's weights, so that softmax is far from uniform, and norms that are not ones.
ch7::Weights strong_layer(const ch7::Config& config) {
    torch::Generator generator(7);
    ch7::Weights weights = ch7::random_weights(generator, config);
    for (ch2::Linear* linear : {&weights.wq, &weights.wq_a, &weights.wq_b, &weights.wkv_a, &weights.wkv_b}) {
        linear->weight *= 2.0f;
    }
    if (config.q_lora_rank > 0) weights.q_norm = torch::select(random_matrix(8, 1, config.q_lora_rank), 0);
    weights.kv_norm = torch::select(random_matrix(9, 1, config.kv_lora_rank), 0);
    return weights;
}

// The two forms behind one name: what a rank computes, with its own cache.
Tensor3 attend(const Tensor3& x, const ch7::Weights& weights, const ch7::Config& config,
               const ch7::Positions& positions, ch7::NaiveCache& cache, std::size_t start_pos) {
    return ch7::naive_attention(x, weights, config, positions, cache, start_pos).output;
}
Tensor3 attend(const Tensor3& x, const ch7::Weights& weights, const ch7::Config& config,
               const ch7::Positions& positions, ch7::LatentCache& cache, std::size_t start_pos) {
    return ch7::absorbed_attention(x, weights, config, positions, cache, start_pos).output;
}
void fill(ch7::NaiveCache& cache, float value) {
    cache.k_cache.fill(value);
    cache.v_cache.fill(value);
}
void fill(ch7::LatentCache& cache, float value) {
    cache.kv_cache.fill(value);
    cache.pe_cache.fill(value);
}

// The output for x in the given pieces, with YaRN, on so many ranks. What is not written is NaN.
template <class Cache>
Tensor3 on_ranks(std::size_t world_size, const Tensor3& x, const ch7::Config& config,
                 const std::vector<std::size_t>& pieces) {
    const ch7::Yarn yarn{.scaling = {.factor = 4.0f, .original_max_seq_len = 4.0f}};
    const ch7::Positions positions = ch7::positions(config, 10000.0f, yarn, config.max_seq_len);
    const ch7::Weights weights = strong_layer(config);
    const ch7::Config local = ch7::local_config(config, world_size);

    std::vector<Cache> caches(world_size, Cache(local));
    std::vector<ch7::Weights> shards;
    for (std::size_t rank = 0; rank < world_size; ++rank) {
        fill(caches[rank], nan);
        shards.push_back(ch7::shard(weights, config, rank, world_size));
    }
    const std::unique_ptr<Ranks> ranks = ranks_in_turn(world_size);
    return ch5::in_pieces(x, pieces, [&](const Tensor3& piece, std::size_t start_pos) {
        return ch7::all_reduce(*ranks,
                               [&](std::size_t rank) {
                                   return attend(piece, shards[rank], local, positions, caches[rank],
                                                 start_pos);
                               })
            .output;
    });
}

// (H * rows, in) as (H, rows, in): what belongs to each head.
Tensor3 by_head(const Matrix& weight, std::size_t heads) {
    return torch::view<3>(weight, {heads, weight.shape(0) / heads, weight.shape(1)});
}

}  // namespace

TEST_CASE("tensor parallel: any number of ranks computes what one does, in both forms") {
    const ch7::Config config = config_with(GENERATE(as<std::size_t>{}, 0, 6));
    const Tensor3 x = random_batch(10, 2, 6, config.dim);

    // One rank is the layer itself.
    const ch7::Weights weights = strong_layer(config);
    const ch7::Yarn yarn{.scaling = {.factor = 4.0f, .original_max_seq_len = 4.0f}};
    const ch7::Positions positions = ch7::positions(config, 10000.0f, yarn, config.max_seq_len);
    ch7::NaiveCache cache(config);
    const Tensor3 whole = ch7::naive_attention(x, weights, config, positions, cache, 0).output;
    REQUIRE_FALSE(xt::any(xt::isnan(whole)));
    REQUIRE(xt::amax(xt::abs(whole))() > 0.1f);

    for (const std::size_t world_size : {1U, 2U, 3U, 4U, 12U}) {
        for (const std::vector<std::size_t>& pieces :
             {std::vector<std::size_t>{6}, {3, 1, 1, 1}, {1, 4, 1}}) {
            CAPTURE(config.q_lora_rank, world_size, pieces);
            const Tensor3 naive = on_ranks<ch7::NaiveCache>(world_size, x, config, pieces);
            const Tensor3 absorbed = on_ranks<ch7::LatentCache>(world_size, x, config, pieces);
            CHECK(largest_difference(naive, whole) < close_to_one_rank);
            CHECK(largest_difference(absorbed, whole) < close_to_one_rank);
        }
    }
}

TEST_CASE("tensor parallel: each rank adds its own heads, and the sum is of all") {
    const Tensor3 x = random_batch(11, 2, 3, 4);
    const ch7::AllReduced reduced = ch7::all_reduce(*ranks_in_turn(3), [&](std::size_t rank) -> Tensor3 {
        return x * (static_cast<float>(rank) + 1.0f);
    });
    REQUIRE(reduced.partials.size() == 3);
    CHECK(exact(reduced.partials[0]) == exact(x));
    CHECK(exact(reduced.partials[2]) == exact(Tensor3(3.0f * x)));
    CHECK(largest_difference(reduced.output, Tensor3(6.0f * x)) < 1e-5f);
}

TEST_CASE("tensor parallel: a rank holds its heads of the weights, and the latents whole") {
    const ch7::Config config = config_with(GENERATE(as<std::size_t>{}, 0, 6));
    const ch7::Weights weights = strong_layer(config);
    const bool direct = config.q_lora_rank == 0;
    const std::size_t world_size = 3, heads = 4;
    for (std::size_t rank = 0; rank < world_size; ++rank) {
        CAPTURE(direct, rank);
        const ch7::Weights local = ch7::shard(weights, config, rank, world_size);
        const auto heads_of_rank = [&](const Matrix& whole) {
            return exact(torch::narrow(by_head(whole, config.n_heads), 0, rank * heads, heads));
        };
        const auto heads_of_shard = [&](const Matrix& part) { return exact(by_head(part, heads)); };

        const ch2::Linear &q = direct ? weights.wq : weights.wq_b, &local_q = direct ? local.wq : local.wq_b;
        CHECK(heads_of_shard(local_q.weight) == heads_of_rank(q.weight));
        CHECK(heads_of_shard(local.wkv_b.weight) == heads_of_rank(weights.wkv_b.weight));
        CHECK(heads_of_shard(torch::transpose(local.wo.weight)) ==
              heads_of_rank(torch::transpose(weights.wo.weight)));

        CHECK(exact(local.wq_a.weight) == exact(weights.wq_a.weight));
        CHECK(exact(local.q_norm) == exact(weights.q_norm));
        CHECK(exact(local.wkv_a.weight) == exact(weights.wkv_a.weight));
        CHECK(exact(local.kv_norm) == exact(weights.kv_norm));
    }
}

TEST_CASE("tensor parallel: a rank's naive cache shrinks, its latent cache does not") {
    const ch7::Config config = config_with(6), local = ch7::local_config(config, 4);
    CHECK(local.n_heads == 3);
    CHECK(4 * ch7::NaiveCache(local).per_token() == ch7::NaiveCache(config).per_token());
    CHECK(ch7::LatentCache(local).per_token() == ch7::LatentCache(config).per_token());
}

TEST_CASE("tensor parallel: heads that cannot be shared evenly are refused") {
    const ch7::Config config = config_with(6);
    const std::size_t world_size = GENERATE(as<std::size_t>{}, 0, 5, 8, 24);
    const std::string message =
        fmt::format("12 heads cannot be split evenly among {} ranks: the number of ranks must divide n_heads",
                    world_size);
    CHECK_THROWS_WITH(ch7::local_config(config, world_size), message);
    CHECK_THROWS_WITH(ch7::shard(strong_layer(config), config, 0, world_size), message);
    CHECK_THROWS_AS(ch7::shard(strong_layer(config), config, 3, 3), std::invalid_argument);

    // Nor can the heads of a layer that cannot be.
    ch7::Config wrong = config;
    wrong.v_head_dim = 0;
    CHECK_THROWS_WITH(ch7::local_config(wrong, 3), "v_head_dim must be at least 1");
}

// A program as chapter 7's is, in small: a seeded layer on its ranks, in turn or as processes. The tests
// start it alone and under mpirun, and break one rank of it.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>

#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/tensor_parallel.hpp"
#include "common/ranks/process_group.hpp"
#include "common/torch/print.hpp"
#include "common/torch/random.hpp"

namespace {

constexpr ch7::Config config{.dim = 7,
                             .n_heads = 4,
                             .q_lora_rank = 5,
                             .kv_lora_rank = 6,
                             .qk_nope_head_dim = 3,
                             .qk_rope_head_dim = 2,
                             .v_head_dim = 5,
                             .max_batch_size = 2,
                             .max_seq_len = 4};

// The command line: --world-size N, and a rank that does otherwise than the rest: --fail, --stop, --shorten
// R.
using Asked = std::map<std::string, std::size_t>;

bool is_asked(const Asked& asked, const std::string& option, std::size_t rank) {
    const auto found = asked.find(option);
    return found != asked.end() && found->second == rank;
}

// The three tokens of a prompt, then a token more: each rank keeps its cache from call to call.
std::vector<ch7::AllReduced> prefill_and_step(const Ranks& ranks, const Asked& asked) {
    torch::Generator generator(123);
    const ch7::Weights weights = ch7::random_weights(generator, config);
    const ch7::Positions positions = ch7::positions(config, 10000.0f, {}, config.max_seq_len);
    const Tensor3 x = torch::view<3>(torch::randn(generator, 8, config.dim), {2, 4, config.dim});

    const std::size_t world_size = ranks.world_size();
    const ch7::Config local = ch7::local_config(config, world_size);
    std::vector<ch7::LatentCache> caches(world_size, ch7::LatentCache(local));
    const auto attention = [&](const Tensor3& tokens, std::size_t start_pos) {
        return ch7::all_reduce(ranks, [&](std::size_t rank) -> Tensor3 {
            if (is_asked(asked, "--fail", rank))
                throw std::runtime_error(fmt::format("rank {} has lost its heads", rank));
            if (is_asked(asked, "--shorten", rank)) return torch::narrow(tokens, 1, 0, 1);
            const ch7::Weights mine = ch7::shard(weights, config, rank, world_size);
            return ch7::absorbed_attention(tokens, mine, local, positions, caches[rank], start_pos).output;
        });
    };
    return {attention(torch::narrow(x, 1, 0, 3), 0), attention(torch::narrow(x, 1, 3, 1), 3)};
}

void tell(const ProcessGroup& group, const Asked& asked) {
    std::optional<std::size_t> world_size;
    if (asked.contains("--world-size")) world_size = asked.at("--world-size");
    const std::unique_ptr<Ranks> ranks = group.ranks(world_size);
    if (is_asked(asked, "--stop", group.rank())) throw std::runtime_error("stopped");
    const std::vector<ch7::AllReduced> calls = prefill_and_step(*ranks, asked);
    const std::vector<ch7::AllReduced> alone = prefill_and_step(*ranks_in_turn(1), {});
    if (!group.speaks()) return;

    fmt::print("world size {}\n", ranks->world_size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        for (const Tensor3& partial : calls[i].partials)
            fmt::print("partial\n{}\n", torch::to_string(partial));
        fmt::print("sum\n{}\n", torch::to_string(calls[i].output));
        const float difference = largest_difference(calls[i].output, alone[i].output);
        fmt::print("{} one rank\n", difference < 1e-6f ? "as" : "NOT AS");
    }
}

}  // namespace

int main(int argc, char** argv) {
    const ProcessGroup group;
    try {
        Asked asked;
        for (int i = 1; i + 1 < argc; i += 2) asked[argv[i]] = std::stoul(argv[i + 1]);
        tell(group, asked);
        return 0;
    } catch (const std::exception& error) {
        if (group.speaks()) fmt::print(stderr, "rank_program: {}\n", error.what());
        return 2;
    }
}

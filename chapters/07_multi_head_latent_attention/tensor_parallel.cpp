#include "chapters/07_multi_head_latent_attention/tensor_parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ch7 {
namespace {

// The rank's block of outputs: rows of the stored weight.
ch2::Linear column_parallel(const ch2::Linear& linear, std::size_t rank, std::size_t world_size) {
    const std::size_t outputs = linear.weight.shape(0) / world_size;
    return {torch::narrow(linear.weight, 0, rank * outputs, outputs), {}};
}

// The rank's block of inputs: columns of the stored weight.
ch2::Linear row_parallel(const ch2::Linear& linear, std::size_t rank, std::size_t world_size) {
    const std::size_t inputs = linear.weight.shape(1) / world_size;
    return {torch::narrow(linear.weight, 1, rank * inputs, inputs), {}};
}

}  // namespace

Config local_config(const Config& config, std::size_t world_size) {
    check(config);
    if (world_size == 0 || config.n_heads % world_size != 0) {
        throw std::invalid_argument(fmt::format(
            "{} heads cannot be split evenly among {} ranks: the number of ranks must divide n_heads",
            config.n_heads, world_size));
    }
    Config local = config;
    local.n_heads = config.n_heads / world_size;
    return local;
}

Weights shard(const Weights& weights, const Config& config, std::size_t rank, std::size_t world_size) {
    static_cast<void>(local_config(config, world_size));
    Weights local = weights;  // the matrices of the latents stay whole
    if (config.q_lora_rank == 0) {
        local.wq = column_parallel(weights.wq, rank, world_size);
    } else {
        local.wq_b = column_parallel(weights.wq_b, rank, world_size);
    }
    local.wkv_b = column_parallel(weights.wkv_b, rank, world_size);
    local.wo = row_parallel(weights.wo, rank, world_size);
    return local;
}

AllReduced all_reduce(const Ranks& ranks, const std::function<Tensor3(std::size_t rank)>& partial_output) {
    std::array<std::size_t, 3> shape{};
    const Ranks::Reduced flat = ranks.all_reduce([&](std::size_t rank) {
        const Tensor3 partial = partial_output(rank);
        shape = partial.shape();
        return std::vector<float>(partial.begin(), partial.end());
    });

    // Ranks exchange flat rows of numbers; this makes tensors of them again.
    const auto tensor = [&](const std::vector<float>& values) {
        Tensor3 result = Tensor3::from_shape(shape);
        std::copy(values.begin(), values.end(), result.begin());
        return result;
    };
    AllReduced reduced;
    for (const std::vector<float>& partial : flat.partials) reduced.partials.push_back(tensor(partial));
    reduced.output = tensor(flat.sum);
    return reduced;
}

}  // namespace ch7

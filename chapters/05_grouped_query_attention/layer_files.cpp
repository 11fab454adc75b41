#include "chapters/05_grouped_query_attention/layer_files.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "common/files/weight_file.hpp"
#include "common/torch/random.hpp"

namespace ch5 {
namespace {

Config config_of(const ModelConfig& model) {
    return {.dim = model.dim,
            .n_heads = model.n_heads,
            .n_kv_heads = model.n_kv_heads,
            .head_dim = model.head_dim.value_or(model.dim / model.n_heads),
            .max_batch_size = model.max_batch_size,
            .max_seq_len = model.max_seq_len};
}

void read_weights(Layer& layer, WeightFile& file) {
    const Config& config = layer.config;
    const std::size_t q_rows = config.n_heads * config.head_dim,
                      kv_rows = config.kv_heads() * config.head_dim;
    const auto read_four = [&](const char* q, const char* k, const char* v, const char* o) {
        layer.weights.wq.weight = file.matrix(q, q_rows, config.dim, "(n_heads * head_dim, dim)");
        layer.weights.wk.weight = file.matrix(k, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        layer.weights.wv.weight = file.matrix(v, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        layer.weights.wo.weight = file.matrix(o, config.dim, q_rows, "(dim, n_heads * head_dim)");
        layer.naming = fmt::format("{}, {}, {}, {}", q, k, v, o);
    };

    if (file.has("wqkv.weight")) {
        // Fused: the rows of all query heads, then of all key heads, then of all value heads.
        const Matrix fused = file.matrix("wqkv.weight", q_rows + 2 * kv_rows, config.dim,
                                         "((n_heads + 2 * n_kv_heads) * head_dim, dim)");
        layer.weights.wq.weight = torch::narrow(fused, 0, 0, q_rows);
        layer.weights.wk.weight = torch::narrow(fused, 0, q_rows, kv_rows);
        layer.weights.wv.weight = torch::narrow(fused, 0, q_rows + kv_rows, kv_rows);
        layer.weights.wo.weight = file.matrix("wo.weight", config.dim, q_rows, "(dim, n_heads * head_dim)");
        layer.naming = "wqkv.weight, split into queries, keys and values; wo.weight";
    } else if (file.has("q_proj.weight")) {
        read_four("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight");
        layer.half_split = true;
    } else if (file.has("wq.weight")) {
        read_four("wq.weight", "wk.weight", "wv.weight", "wo.weight");
    } else {
        throw std::invalid_argument(fmt::format(
            "{} has no {}wq.weight {}, and no wqkv.weight or q_proj.weight there; --prefix says what "
            "the names begin with, ./walk show {} lists them",
            file.path(), file.prefix(), to_string(Shape{q_rows, config.dim}), file.path()));
    }
    layer.unused = file.unused();
}

}  // namespace

Layer load_layer(Walkthrough& walk) {
    const OwnFiles& own = walk.own();
    Layer layer;
    layer.model = read_model_config(*own.config);
    layer.config = config_of(layer.model);
    check(layer.config);

    torch::Generator generator(walk.seed(123));
    if (own.input) {
        layer.x = read_tokens(*own.input, layer.config.dim);
    } else {
        layer.x = torch::view<3>(torch::randn(generator, 4, layer.config.dim), {1, 4, layer.config.dim});
    }
    if (own.weights) {
        WeightFile file(*own.weights, own.prefix);
        read_weights(layer, file);
    } else {
        layer.weights = random_weights(generator, layer.config);
        layer.naming = "random, from the seed";
    }

    const std::size_t tokens = layer.x.shape(1);
    if (!own.tokens.empty() && own.tokens.size() != tokens) {
        throw std::invalid_argument(
            fmt::format("--tokens has {} words, the input {} tokens", own.tokens.size(), tokens));
    }
    return layer;
}

std::vector<std::size_t> pieces_of(const Layer& layer, const OwnFiles& own) {
    const std::size_t tokens = layer.x.shape(1);
    return prefill_then_tokens(tokens, own.prefill.value_or(tokens));
}

}  // namespace ch5

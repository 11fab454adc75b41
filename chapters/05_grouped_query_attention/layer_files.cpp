#include "chapters/05_grouped_query_attention/layer_files.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "common/files/weight_file.hpp"
#include "common/memory.hpp"
#include "common/torch/random.hpp"

namespace ch5 {
namespace {

// The numbers that a run holds at once at the most, in bytes: the layer, its cache, and what one call
// computes.
double bytes_needed(const Config& config, const std::array<std::size_t, 3>& x_shape) {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double tokens = number(x_shape[0]) * number(x_shape[1]), dim = number(config.dim),
                 q_width = number(config.n_heads) * number(config.head_dim),
                 kv_width = number(config.kv_heads()) * number(config.head_dim),
                 scores = tokens * number(x_shape[1]) * number(config.n_heads);
    const double weights = 2.0 * dim * (q_width + kv_width);
    return sizeof(float) * (weights + tokens * (3.0 * dim + 6.0 * q_width + 4.0 * kv_width) + 4.0 * scores);
}

Config config_of(const ModelConfig& model) {
    return {.dim = model.dim,
            .n_heads = model.n_heads,
            .n_kv_heads = model.n_kv_heads,
            .head_dim = model.head_dim.value_or(model.dim / model.n_heads),
            .max_batch_size = 1,  // until the input is read
            .max_seq_len = model.max_seq_len};
}

// A projection's bias, where the file has one.
std::optional<Vector> bias_in(WeightFile& file, const char* name, std::size_t size, const char* meaning) {
    return file.has(name) ? std::optional(file.vector(name, size, meaning)) : std::nullopt;
}

// What the config says of biases and what the file has must be the same.
void check_bias(const Layer& layer, const std::string& path) {
    const Weights& weights = layer.weights;
    const bool all = weights.wq.bias && weights.wk.bias && weights.wv.bias;
    const bool any = weights.wq.bias || weights.wk.bias || weights.wv.bias || weights.wo.bias;
    if (layer.model.attention_bias == true && !all) {
        throw std::invalid_argument(fmt::format(
            "{}: attention_bias is true, and not all of queries, keys and values have a bias", path));
    }
    if (layer.model.attention_bias == false && any) {
        throw std::invalid_argument(fmt::format(
            "{} has biases, and the config's attention_bias is false: correct one of them", path));
    }
}

void read_weights(Layer& layer, WeightFile& file) {
    const Config& config = layer.config;
    const std::size_t q_rows = config.n_heads * config.head_dim,
                      kv_rows = config.kv_heads() * config.head_dim;
    // One projection: its weight, and its bias where there is one.
    const auto linear = [&](const char* name, std::size_t rows, std::size_t columns, const char* meaning) {
        const std::string weight = fmt::format("{}.weight", name), bias = fmt::format("{}.bias", name);
        layer.naming += (layer.naming.empty() ? "" : ", ") + weight;
        if (file.has(bias)) layer.naming += ", " + bias;
        return ch2::Linear{file.matrix(weight, rows, columns, meaning),
                           bias_in(file, bias.c_str(), rows, "one number for each row of its weight")};
    };
    const auto read_four = [&](const char* q, const char* k, const char* v, const char* o) {
        layer.weights.wq = linear(q, q_rows, config.dim, "(n_heads * head_dim, dim)");
        layer.weights.wk = linear(k, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        layer.weights.wv = linear(v, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        layer.weights.wo = linear(o, config.dim, q_rows, "(dim, n_heads * head_dim)");
    };

    if (file.has("wqkv.weight")) {
        // Fused: the rows of all query heads, then of all key heads, then of all value heads.
        const Matrix fused = file.matrix("wqkv.weight", q_rows + 2 * kv_rows, config.dim,
                                         "((n_heads + 2 * n_kv_heads) * head_dim, dim)");
        layer.weights.wq.weight = torch::narrow(fused, 0, 0, q_rows);
        layer.weights.wk.weight = torch::narrow(fused, 0, q_rows, kv_rows);
        layer.weights.wv.weight = torch::narrow(fused, 0, q_rows + kv_rows, kv_rows);
        if (const std::optional<Vector> bias =
                bias_in(file, "wqkv.bias", q_rows + 2 * kv_rows, "one number for each row of its weight")) {
            const auto rows = [&](std::size_t start, std::size_t size) {
                return Vector(xt::view(*bias, xt::range(start, start + size)));
            };
            layer.weights.wq.bias = rows(0, q_rows);
            layer.weights.wk.bias = rows(q_rows, kv_rows);
            layer.weights.wv.bias = rows(q_rows + kv_rows, kv_rows);
        }
        layer.weights.wo = linear("wo", config.dim, q_rows, "(dim, n_heads * head_dim)");
        layer.naming = "wqkv.weight, split into queries, keys and values; " + layer.naming;
    } else if (file.has("q_proj.weight")) {
        read_four("q_proj", "k_proj", "v_proj", "o_proj");
        layer.half_split = true;
    } else if (file.has("wq.weight")) {
        read_four("wq", "wk", "wv", "wo");
    } else {
        throw std::invalid_argument(fmt::format(
            "{} has no {}wq.weight {}, and no wqkv.weight or q_proj.weight there; --prefix says what "
            "the names begin with, ./walk show {} lists them",
            file.path(), file.prefix(), to_string(Shape{q_rows, config.dim}), file.path()));
    }
    check_bias(layer, file.path());
    layer.unused = file.unused();
}

// The tokens of --input, or 4 random ones.
Tensor3 read_input(const OwnFiles& own, const Config& config, torch::Generator& generator) {
    if (own.input) return read_tokens(*own.input, config.dim);
    require_memory("this layer with 4 tokens", bytes_needed(config, {1, 4, config.dim}));
    return torch::view<3>(torch::randn(generator, 4, config.dim), {1, 4, config.dim});
}

// The cache holds this text and no more, whatever a config allows: published ones allow 131072 tokens.
void make_room(Layer& layer) {
    const std::size_t batch = layer.x.shape(0), tokens = layer.x.shape(1);
    if (batch > layer.model.max_batch_size.value_or(batch)) {
        throw std::invalid_argument(
            fmt::format("the KV cache holds {} sequences, not {}: raise max_batch_size",
                        *layer.model.max_batch_size, batch));
    }
    if (tokens > layer.model.max_seq_len) {
        throw std::invalid_argument(fmt::format("the KV cache holds {} tokens, not {}: raise max_seq_len",
                                                layer.model.max_seq_len, tokens));
    }
    if (tokens > layer.model.sliding_window.value_or(tokens)) {
        throw std::invalid_argument(fmt::format(
            "sliding_window is {}, and the text has {} tokens: this chapter's mask has no window; give at most {}",
            *layer.model.sliding_window, tokens, *layer.model.sliding_window));
    }
    layer.config.max_batch_size = batch;
    layer.config.max_seq_len = tokens;
    require_memory(fmt::format("this layer with {} tokens", batch * tokens),
                   bytes_needed(layer.config, layer.x.shape()));
}

}  // namespace

Layer load_layer(Walkthrough& walk) {
    const OwnFiles& own = walk.own();
    Layer layer;
    layer.model = read_model_config(*own.config);
    layer.config = config_of(layer.model);
    check(layer.config);

    torch::Generator generator(own.weights && own.input ? 0 : walk.seed(123));
    layer.x = read_input(own, layer.config, generator);
    make_room(layer);
    if (own.weights) {
        WeightFile file(*own.weights, own.prefix);
        read_weights(layer, file);
        if (!own.ignore_unused) refuse_unused(layer.unused, file.path());
    } else {
        if (layer.model.attention_bias == true) {
            throw std::invalid_argument(
                "attention_bias is true, and random weights have no bias: give --weights");
        }
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

void refuse_bias_on_device(const Layer& layer) {
    const Weights& weights = layer.weights;
    if (!(weights.wq.bias || weights.wk.bias || weights.wv.bias || weights.wo.bias)) return;
    throw std::invalid_argument(
        "--device runs layers without bias, and this one has biases; leave out --device");
}

std::vector<std::size_t> pieces_of(const Layer& layer, const OwnFiles& own) {
    const std::size_t tokens = layer.x.shape(1);
    return prefill_then_tokens(tokens, own.prefill.value_or(tokens));
}

}  // namespace ch5

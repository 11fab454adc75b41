#include "chapters/05_grouped_query_attention/layer_files.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "common/files/file_error.hpp"
#include "common/files/weight_file.hpp"

namespace ch5 {
namespace {

// Until the text is read, the cache has room for one token.
Config config_of(const ModelConfig& model) {
    return {.dim = model.dim,
            .n_heads = model.n_heads,
            .n_kv_heads = model.n_kv_heads,
            .head_dim = model.head_dim.value_or(model.dim / model.n_heads),
            .max_batch_size = 1,
            .max_seq_len = 1};
}

// The weights (the largest twice, while it is read), the cache, and for the first and the last piece a trace
// and the copies of it that are shown. With scores, the trace has tensors (T, S) and repeats keys and values.
double bytes_needed(const Config& config, bool has_scores, double batch, double tokens, double at_once) {
    const auto dim = static_cast<double>(config.dim), heads = static_cast<double>(config.n_heads),
               q_width = heads * static_cast<double>(config.head_dim),
               kv_width = static_cast<double>(config.kv_heads()) * static_cast<double>(config.head_dim);
    const double weights = dim * (3.0 * q_width + 2.0 * kv_width);
    const double of_scores = has_scores ? 14.0 * at_once * heads * tokens + 8.0 * tokens * q_width : 0.0;
    const double cache = 4.0 * tokens * kv_width;
    const double piece = of_scores + at_once * (18.0 * q_width + 14.0 * kv_width);
    return sizeof(float) * (weights + batch * (cache + piece + 8.0 * tokens * dim));
}

// The bias, one number per row of the weight, if the file has it.
std::optional<Vector> bias_in(WeightFile& file, const std::string& name, std::size_t rows) {
    if (!file.has(name)) return std::nullopt;
    return file.vector(name, rows, "(rows of its weight)");
}

Vector part_of(const Vector& all, std::size_t start, std::size_t size) {
    return xt::view(all, xt::range(start, start + size));
}

bool has_bias(const Weights& weights) {
    return weights.wq.bias || weights.wk.bias || weights.wv.bias || weights.wo.bias;
}

// 8-bit weights need scales, which only chapter 7 reads.
void refuse_8_bits(const WeightFile& file, const std::string& name) {
    if (!file.has(name) || file.dtype(name) != "F8_E4M3") return;
    throw FileError(file.path(),
                    fmt::format("{}{} is F8_E4M3, and scales are not read here", file.prefix(), name),
                    "convert it to BF16");
}

// The config and the file must agree on biases.
void check_bias(const Layer& layer, const std::string& path) {
    const Weights& weights = layer.weights;
    if (layer.model.attention_bias == true && !(weights.wq.bias && weights.wk.bias && weights.wv.bias)) {
        throw std::invalid_argument(fmt::format(
            "{}: attention_bias is true, and not all of queries, keys and values have a bias there", path));
    }
    if (layer.model.attention_bias == false && has_bias(weights)) {
        throw std::invalid_argument(
            fmt::format("{} has biases, and attention_bias is false: correct the config or the file", path));
    }
}

// Reads the weights in any of the three namings, and returns the names that the file uses.
std::string read_weights(Layer& layer, WeightFile& file) {
    const Config& config = layer.config;
    const std::size_t q_rows = config.n_heads * config.head_dim,
                      kv_rows = config.kv_heads() * config.head_dim, all_rows = q_rows + 2 * kv_rows;
    Weights& weights = layer.weights;
    std::vector<std::string> names;
    const auto read_linear = [&](const std::string& name, std::size_t rows, std::size_t columns,
                                 const char* meaning) {
        refuse_8_bits(file, name + ".weight");
        names.push_back(name + ".weight");
        if (file.has(name + ".bias")) names.push_back(name + ".bias");
        return ch2::Linear{file.matrix(name + ".weight", rows, columns, meaning),
                           bias_in(file, name + ".bias", rows)};
    };
    const auto read_four = [&](const char* q, const char* k, const char* v, const char* o) {
        weights.wq = read_linear(q, q_rows, config.dim, "(n_heads * head_dim, dim)");
        weights.wk = read_linear(k, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        weights.wv = read_linear(v, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        weights.wo = read_linear(o, config.dim, q_rows, "(dim, n_heads * head_dim)");
    };

    if (file.has("wqkv.weight")) {
        // Fused: the rows of all query heads, then of all key heads, then of all value heads.
        const ch2::Linear fused =
            read_linear("wqkv", all_rows, config.dim, "((n_heads + 2 * n_kv_heads) * head_dim, dim)");
        const auto split = [&](std::size_t start, std::size_t rows) {
            ch2::Linear part{torch::narrow(fused.weight, 0, start, rows), std::nullopt};
            if (fused.bias) part.bias = part_of(*fused.bias, start, rows);
            return part;
        };
        weights.wq = split(0, q_rows);
        weights.wk = split(q_rows, kv_rows);
        weights.wv = split(q_rows + kv_rows, kv_rows);
        weights.wo = read_linear("wo", config.dim, q_rows, "(dim, n_heads * head_dim)");
        names.front() += " (split into queries, keys and values)";
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
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Layer load_layer(Walkthrough& walk, bool has_scores) {
    Layer layer;
    layer.model = read_model_config(*walk.own().config);
    layer.ignored = layer.model.ignored;
    layer.config = config_of(layer.model);
    check(layer.config);

    const bool has_biases = layer.model.attention_bias == true;
    const LayerKind kind{
        .dim = layer.config.dim,
        .max_batch_size = layer.model.max_batch_size,
        .max_seq_len = layer.model.max_seq_len,
        .limits = layer.model.limits,
        .bytes =
            [&](double batch, double tokens, double at_once) {
                return bytes_needed(layer.config, has_scores, batch, tokens, at_once);
            },
        .read = [&](WeightFile& file) { return read_weights(layer, file); },
        .draw =
            [&](torch::Generator& generator) {
                layer.weights = random_weights(generator, layer.config, has_biases,
                                               has_biases && layer.model.output_bias);
            },
    };
    load_own_layer(walk, kind, layer);
    layer.config.max_batch_size = layer.x.shape(0);
    layer.config.max_seq_len = layer.x.shape(1);
    return layer;
}

void refuse_bias_on_device(const Layer& layer) {
    if (!has_bias(layer.weights)) return;
    throw std::invalid_argument(
        "--device runs layers without bias, and this one has biases; leave out --device");
}

std::vector<std::size_t> pieces_of(const OwnLayer& layer, const OwnFiles& own) {
    const std::size_t tokens = layer.x.shape(1);
    return prefill_then_tokens(tokens, own.prefill.value_or(tokens));
}

}  // namespace ch5

#include "chapters/05_grouped_query_attention/layer_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "common/files/tensor_file.hpp"
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

// One weight file under one prefix; it remembers which of its tensors were asked for.
class WeightReader {
  public:
    WeightReader(const std::string& path, std::string prefix)
        : path_(path), prefix_(std::move(prefix)), file_(open_tensor_file(path)) {}

    [[nodiscard]] bool has(const std::string& name) const {
        return std::any_of(file_->tensors().begin(), file_->tensors().end(),
                           [&](const TensorInfo& info) { return info.name == prefix_ + name; });
    }

    // A matrix of exactly this shape. `meaning` says where the shape comes from.
    Matrix read(const std::string& name, std::size_t rows, std::size_t columns, const char* meaning) {
        const AnyTensor tensor = file_->read(prefix_ + name);
        const std::optional<Matrix> matrix = float_tensor<2>(tensor);
        if (!matrix || matrix->shape(0) != rows || matrix->shape(1) != columns) {
            throw std::invalid_argument(fmt::format("{}: {}{} is {}, expected floats of shape {} = {}", path_,
                                                    prefix_, name, to_string(tensor.shape),
                                                    to_string(Shape{rows, columns}), meaning));
        }
        used_.push_back(prefix_ + name);
        return *matrix;
    }

    [[nodiscard]] std::vector<std::string> unused() const {
        std::vector<std::string> names;
        for (const TensorInfo& info : file_->tensors()) {
            const bool is_used = std::find(used_.begin(), used_.end(), info.name) != used_.end();
            if (info.name.starts_with(prefix_) && !is_used) names.push_back(info.name);
        }
        return names;
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::string& prefix() const { return prefix_; }

  private:
    std::string path_, prefix_;
    std::unique_ptr<TensorFile> file_;
    std::vector<std::string> used_;
};

void read_weights(Layer& layer, WeightReader& reader) {
    const Config& config = layer.config;
    const std::size_t q_rows = config.n_heads * config.head_dim,
                      kv_rows = config.kv_heads() * config.head_dim;
    const auto read_four = [&](const char* q, const char* k, const char* v, const char* o) {
        layer.weights.wq.weight = reader.read(q, q_rows, config.dim, "(n_heads * head_dim, dim)");
        layer.weights.wk.weight = reader.read(k, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        layer.weights.wv.weight = reader.read(v, kv_rows, config.dim, "(n_kv_heads * head_dim, dim)");
        layer.weights.wo.weight = reader.read(o, config.dim, q_rows, "(dim, n_heads * head_dim)");
        layer.naming = fmt::format("{}, {}, {}, {}", q, k, v, o);
    };

    if (reader.has("wqkv.weight")) {
        // Fused: the rows of all query heads, then of all key heads, then of all value heads.
        const Matrix fused = reader.read("wqkv.weight", q_rows + 2 * kv_rows, config.dim,
                                         "((n_heads + 2 * n_kv_heads) * head_dim, dim)");
        layer.weights.wq.weight = torch::narrow(fused, 0, 0, q_rows);
        layer.weights.wk.weight = torch::narrow(fused, 0, q_rows, kv_rows);
        layer.weights.wv.weight = torch::narrow(fused, 0, q_rows + kv_rows, kv_rows);
        layer.weights.wo.weight = reader.read("wo.weight", config.dim, q_rows, "(dim, n_heads * head_dim)");
        layer.naming = "wqkv.weight, split into queries, keys and values; wo.weight";
    } else if (reader.has("q_proj.weight")) {
        read_four("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight");
        layer.half_split = true;
    } else if (reader.has("wq.weight")) {
        read_four("wq.weight", "wk.weight", "wv.weight", "wo.weight");
    } else {
        throw std::invalid_argument(fmt::format(
            "{} has no {}wq.weight {}, and no wqkv.weight or q_proj.weight there; --prefix says what "
            "the names begin with, ./walk show {} lists them",
            reader.path(), reader.prefix(), to_string(Shape{q_rows, config.dim}), reader.path()));
    }
    layer.unused = reader.unused();
}

Tensor3 read_input(const std::string& path, const Config& config) {
    const AnyTensor tensor = open_tensor_file(path)->read("x");
    std::optional<Tensor3> x = float_tensor<3>(tensor);
    if (const std::optional<Matrix> sequence = float_tensor<2>(tensor)) {
        x = torch::view<3>(*sequence, {1, sequence->shape(0), sequence->shape(1)});
    }
    if (!x || x->shape(2) != config.dim || x->size() == 0) {
        throw std::invalid_argument(
            fmt::format("{}: x is {}, expected floats of shape (B, T, dim) or (T, dim) with dim = {}", path,
                        to_string(tensor.shape), config.dim));
    }
    return *x;
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
        layer.x = read_input(*own.input, layer.config);
    } else {
        layer.x = torch::view<3>(torch::randn(generator, 4, layer.config.dim), {1, 4, layer.config.dim});
    }
    if (own.weights) {
        WeightReader reader(*own.weights, own.prefix);
        read_weights(layer, reader);
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

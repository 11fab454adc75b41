// Reads the weights of one attention under the names that its model's row gives.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chapters/09_every_model/layer_files.hpp"
#include "common/files/file_error.hpp"
#include "common/torch/random.hpp"

namespace ch9 {
namespace {

std::string numbered(const std::string& name, std::size_t number) {
    return name.find("{}") == std::string::npos ? name : fmt::format(fmt::runtime(name), number);
}

// "layers.3.self_attn."
std::string attention_place(const ReadRecipe& read) {
    return numbered(read.model->names.layer, read.layer) + read.model->names.attention;
}

class WeightReader {
  public:
    WeightReader(WeightFile& file, const ReadRecipe& read)
        : file_(file), names_(read.model->names), recipe_(read.recipe) {}

    Weights weights() {
        const std::size_t dim = recipe_.dim, d = recipe_.head_dim, q_rows = recipe_.n_heads * d,
                          kv_rows = recipe_.n_kv_heads * d;
        Weights weights;
        if (recipe_.projections == Projections::separate) {
            weights.q = linear(names_.q, recipe_.output_gate ? 2 * q_rows : q_rows, dim, recipe_.qkv_bias);
            weights.k = linear(names_.k, kv_rows, dim, recipe_.qkv_bias);
            weights.v = linear(names_.v, kv_rows, dim, recipe_.qkv_bias);
        } else {
            weights.qkv = linear(names_.qkv, q_rows + 2 * kv_rows, dim, recipe_.qkv_bias);
        }
        weights.o = linear(names_.o, dim, q_rows, recipe_.o_bias);
        if (recipe_.qk_norm) {
            weights.q_norm = norm(names_.q_norm, recipe_.n_heads);
            weights.k_norm = norm(names_.k_norm, recipe_.n_kv_heads);
        }
        if (recipe_.sinks) weights.sinks = file_.vector(names_.sinks, recipe_.n_heads, "(heads)");
        return weights;
    }

  private:
    ch2::Linear linear(const std::string& name, std::size_t rows, std::size_t columns, bool has_bias) {
        ch2::Linear layer;
        layer.weight = recipe_.conv1d ? file_.matrix(name + ".weight", columns, rows, "(in, out)")
                                      : file_.matrix(name + ".weight", rows, columns, "(out, in)");
        if (has_bias) layer.bias = file_.vector(name + ".bias", rows, "(out)");
        return layer;
    }

    // (heads, head_dim), or (1, heads * head_dim). Some models have one weight for all heads, some a tensor
    // for each head.
    Matrix norm(const std::string& name, std::size_t heads) {
        const std::size_t d = recipe_.head_dim;
        if (recipe_.qk_norm->over == QkNorm::Over::whole_width) {
            const Vector all = file_.vector(name + ".weight", heads * d, "(heads * head_dim)");
            return torch::view<2>(all, {1, all.size()});
        }
        const bool one_each = numbered(name, 0) != name;
        if (!one_each && file_.shape(name + ".weight").size() == 2) {
            return file_.matrix(name + ".weight", heads, d, "(heads, head_dim)");
        }
        Matrix rows = Matrix::from_shape({heads, d});
        for (std::size_t h = 0; h < heads; ++h) {
            xt::view(rows, h) = file_.vector(numbered(name, h) + ".weight", d, "(head_dim)");
        }
        return rows;
    }

    WeightFile& file_;
    const TensorNames& names_;
    const Recipe& recipe_;
};

}  // namespace

std::string model_prefix(const WeightFile& file, const ReadRecipe& read) {
    const std::string last = attention_place(read) + read.model->names.o + ".weight";
    const std::vector<std::string> before = file.places_of(last);
    if (before.size() == 1) return before.front();
    if (before.empty()) {
        throw FileError(
            file.path(), fmt::format("has no tensor {}{}", file.prefix(), last),
            fmt::format("this is the name in {}; ./walk show lists the names in the file", read.model->type));
    }
    throw FileError(file.path(), fmt::format("has {} more than once: after {}", last, some_of(before)),
                    "--prefix says which");
}

Weights read_weights(WeightFile& file, const ReadRecipe& read) {
    const std::string prefix = model_prefix(file, read);
    WeightFile whole(file.path(), file.prefix() + prefix);
    file.lengthen_prefix(prefix + attention_place(read));
    Weights weights = WeightReader(file, read).weights();
    if (read.recipe.distance_bias) {
        weights.distance_bias =
            whole.matrix(read.model->names.distance_bias + ".weight", read.recipe.distance_bias->buckets,
                         read.recipe.n_heads, "(buckets, heads)");
    }
    for (const std::string& name : read.model->names.no_weights) file.leave_out(name);
    return weights;
}

Weights random_weights(torch::Generator& generator, const ReadRecipe& read) {
    const Recipe& recipe = read.recipe;
    const std::size_t dim = recipe.dim, d = recipe.head_dim, q_rows = recipe.n_heads * d,
                      kv_rows = recipe.n_kv_heads * d;
    const auto linear = [&](std::size_t in, std::size_t out, bool has_bias) {
        ch2::Linear layer = ch2::random_linear(generator, in, out, has_bias);
        if (recipe.conv1d) layer.weight = torch::transpose(layer.weight);
        return layer;
    };
    Weights weights;
    if (recipe.projections == Projections::separate) {
        weights.q = linear(dim, recipe.output_gate ? 2 * q_rows : q_rows, recipe.qkv_bias);
        weights.k = linear(dim, kv_rows, recipe.qkv_bias);
        weights.v = linear(dim, kv_rows, recipe.qkv_bias);
    } else {
        weights.qkv = linear(dim, q_rows + 2 * kv_rows, recipe.qkv_bias);
    }
    weights.o = linear(q_rows, dim, recipe.o_bias);
    if (recipe.qk_norm) {
        const auto first = [&](std::size_t heads) {
            const bool whole = recipe.qk_norm->over == QkNorm::Over::whole_width;
            Matrix weight = Matrix::from_shape({whole ? 1 : heads, whole ? heads * d : d});
            weight.fill(recipe.qk_norm->norm.one_plus_weight ? 0.0f : 1.0f);
            return weight;
        };
        weights.q_norm = first(recipe.n_heads);
        weights.k_norm = first(recipe.n_kv_heads);
    }
    if (recipe.sinks)
        weights.sinks = torch::view<1>(torch::randn(generator, 1, recipe.n_heads), {recipe.n_heads});
    if (recipe.distance_bias) {
        weights.distance_bias = torch::randn(generator, recipe.distance_bias->buckets, recipe.n_heads);
    }
    return weights;
}

}  // namespace ch9

#include "chapters/09_every_model/from_ids.hpp"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "chapters/09_every_model/norms.hpp"
#include "common/memory.hpp"

namespace ch9 {
namespace {

// Rows of a table, one for each number: (1, T, dim).
Tensor3 rows_of(WeightFile& whole, const std::string& name, const std::vector<std::size_t>& numbers,
                std::size_t dim) {
    const std::size_t count = whole.shape(name + ".weight").at(0);
    require_memory("the table " + name, 2.0 * sizeof(float) * static_cast<double>(count * dim));
    const Matrix table = whole.matrix(name + ".weight", count, dim, "(rows, dim)");
    Tensor3 rows = Tensor3::from_shape({1, numbers.size(), dim});
    for (std::size_t t = 0; t < numbers.size(); ++t) {
        if (numbers[t] >= count) {
            throw std::invalid_argument(fmt::format("{}: {}.weight has {} rows, and token {} needs row {}",
                                                    whole.path(), name, count, t, numbers[t]));
        }
        xt::view(rows, 0, t) = torch::select(table, numbers[t]);
    }
    return rows;
}

Tensor3 norm_of(WeightFile& whole, const std::string& name, const Tensor3& x, const ReadRecipe& read) {
    std::optional<Vector> bias;
    const Vector weight = whole.vector(name + ".weight", x.shape(2), "(dim)");
    if (read.model->norm_bias) bias = whole.vector(name + ".bias", x.shape(2), "(dim)");
    return norm_tokens(x, read.norm, weight, bias);
}

}  // namespace

Embedded from_ids(const std::vector<std::size_t>& ids, WeightFile& whole, const ReadRecipe& read) {
    const TensorNames& names = read.model->names;
    const std::size_t dim = read.recipe.dim;
    Embedded result;
    result.embeddings = read.embedding_scale * rows_of(whole, names.words, ids, dim);
    if (!names.positions.empty()) {
        std::vector<std::size_t> positions(ids.size());
        std::iota(positions.begin(), positions.end(), std::size_t{0});
        result.embeddings += rows_of(whole, names.positions, positions, dim);
    }
    if (!names.types.empty()) {
        // One text: every token is of the first type.
        result.embeddings += rows_of(whole, names.types, std::vector<std::size_t>(ids.size(), 0), dim);
    }
    if (!names.words_norm.empty()) {
        result.embeddings = norm_of(whole, names.words_norm, result.embeddings, read);
    }
    const std::string layer = fmt::format(fmt::runtime(names.layer), 0);
    result.x =
        names.norm.empty() ? result.embeddings : norm_of(whole, layer + names.norm, result.embeddings, read);
    return result;
}

}  // namespace ch9

// Reads the reader's own tensors for a layer: its weights under one prefix, and its input tokens.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/files/tensor_file.hpp"
#include "common/tensor.hpp"

// One file of weights. Only tensors whose names begin with `prefix` count. The functions take names without
// the prefix.
class WeightFile {
  public:
    // Throws FileError.
    WeightFile(const std::string& path, std::string prefix);

    [[nodiscard]] bool has(const std::string& name) const;
    [[nodiscard]] bool has_any(const std::string& beginning) const;

    // What stands between the prefix and `ending` in the names that end so: nothing, or a part that ends with
    // a point. "model." for "layers.0.self_attn.o_proj.weight".
    [[nodiscard]] std::vector<std::string> places_of(const std::string& ending) const;

    // A tensor's type and shape, without reading its values. Both throw FileError if there is no such tensor.
    [[nodiscard]] const std::string& dtype(const std::string& name) const { return info(name).dtype; }
    [[nodiscard]] const Shape& shape(const std::string& name) const { return info(name).shape; }

    // Reads a tensor of exactly this shape. `meaning` explains the shape for the error message: "(n_heads *
    // head_dim, dim)". Throws FileError if there is no such tensor, and std::invalid_argument with both
    // shapes if its shape differs.
    Matrix matrix(const std::string& name, std::size_t rows, std::size_t columns, const char* meaning);
    Vector vector(const std::string& name, std::size_t size, const char* meaning);
    Tensor3 tensor3(const std::string& name, const Shape& shape, const char* meaning);

    // Full names of the tensors under the prefix that were not read. Three kinds are not among them:
    // rotary_emb.inv_freq and rope.freqs only repeat the config, and _extra_state belongs to training code.
    [[nodiscard]] std::vector<std::string> unused() const;

    // Tensors whose names begin so belong to a part that the chapter does not need: unused() leaves them out.
    // Returns whether there are any.
    bool leave_out(const std::string& beginning);

    // From now on the names begin with the prefix and `more`.
    void lengthen_prefix(const std::string& more) { prefix_ += more; }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::string& prefix() const { return prefix_; }

  private:
    [[nodiscard]] const TensorInfo& info(const std::string& name) const;
    template <std::size_t N>
    Tensor<N> read(const std::string& name, const Shape& shape, const char* meaning);

    std::string path_, prefix_;
    std::unique_ptr<TensorFile> file_;
    std::vector<std::string> used_;
};

// Refuses tensors that would have no effect: throws std::invalid_argument that names the first five.
void refuse_unused(const std::vector<std::string>& unused, const std::string& path);

// "wq.scale, norm.weight and 3 more": the first `enough` names, and how many more there are.
std::string some_of(const std::vector<std::string>& names, std::size_t enough = 5);

// Reads the tensor x of a file: (B, T, dim), or (T, dim) for a single sequence. Throws FileError if there is
// no x, and std::invalid_argument if its shape differs.
Tensor3 read_tokens(const std::string& path, std::size_t dim);

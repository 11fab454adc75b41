// The reader's own tensors for a layer: its weights under one prefix, and the tokens that it is to work on.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/files/tensor_file.hpp"
#include "common/tensor.hpp"

// One file of weights, of which those count whose names begin with `prefix`. All names here are without it.
class WeightFile {
  public:
    // Throws FileError.
    WeightFile(const std::string& path, std::string prefix);

    [[nodiscard]] bool has(const std::string& name) const;
    [[nodiscard]] bool has_any(const std::string& beginning) const;

    // What the file says of a tensor, before it is read. Both throw FileError where there is no such tensor.
    [[nodiscard]] const std::string& dtype(const std::string& name) const { return info(name).dtype; }
    [[nodiscard]] const Shape& shape(const std::string& name) const { return info(name).shape; }

    // A tensor of exactly this shape; `meaning` says in words where the shape comes from: "(n_heads *
    // head_dim, dim)". Throws FileError where there is none, and std::invalid_argument with both shapes where
    // it is another.
    Matrix matrix(const std::string& name, std::size_t rows, std::size_t columns, const char* meaning);
    Vector vector(const std::string& name, std::size_t size, const char* meaning);
    Tensor3 tensor3(const std::string& name, const Shape& shape, const char* meaning);

    // Full names of the tensors under the prefix that were not read, but for those that only repeat the
    // config (rotary_emb.inv_freq, rope.freqs) and the _extra_state of training code.
    [[nodiscard]] std::vector<std::string> unused() const;

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

// Refuses tensors that would have no effect: std::invalid_argument that names the first five.
void refuse_unused(const std::vector<std::string>& unused, const std::string& path);

// "wq.scale, norm.weight and 3 more": the first names, five if nothing else is said.
std::string some_of(const std::vector<std::string>& names, std::size_t enough = 5);

// The tensor x of a file, (B, T, dim), or (T, dim) for a single sequence. Throws FileError where there is no
// x, std::invalid_argument where its shape is another.
Tensor3 read_tokens(const std::string& path, std::size_t dim);

// Reference tensors from data/*.safetensors, in the types of the chapters.
#pragma once
#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "common/files/tensor_file.hpp"
#include "common/tensor.hpp"

class ReferenceFile {
  public:
    explicit ReferenceFile(const std::string& name)
        : file_(open_tensor_file(std::string(SOURCE_DIR) + "/data/" + name)) {}

    // The tensor of that name, which must have rank N.
    template <std::size_t N>
    [[nodiscard]] Tensor<N> get(const std::string& name) const {
        const AnyTensor tensor = file_->read(name);
        if (tensor.shape.size() != N) throw std::runtime_error(name + " has another rank");
        std::array<std::size_t, N> shape;
        std::copy(tensor.shape.begin(), tensor.shape.end(), shape.begin());
        Tensor<N> values = Tensor<N>::from_shape(shape);
        const auto& floats = std::get<std::vector<float>>(tensor.values);
        std::copy(floats.begin(), floats.end(), values.begin());
        return values;
    }

  private:
    std::unique_ptr<TensorFile> file_;
};

// Reference tensors from data/*.safetensors, in the types of the chapters.
#pragma once
#include <memory>
#include <string>

#include "common/files/tensor_file.hpp"
#include "common/tensor.hpp"

class ReferenceFile {
  public:
    explicit ReferenceFile(const std::string& name)
        : file_(open_tensor_file(std::string(SOURCE_DIR) + "/data/" + name)) {}

    // The tensor of that name, which must have rank N.
    template <std::size_t N>
    [[nodiscard]] Tensor<N> get(const std::string& name) const {
        return float_tensor<N>(file_->read(name)).value();
    }

  private:
    std::unique_ptr<TensorFile> file_;
};

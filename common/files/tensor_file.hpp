// Files of named tensors, whatever their format.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/any_tensor.hpp"

struct TensorInfo {
    std::string name;
    std::string dtype;  // as the file says: "F32", "BF16", "F8_E4M3", "I64", "BOOL"; "<f4" in .npy and .npz
    Shape shape;
};

class TensorFile {
  public:
    explicit TensorFile(std::string path) : path_(std::move(path)) {}
    virtual ~TensorFile() = default;
    TensorFile(const TensorFile&) = delete;
    TensorFile& operator=(const TensorFile&) = delete;

    // What is in the file, in its order.
    [[nodiscard]] const std::vector<TensorInfo>& tensors() const { return infos_; }

    // Where a tensor stands among them. If it is not there, the FileError lists what is.
    [[nodiscard]] std::size_t position_of(const std::string& name) const;

    // Floats of any width become float32, integers int64. Throws FileError where there is no such name, or
    // its elements are of a type that is not read.
    [[nodiscard]] virtual AnyTensor read(const std::string& name) const = 0;

    [[nodiscard]] const std::string& path() const { return path_; }

  protected:
    // For the readers: one more tensor, behind the others. False where its name is taken.
    bool add(TensorInfo info);

  private:
    std::string path_;
    std::vector<TensorInfo> infos_;
    std::unordered_map<std::string, std::size_t> positions_;  // of infos_, by name
};

// A .safetensors, .npy, .npz or .csv file, or the .index.json of several .safetensors files; the ending
// decides. A .npy or .csv has one tensor, "x".
// Throws FileError, also for a file that is damaged: what this returns can be read, but for the memory it
// takes.
std::unique_ptr<TensorFile> open_tensor_file(const std::string& path);

using NamedTensors = std::vector<std::pair<std::string, AnyTensor>>;

// Writes a .safetensors, .npz or .json file, whole or not at all; the ending decides. Throws FileError.
void save_tensors(const std::string& path, const NamedTensors& tensors);

// Throws FileError where save_tensors() would not know the format by the ending.
void check_saving_to(const std::string& path);

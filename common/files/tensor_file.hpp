// One interface for all formats of files with named tensors.
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

    // All tensors of the file, in the file's order.
    [[nodiscard]] const std::vector<TensorInfo>& tensors() const { return infos_; }

    // The position of a tensor in tensors(). If there is no such tensor, the FileError lists the names that
    // exist.
    [[nodiscard]] std::size_t position_of(const std::string& name) const;

    // Floats of any width become float32, integers int64. Throws FileError if there is no such tensor or its
    // element type is unsupported.
    [[nodiscard]] virtual AnyTensor read(const std::string& name) const = 0;

    [[nodiscard]] const std::string& path() const { return path_; }

  protected:
    // For the formats' readers: appends one tensor. Returns false if its name exists already.
    bool add(TensorInfo info);

  private:
    std::string path_;
    std::vector<TensorInfo> infos_;
    std::unordered_map<std::string, std::size_t> positions_;  // of infos_, by name
};

// Opens a .safetensors, .npy, .npz or .csv file, or the .index.json of several .safetensors files; the ending
// decides. A .npy or .csv has one tensor, "x". Throws FileError, also for a damaged file. After this, read()
// of a supported element type can still fail for lack of memory.
std::unique_ptr<TensorFile> open_tensor_file(const std::string& path);

using NamedTensors = std::vector<std::pair<std::string, AnyTensor>>;

// Writes a .safetensors, .npz or .json file, completely or not at all; the ending decides. Throws FileError.
void save_tensors(const std::string& path, const NamedTensors& tensors);

// Throws FileError if save_tensors() does not support the ending of `path`.
void check_saving_to(const std::string& path);

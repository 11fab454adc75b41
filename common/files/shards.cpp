#include "common/files/shards.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "common/files/file_error.hpp"
#include "common/files/json_fields.hpp"
#include "common/files/safetensors.hpp"

namespace {

class Shards : public TensorFile {
  public:
    explicit Shards(const std::string& path) : TensorFile(path) {
        const nlohmann::json index = read_json_object(path);
        const auto map = index.find("weight_map");
        if (map == index.end() || !map->is_object()) {
            throw FileError(path, "has no object weight_map", "name a model.safetensors.index.json");
        }
        for (const auto& [name, file] : map->items()) {
            if (!file.is_string())
                throw FileError(path, fmt::format("\"{}\" is in no file", name), "fetch it again");
            const TensorFile& shard = open(file.get<std::string>());
            add(shard.tensors()[shard.position_of(name)]);
            shard_of_.push_back(&shard);
        }
        check_nothing_left_out(*map);
    }

    [[nodiscard]] AnyTensor read(const std::string& name) const override {
        return shard_of_[position_of(name)]->read(name);
    }

  private:
    // A file beside the index; a path that leads elsewhere is refused.
    const TensorFile& open(const std::string& name) {
        const auto known = shards_.find(name);
        if (known != shards_.end()) return *known->second;
        const std::filesystem::path file(name);
        if (file.filename() != file || file.extension() != ".safetensors") {
            throw FileError(path(), fmt::format("{:.80} is no .safetensors file beside it", name),
                            "an index and its files are in one folder");
        }
        const std::string full = std::filesystem::path(path()).parent_path() / file;
        return *shards_.emplace(name, open_safetensors(full)).first->second;
    }

    // A tensor that the index leaves out, or looks for in another file, would be lost without a word.
    void check_nothing_left_out(const nlohmann::json& map) const {
        for (const auto& [file, shard] : shards_) {
            for (const TensorInfo& info : shard->tensors()) {
                const auto listed = map.find(info.name);
                if (listed != map.end() && listed->get<std::string>() == file) continue;
                throw FileError(shard->path(),
                                fmt::format("has \"{}\", and the index does not say so", info.name),
                                "fetch both again");
            }
        }
    }

    std::map<std::string, std::unique_ptr<TensorFile>> shards_;  // by the names in the index
    std::vector<const TensorFile*> shard_of_;                    // in the order of tensors()
};

}  // namespace

std::unique_ptr<TensorFile> open_shards(const std::string& path) {
    return std::make_unique<Shards>(path);
}

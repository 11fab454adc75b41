// Chapter 9 on every model of data/models: the library's own modules gave the expected tensors. The real
// program runs each layer all at once, in two parts and token by token, and layer 0 from token numbers. B
// sequences, T tokens, H heads, S visible keys
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "chapters/09_every_model/models.hpp"
#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/closeness.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using Floats = std::vector<float>;

constexpr float as_close = 1e-5f;  // of the tensor's largest value

std::vector<std::string> sorted(const fs::directory_iterator& files, const std::string& beginning) {
    std::vector<std::string> names;
    for (const auto& file : files) {
        const std::string name = file.path().filename().string();
        if (name.starts_with(beginning) && !name.ends_with(".json")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

const std::string all_models = SOURCE_DIR "/data/models/";

// What the library gave for one text.
class Expected {
  public:
    Expected(std::string folder, const std::string& name)
        : folder_(std::move(folder)),
          file_(open_tensor_file(all_models + folder_ + "/" + name)),
          is_decoder_(name.find("decoder") != std::string::npos) {}

    [[nodiscard]] bool has(const std::string& name) const {
        return std::any_of(file_->tensors().begin(), file_->tensors().end(),
                           [&](const TensorInfo& info) { return info.name == name; });
    }
    [[nodiscard]] AnyTensor read(const std::string& name) const { return file_->read(name); }

    // The layers whose output it has.
    [[nodiscard]] std::set<int> layers() const {
        std::set<int> layers;
        for (const TensorInfo& info : file_->tensors()) {
            if (info.name.ends_with(".output"))
                layers.insert(std::stoi(info.name.substr(info.name.find('.') + 1)));
        }
        return layers;
    }

    // Runs chapter 9 on the folder, and returns what it saved.
    [[nodiscard]] Finished run(const std::string& arguments, const std::string& saved) const {
        return run_piped(fmt::format("{} --model '{}' {} {} --save '{}' --scoreboard", program(9),
                                     all_models + folder_, is_decoder_ ? "--decoder" : "", arguments, saved),
                         {"LANG=C.UTF-8"});
    }

  private:
    std::string folder_;
    std::unique_ptr<TensorFile> file_;
    bool is_decoder_;
};

// The last query's weights on the last keys: (B, H, T, T) -> (B, H, 1, keys). `dropped` is the largest weight
// on the others.
AnyTensor last_row(const AnyTensor& weights, std::size_t keys, float& dropped) {
    const std::size_t stacks = weights.shape[0] * weights.shape[1], tokens = weights.shape[2];
    const Floats& all = std::get<Floats>(weights.values);
    Floats row;
    for (std::size_t i = 0; i < stacks; ++i) {
        const std::size_t start = (i * tokens + tokens - 1) * tokens;
        for (std::size_t j = 0; j < tokens; ++j) {
            const float weight = all[start + j];
            if (j + keys >= tokens) {
                row.push_back(weight);
            } else {
                dropped = std::max(dropped, weight);
            }
        }
    }
    return {{weights.shape[0], weights.shape[1], 1, keys}, row};
}

void check_layer(const Expected& expected, int layer, const TemporaryFolder& folder) {
    const auto name = [&](const char* tensor) { return fmt::format("layers.{}.{}", layer, tensor); };
    const AnyTensor x = expected.read(name("x")), output = expected.read(name("output")),
                    weights = expected.read(name("attn_weights"));
    NamedTensors input = {{"x", x}};
    if (expected.has("attention_mask")) input.emplace_back("attention_mask", expected.read("attention_mask"));
    const std::string in = folder.path("in.safetensors"), out = folder.path("out.safetensors");
    save_tensors(in, input);

    const std::size_t tokens = x.shape[1];
    for (const std::size_t prefill : {tokens, tokens - 1, tokens / 2, std::size_t{1}, std::size_t{0}}) {
        CAPTURE(layer, prefill);
        const Finished run =
            expected.run(fmt::format("--layer {} --input '{}' --prefill {}", layer, in, prefill), out);
        if (prefill < tokens && run.errors.find("look both ways") != std::string::npos) continue;
        CHECK(run.errors.empty());
        REQUIRE(run.status == 0);
        const auto got = open_tensor_file(out);
        CHECK(relative_difference(got->read("output"), output) < as_close);
        if (prefill == tokens) {
            CHECK(relative_difference(got->read("attn_weights"), weights) < as_close);
        } else {
            const AnyTensor step = got->read("step.attn_weights");
            float dropped = 0.0f;
            CHECK(relative_difference(step, last_row(weights, step.shape[3], dropped)) < as_close);
            CHECK(dropped == 0.0f);
        }
    }
}

void check_ids(const Expected& expected, const TemporaryFolder& folder) {
    const AnyTensor ids = expected.read("ids"), x = expected.read("layers.0.x");
    const auto& numbers = std::get<std::vector<std::int64_t>>(ids.values);
    const auto& values = std::get<Floats>(x.values);
    const std::size_t tokens = ids.shape[1], row = tokens * x.shape[2];
    for (std::size_t b = 0; b < ids.shape[0]; ++b) {
        CAPTURE(b);
        const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(b * tokens);
        const std::string list =
            fmt::format("{}", fmt::join(first, first + static_cast<std::ptrdiff_t>(tokens), ","));
        const std::string out = folder.path("out.safetensors");
        const Finished run = expected.run("--ids " + list, out);
        CHECK(run.errors.empty());
        REQUIRE(run.status == 0);
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(b * row);
        const AnyTensor wanted({1, tokens, x.shape[2]},
                               Floats(begin, begin + static_cast<std::ptrdiff_t>(row)));
        CHECK(relative_difference(open_tensor_file(out)->read("x"), wanted) < as_close);
    }
}

}  // namespace

TEST_CASE("chapter 9, every model: output and weights of the library's module") {
    const std::vector<std::string> folders = sorted(fs::directory_iterator(all_models), "");
    const std::string model = folders[GENERATE_REF(range(std::size_t{0}, folders.size()))];
    const TemporaryFolder folder;
    int layers = 0;
    for (const std::string& name : sorted(fs::directory_iterator(all_models + model), "expected")) {
        CAPTURE(model, name);
        const Expected expected(model, name);
        for (const int layer : expected.layers()) {
            check_layer(expected, layer, folder);
            ++layers;
        }
        if (expected.has("layers.0.x")) check_ids(expected, folder);
    }
    CHECK(layers > 0);
}

TEST_CASE("chapter 9, every model: each row of the table has a reference") {
    std::set<std::string> types;
    for (const std::string& model : sorted(fs::directory_iterator(all_models), "")) {
        const auto config = nlohmann::json::parse(std::ifstream(all_models + model + "/config.json"));
        types.insert(config.at("model_type").get<std::string>());
    }
    for (const ch9::Model& model : ch9::models()) {
        CAPTURE(model.type);
        CHECK(types.contains(model.type));
    }
}

// Options in pairs: each pair either works, and both options change what comes out, or is refused by name.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

using Arguments = std::map<std::string, std::string>;  // an option and its value, "" for a flag

Arguments merged(const Arguments& first, const Arguments& second) {
    Arguments all = first;
    all.insert(second.begin(), second.end());
    return all;
}

constexpr std::size_t text_length = 45;  // so long that a tensor (1, 45, dim) has more than 1000 elements

// An option to try: its value, what it cannot do without, and what makes its effect visible.
struct Sample {
    std::string value;
    Arguments needs = {}, shows_with = {};
};

// Chapters 5 to 9 take the dimensions of a layer too. Chapter 10 takes an input, as chapter 1 does.
bool takes_a_layer(int chapter) {
    return chapter >= 5 && chapter <= 9;
}

std::map<std::string, Sample> samples(int chapter) {
    const bool is_layer = takes_a_layer(chapter);
    const Arguments config = is_layer ? Arguments{{"--config", "config.json"}} : Arguments{};
    const Arguments input = merged({{"--input", "x.safetensors"}}, config),
                    weights = merged({{"--weights", "weights.safetensors"}, {"--prefix", "a."}},
                                     is_layer ? config : input),
                    compare = {{"--compare", "mine.safetensors"}}, emulated = {{"--device", "emulated"}};
    std::string words;
    for (std::size_t i = 0; i < text_length; ++i) words += "w ";
    return {{"--tensors-only", {""}},
            {"--scoreboard", {""}},
            {"--step", {""}},
            {"--save", {"out.npz"}},
            {"--html", {"page.html"}},
            {"--precision", {"6"}},
            {"--full", {"", {}, input}},
            {"--color", {"always"}},
            {"--seed", {"7"}},
            {"--dropout-rng", {"generic"}},
            {"--input", {"x.safetensors", config}},
            {"--tokens", {words, input}},
            {"--weights", {"weights.safetensors", weights}},
            {"--prefix", {"a.", weights}},
            {"--ignore-unused", {"", weights}},
            {"--config", {"config.json"}},
            {"--prefill", {"1", config}},
            {"--compare", {"mine.safetensors"}},
            {"--json", {"", compare}},
            {"--junit", {"junit.xml", compare}},
            {"--world-size", {"1"}},
            {"--size", {"journey"}},
            {"--device", {"emulated"}},
            {"--warp", {"0", emulated}},
            {"--model", {"model", {{"--prefix", "a."}}}},
            {"--layer", {"1", weights}},
            {"--ids", {"1,5,3", weights}},
            {"--decoder", {"", weights}}};
}

// The files of a layer or model that is the reader's own.
struct Files {
    std::string config;
    NamedTensors weights;          // their names begin with a.
    std::vector<std::string> odd;  // names that have no place in the layer
    NamedTensors input;
};

// Three square projections, or an attention of Llama.
Files layer_of(int chapter) {
    const Matrix square = random_matrix(1, 30, 30), wide = random_matrix(2, text_length, 30);
    if (!takes_a_layer(chapter)) {
        return {"",
                {{"a.W_query", square}, {"a.W_key", square}, {"a.W_value", square}},
                {"a.odd"},
                {{"x", wide}}};
    }
    return {
        R"({"dim": 30, "n_heads": 3, "n_kv_heads": 3, "head_dim": 10})",
        {{"a.wq.weight", square}, {"a.wk.weight", square}, {"a.wv.weight", square}, {"a.wo.weight", square}},
        {"a.odd"},
        {{"x", wide}}};
}

// 3 heads whose keys are 4 + 2 wide, values 5, a latent of 6.
Files latent_layer() {
    return {R"({"dim": 30, "n_heads": 3, "q_lora_rank": 0, "kv_lora_rank": 6,
                "qk_nope_head_dim": 4, "qk_rope_head_dim": 2, "v_head_dim": 5})",
            {{"a.wq.weight", random_matrix(3, 18, 30)},
             {"a.wkv_a.weight", random_matrix(4, 8, 30)},
             {"a.kv_norm.weight", Vector(xt::ones<float>({6}))},
             {"a.wkv_b.weight", random_matrix(5, 27, 6)},
             {"a.wo.weight", random_matrix(6, 30, 15)}},
            {"a.odd"},
            {{"x", random_matrix(2, text_length, 30)}}};
}

// A whole model with the names of the reference, and the numbers of some words.
Files llama_4() {
    const std::string folder = SOURCE_DIR "/data/llama4/reference_moe_interleaved/";
    Files files{contents_of(folder + "config.json"), {}, {"a.odd"}, {}};
    const auto weights = open_tensor_file(folder + "model.safetensors");
    for (const TensorInfo& info : weights->tensors())
        files.weights.emplace_back("a." + info.name, weights->read(info.name));
    std::vector<std::int64_t> words(text_length);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::int64_t>(i * i % 23);
    files.input = {{"tokens", AnyTensor({1, words.size()}, words)}};
    return files;
}

// Two layers for chapter 9: of a Llama, or of each stack of a T5. Every tensor is there twice, under a. and
// under b., since chapter 9 finds the only one without --prefix.
Files two_layers(bool is_t5) {
    Files files;
    files.config = is_t5 ? R"({"model_type": "t5", "d_model": 30, "d_kv": 10, "num_heads": 3, "num_layers": 2,
                               "num_decoder_layers": 2, "is_encoder_decoder": true, "vocab_size": 11})"
                         : R"({"model_type": "llama", "hidden_size": 30, "num_attention_heads": 3,
                               "num_key_value_heads": 3, "num_hidden_layers": 2, "vocab_size": 11})";
    files.input = {{"x", random_matrix(2, text_length, 30)}};
    std::uint64_t seed = 10;
    const std::vector<std::string> stacks =
        is_t5 ? std::vector<std::string>{"encoder.block.{}.layer.0.", "decoder.block.{}.layer.0."}
              : std::vector<std::string>{"layers.{}."};
    for (const char* prefix : {"a.", "b."}) {
        const auto add = [&](const std::string& name, std::size_t rows, std::size_t columns) {
            files.weights.emplace_back(prefix + name + ".weight", random_matrix(seed++, rows, columns));
        };
        add(is_t5 ? "shared" : "embed_tokens", 11, 30);
        for (const std::string& stack : stacks) {
            for (int n = 0; n < 2; ++n) {
                const std::string layer = fmt::format(fmt::runtime(stack), n),
                                  attention = layer + (is_t5 ? "SelfAttention." : "self_attn.");
                for (const char* name : {"q", "k", "v", "o"})
                    add(attention + name + (is_t5 ? "" : "_proj"), 30, 30);
                if (is_t5 && n == 0) add(attention + "relative_attention_bias", 32, 3);
                files.weights.emplace_back(
                    prefix + layer + (is_t5 ? "layer_norm" : "input_layernorm") + ".weight",
                    Vector(xt::ones<float>({30})));
                files.odd.push_back(prefix + attention + "odd");
            }
        }
    }
    return files;
}

Files files_of(int chapter, bool is_t5) {
    if (chapter == 9) return two_layers(is_t5);
    if (chapter == 8) return llama_4();
    if (chapter == 7) return latent_layer();
    return layer_of(chapter);
}

// A folder with all files that the samples name.
class PairFolder {
  public:
    explicit PairFolder(int chapter, bool is_t5 = false) : chapter_(chapter) {
        Files files = files_of(chapter, is_t5);
        std::filesystem::create_directory(folder_.path("model"));
        std::filesystem::create_directory(folder_.path("odd"));
        for (const char* config : {"config.json", "model/config.json", "odd/config.json"})
            std::ofstream(folder_.path(config)) << files.config;
        save_tensors(folder_.path("x.safetensors"), files.input);
        for (const char* weights : {"weights.safetensors", "model/model.safetensors"})
            save_tensors(folder_.path(weights), files.weights);
        for (const std::string& name : files.odd) files.weights.emplace_back(name, random_matrix(1, 30, 30));
        for (const char* weights : {"odd.safetensors", "odd/model.safetensors"})
            save_tensors(folder_.path(weights), files.weights);
        save_mine();
    }

    [[nodiscard]] int chapter() const { return chapter_; }

    // Everything that a run leaves behind: its status, what it prints, and the files that it writes.
    Finished run(const Arguments& arguments) {
        const std::string executable =
            arguments.contains("--device") ? program_on_device(chapter_) : program(chapter_);
        std::string command = "cd '" + folder_.path("") + "' && " + executable;
        for (const auto& [option, value] : arguments) {
            // The small layer is in two ranks anyway, and a layer of the reader's in one.
            const bool is_own = arguments.contains("--config");
            const std::string given = option == "--world-size" && is_own ? "3" : value;
            command += " " + option + (given.empty() ? "" : " '" + given + "'");
        }
        auto& known = finished_[command];
        if (known) return *known;
        Finished finished = run_piped(command, utf8_);
        for (const char* name : {"out.npz", "page.html", "junit.xml"}) {
            if (!std::filesystem::exists(folder_.path(name))) continue;
            finished.output += contents_of(folder_.path(name));
            std::filesystem::remove(folder_.path(name));
        }
        known = finished;
        return finished;
    }

  private:
    // What is compared: the tensors of the walk. In chapters 8 and 9 those of the reader's own model have
    // other names, and come first.
    void save_mine() {
        save("mine.safetensors", {});
        if (chapter_ != 8 && chapter_ != 9) return;
        save("own.safetensors",
             {{"--config", "config.json"}, {"--weights", "weights.safetensors"}, {"--prefix", "a."}});
        std::map<std::string, AnyTensor> mine;
        for (const char* name : {"own.safetensors", "mine.safetensors"}) {
            const auto file = open_tensor_file(folder_.path(name));
            for (const TensorInfo& info : file->tensors()) mine.emplace(info.name, file->read(info.name));
        }
        save_tensors(folder_.path("mine.safetensors"), {mine.begin(), mine.end()});
    }
    void save(const std::string& name, const Arguments& arguments) {
        const Finished finished = run(merged(arguments, {{"--save", name}}));
        CAPTURE(finished.errors);
        REQUIRE(finished.status == 0);
        REQUIRE(std::filesystem::exists(folder_.path(name)));
    }

    int chapter_;
    TemporaryFolder folder_;
    const std::vector<std::string> utf8_ = {"LANG=C.UTF-8"};
    std::map<std::string, std::optional<Finished>> finished_;
};

bool is_same(const Finished& a, const Finished& b) {
    return a.status == b.status && a.output == b.output && a.errors == b.errors;
}

// The options that --help of a chapter shows.
std::vector<std::string> options_of(int chapter) {
    const std::string help = run_piped(program(chapter) + " --help", {"LANG=C.UTF-8"}).output;
    std::vector<std::string> options;
    for (std::size_t at = help.find("\n  --"); at < help.find("\nExamples");
         at = help.find("\n  --", at + 1)) {
        const std::string option = help.substr(at + 3, help.find_first_of(" \n", at + 3) - at - 3);
        if (option != "--version") options.push_back(option);
    }
    return options;
}

// Runs a pair. Both options must have an effect; a pair that is refused gets a line for the golden file.
std::string try_pair(PairFolder& folder, const std::string& a, const Sample& sample_a, const std::string& b,
                     const Sample& sample_b) {
    const Arguments pair = {{a, sample_a.value}, {b, sample_b.value}};
    Arguments all = merged(pair, merged(sample_a.needs, sample_b.needs));
    // A folder has a config and weights.
    if (pair.contains("--model")) {
        for (const char* option : {"--config", "--weights"}) {
            if (!pair.contains(option)) all.erase(option);
        }
    }
    if (all.contains("--ignore-unused")) {
        if (all.contains("--model")) all["--model"] = "odd";
        if (all.contains("--weights")) all["--weights"] = "odd.safetensors";
    }
    Finished finished = folder.run(all);
    CAPTURE(a, b, finished.errors);
    if (finished.status == 2) {
        CHECK(finished.output.empty());
        CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
        // The message names an option of the pair, or for each one an option that it needs.
        const auto names_need_of = [&](const Sample& sample) {
            return std::any_of(sample.needs.begin(), sample.needs.end(),
                               [&](const auto& need) { return has(finished.errors, need.first); });
        };
        CHECK((has(finished.errors, a) || has(finished.errors, b) ||
               (names_need_of(sample_a) && names_need_of(sample_b))));
        CHECK(has(finished.errors, "leave"));
        return a + " " + b + "\n";
    }

    // With what makes an effect visible, where that goes together with the pair.
    const Arguments visible = merged(all, merged(sample_a.shows_with, sample_b.shows_with));
    if (const Finished with_more = folder.run(visible); with_more.status != 2) {
        all = visible;
        finished = with_more;
    } else if (!sample_a.shows_with.empty() || !sample_b.shows_with.empty()) {
        return "";
    }
    for (const std::string& left_out : {a, b}) {
        // What a kernel's walk prints is small. The last line does not say which of the reader's files were
        // read.
        if (left_out == "--full" && all.contains("--device")) continue;
        const bool is_read = left_out == "--input" || left_out == "--prefill" || left_out == "--layer" ||
                             left_out == "--ids" || left_out == "--decoder";
        if (is_read && all.contains("--scoreboard")) continue;
        // Chapter 8 prints the logits of all pieces, which are the same up to rounding.
        const bool only_rounds = left_out == "--prefill" && folder.chapter() == 8;
        if (only_rounds && all.contains("--compare")) continue;
        Arguments without = all;
        without.erase(left_out);
        CAPTURE(left_out);
        CHECK_FALSE(is_same(folder.run(without), finished));
    }
    return "";
}

}  // namespace

TEST_CASE("option pairs: every pair works and shows, or is refused by name") {
    const int chapter = GENERATE(1, 3, 5, 7, 8, 9, 10);  // all kinds of options
    CAPTURE(chapter);
    const std::map<std::string, Sample> all = samples(chapter);
    const std::vector<std::string> options = options_of(chapter);
    REQUIRE(options.size() >= 13);
    PairFolder folder(chapter);
    std::optional<PairFolder> t5;  // only a T5 has a decoder
    if (chapter == 9) t5.emplace(chapter, true);
    std::string refused;
    for (std::size_t i = 0; i < options.size(); ++i) {
        REQUIRE(all.contains(options[i]));  // a new option needs a sample
        for (std::size_t j = i + 1; j < options.size(); ++j) {
            REQUIRE(all.contains(options[j]));
            const bool has_decoder = options[i] == "--decoder" || options[j] == "--decoder";
            PairFolder& in = has_decoder ? t5.value() : folder;
            refused += try_pair(in, options[i], all.at(options[i]), options[j], all.at(options[j]));
        }
    }
    CHECK(check_golden("refused_pairs/chapter_" + std::to_string(chapter) + ".txt", refused) == "");
}

// Options in pairs: each pair either works, and both options change what comes out, or is refused by name.
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

// An option to try: its value, what it cannot do without, and what makes its effect visible.
struct Sample {
    std::string value;
    Arguments needs = {}, shows_with = {};
};

// Chapters 5 and later take the dimensions of a layer too.
std::map<std::string, Sample> samples(int chapter) {
    const bool is_layer = chapter >= 5;
    const Arguments config = is_layer ? Arguments{{"--config", "config.json"}} : Arguments{};
    const auto with = [](Arguments arguments, const Arguments& more) {
        arguments.insert(more.begin(), more.end());
        return arguments;
    };
    const Arguments input = with({{"--input", "x.safetensors"}}, config),
                    weights = with({{"--weights", "weights.safetensors"}, {"--prefix", "a."}},
                                   is_layer ? config : input),
                    compare = {{"--compare", "mine.safetensors"}}, emulated = {{"--device", "emulated"}};
    std::string words;
    for (int i = 0; i < 40; ++i) words += "w ";
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
            {"--warp", {"0", emulated}}};
}

// A folder with all files that the samples name.
class PairFolder {
  public:
    explicit PairFolder(int chapter) : chapter_(chapter) {
        const Matrix square = random_matrix(1, 30, 30), wide = random_matrix(2, 40, 30);
        const NamedTensors llama = {{"a.wq.weight", square},
                                    {"a.wk.weight", square},
                                    {"a.wv.weight", square},
                                    {"a.wo.weight", square}};
        const NamedTensors early = {{"a.W_query", square}, {"a.W_key", square}, {"a.W_value", square}};
        // Chapter 7: 3 heads whose keys are 4 + 2 wide, values 5, a latent of 6.
        const NamedTensors latent = {{"a.wq.weight", random_matrix(3, 18, 30)},
                                     {"a.wkv_a.weight", random_matrix(4, 8, 30)},
                                     {"a.kv_norm.weight", Vector(xt::ones<float>({6}))},
                                     {"a.wkv_b.weight", random_matrix(5, 27, 6)},
                                     {"a.wo.weight", random_matrix(6, 30, 15)}};
        NamedTensors weights = chapter >= 7 ? latent : chapter >= 5 ? llama : early;
        save_tensors(folder_.path("weights.safetensors"), weights);
        weights.emplace_back("a.odd", square);
        save_tensors(folder_.path("odd.safetensors"), weights);
        save_tensors(folder_.path("x.safetensors"), {{"x", wide}});
        std::ofstream(folder_.path("config.json"))
            << (chapter >= 7 ? R"({"dim": 30, "n_heads": 3, "q_lora_rank": 0, "kv_lora_rank": 6,
                                   "qk_nope_head_dim": 4, "qk_rope_head_dim": 2, "v_head_dim": 5})"
                             : R"({"dim": 30, "n_heads": 3, "n_kv_heads": 3, "head_dim": 10})");
        run_piped("cd '" + folder_.path("") + "' && " + program(chapter) + " --save mine.safetensors", utf8_);
        REQUIRE(std::filesystem::exists(folder_.path("mine.safetensors")));
    }

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

Arguments merged(const Arguments& first, const Arguments& second) {
    Arguments all = first;
    all.insert(second.begin(), second.end());
    return all;
}

// Runs a pair. Both options must have an effect; a pair that is refused gets a line for the golden file.
std::string try_pair(PairFolder& folder, const std::string& a, const Sample& sample_a, const std::string& b,
                     const Sample& sample_b) {
    const Arguments pair = {{a, sample_a.value}, {b, sample_b.value}};
    Arguments all = merged(pair, merged(sample_a.needs, sample_b.needs));
    if (all.contains("--ignore-unused")) all["--weights"] = "odd.safetensors";
    Finished finished = folder.run(all);
    CAPTURE(a, b, finished.errors);
    if (finished.status == 2) {
        CHECK(finished.output.empty());
        CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
        CHECK((has(finished.errors, a) || has(finished.errors, b)));
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
        if ((left_out == "--input" || left_out == "--prefill") && all.contains("--scoreboard")) continue;
        Arguments without = all;
        without.erase(left_out);
        CAPTURE(left_out);
        CHECK_FALSE(is_same(folder.run(without), finished));
    }
    return "";
}

}  // namespace

TEST_CASE("option pairs: every pair works and shows, or is refused by name") {
    const int chapter = GENERATE(1, 3, 5, 7);  // all kinds of options
    CAPTURE(chapter);
    const std::map<std::string, Sample> all = samples(chapter);
    const std::vector<std::string> options = options_of(chapter);
    REQUIRE(options.size() >= 13);
    PairFolder folder(chapter);
    std::string refused;
    for (std::size_t i = 0; i < options.size(); ++i) {
        REQUIRE(all.contains(options[i]));  // a new option needs a sample
        for (std::size_t j = i + 1; j < options.size(); ++j) {
            REQUIRE(all.contains(options[j]));
            refused += try_pair(folder, options[i], all.at(options[i]), options[j], all.at(options[j]));
        }
    }
    CHECK(check_golden("refused_pairs/chapter_" + std::to_string(chapter) + ".txt", refused) == "");
}

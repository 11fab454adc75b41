// --device and --warp: chapters 5 to 8 by their GPU kernels, as people run them.
#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};

Finished run(int chapter, const std::string& options) {
    return run_piped(program_on_device(chapter) + " " + options, utf8);
}

// Of the lines that end in a number as 1.2e-07 is one, that number.
std::vector<std::string> last_words_with_exponent(const std::string& text) {
    std::vector<std::string> numbers;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::string last = line.substr(line.rfind(' ') + 1);
        if (std::regex_match(last, std::regex(R"(\d\.\de[+-]\d\d)"))) numbers.push_back(last);
    }
    return numbers;
}

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("option --device emulated: golden output, and PyTorch's prints reproduced by kernels") {
    const int chapter = GENERATE(5, 6, 7, 8);
    const Finished finished = run(chapter, "--device emulated");
    CHECK(check_golden(folder(chapter) + "/device_emulated.txt", finished.output) == "");
    CHECK(finished.status == 0);
    CHECK(finished.errors == "");
    CHECK(has(finished.output,
              fmt::format("on the emulator, {0} of {0} PyTorch prints reproduced", chapter == 8 ? 6 : 3)));
}

TEST_CASE("option --warp: golden output of one warp, instruction by instruction") {
    const int chapter = GENERATE(5, 6, 7, 8);
    const Finished finished = run(chapter, "--device emulated --warp 0");
    CHECK(check_golden(folder(chapter) + "/warp_0.txt", finished.output) == "");
    CHECK(finished.status == 0);
}

TEST_CASE("option --device emulated: with --scoreboard, --save and --html") {
    const TemporaryFolder folder;
    CHECK(run(5, "--device emulated --scoreboard").output ==
          "chapter 5  on the emulator, 3 of 3 PyTorch prints reproduced\n");
    CHECK(run(7, "--device emulated --save '" + folder.path("out.safetensors") + "'").status == 0);
    CHECK(open_tensor_file(folder.path("out.safetensors"))->read("step.q_absorbed").shape ==
          Shape{1, 1, 2, 5});
    CHECK(run(6, "--device emulated --html '" + folder.path("page.html") + "'").status == 0);
    std::ifstream page(folder.path("page.html"));
    CHECK(has({std::istreambuf_iterator<char>(page), {}}, "Rotate and append"));
}

TEST_CASE("option --device emulated: other numbers and layers of one's own agree with the CPU too") {
    const TemporaryFolder folder;
    const std::string gqa = folder.file(
        "gqa.json",
        R"({"dim": 20, "n_heads": 6, "n_kv_heads": 3, "head_dim": 4, "max_batch_size": 2, "max_seq_len": 9})");
    const std::string latent = folder.file(
        "mla.json", R"({"dim": 24, "n_heads": 3, "q_lora_rank": 0, "kv_lora_rank": 5, "qk_nope_head_dim": 3,
                        "qk_rope_head_dim": 4, "v_head_dim": 4, "max_batch_size": 1, "max_seq_len": 8})");
    const std::vector<std::pair<int, std::string>> runs = {{5, "--seed 5"},
                                                           {7, "--seed 5"},
                                                           {8, "--seed 5"},
                                                           {5, "--config '" + gqa + "'"},
                                                           {6, "--config '" + gqa + "'"},
                                                           {7, "--config '" + latent + "'"}};
    for (const auto& [chapter, options] : runs) {
        CAPTURE(chapter, options);
        const Finished finished = run(chapter, "--device emulated " + options);
        CHECK(finished.status == 0);
        CHECK(finished.errors == "");
        // The last column of a table of differences: floats are below 1e-6, bf16 below 1e-2. No difference at
        // all is "0.0e+00".
        for (const std::string& number : last_words_with_exponent(finished.output)) {
            CAPTURE(number);
            CHECK(std::stod(number) < 0.1);
        }
        for (const char* large : {"inf\n", "nan\n"}) CHECK_FALSE(has(finished.output, large));
        if (has(options, "--config")) CHECK_FALSE(has(finished.output, "PyTorch\n"));  // no print is claimed
    }
}

TEST_CASE("option --device emulated: a rung that a layer is too wide for is left out, and the others run") {
    const TemporaryFolder folder;
    // 17 query heads for one key head: more than an mma tile has rows.
    const std::string config = folder.file(
        "wide.json",
        R"({"dim": 12, "n_heads": 17, "n_kv_heads": 1, "head_dim": 4, "max_batch_size": 1, "max_seq_len": 5})");
    const Finished finished = run(5, "--device emulated --config '" + config + "'");
    CHECK(finished.status == 0);
    const std::size_t row = finished.output.find("    tensor cores");
    CHECK(finished.output.substr(row, finished.output.find('\n', row) - row).ends_with(" -"));
    CHECK(has(finished.output, "split KV"));
    const Finished rotated = run(6, "--device emulated --config '" + config + "'");
    CHECK(rotated.status == 0);
    CHECK_FALSE(has(rotated.output, "one more token, tensor cores"));
}

TEST_CASE("option --device and --warp: what does not go together is said in one line") {
    const TemporaryFolder folder;
    const std::string one_token = folder.file("x.csv", "1,2,3,4,5,6\n");
    const std::string config = folder.file(
        "c.json",
        R"({"dim": 6, "n_heads": 2, "n_kv_heads": 1, "head_dim": 194, "max_batch_size": 1, "max_seq_len": 5})");
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"--device gpu", "cpu,cuda,emulated"},
        {"--warp 1", "add --device emulated"},
        {"--device cuda --warp 1", "add --device emulated"},
        {"--device emulated --warp 4", "its blocks have 4; take 0 to 3"},
        {"--device emulated --warp 32", "not in range"},
        {"--device emulated --compare x.txt", "--device emulated and --compare do not go together"},
        {"--device emulated --config '" + config + "'", "heads of 194 and 194 are over 192"},
        {"--device emulated --config '" + config + "' --input '" + one_token + "'", "single token"}};
    for (const auto& [options, part] : faults) {
        CAPTURE(options);
        const Finished finished = run(5, options);
        CHECK(finished.status == 2);
        CHECK(finished.output == "");
        CHECK(lines_in(finished.errors) == 1);
        CHECK(has(finished.errors, part));
    }
    CHECK(has(run(7, "--device emulated --size journey").errors,
              "--size journey and --device emulated do not"));
    CHECK(
        has(run(7, "--device emulated --world-size 2").errors, "--world-size and --device emulated do not"));
    CHECK(has(run(8, "--device emulated --config '" + config + "'").errors,
              "--device emulated and --config do not"));
    CHECK(run_piped(program(4) + " --device emulated", utf8).status == 2);  // this chapter has no kernels
}

TEST_CASE("option --device: the program without kernels names the command that builds the one with them") {
    const int chapter = GENERATE(5, 6, 7, 8);
    const std::string device = GENERATE(as<std::string>{}, "emulated", "cuda");
    const Finished finished = run_piped(program(chapter) + " --device " + device, utf8);
    CHECK(finished.status == 2);
    CHECK(finished.output == "");
    CHECK(lines_in(finished.errors) == 1);
    CHECK(has(finished.errors, "./walk " + std::to_string(chapter) + " --device " + device));
    CHECK(run_piped(program(chapter) + " --device cpu --scoreboard", utf8).status == 0);
}

TEST_CASE("option --warp: what the pages on the GPU quote of it is what it prints") {
    const int chapter = GENERATE(5, 6, 7);
    const std::string printed = run(chapter, "--device emulated --warp 0").output;
    std::ifstream page(SOURCE_DIR "/chapters/" + folder(chapter) + "/cuda/README.md");
    int quoted = 0;
    for (std::string line; std::getline(page, line);) {
        if (!line.ends_with(']') || !has(line, ".cuh:")) continue;
        CAPTURE(line);
        CHECK(has(printed, line));
        ++quoted;
    }
    if (chapter > 5) CHECK(quoted >= 2);
}

TEST_CASE("option --device cuda: a GPU, or one line that says why not and what to do") {
    const int chapter = GENERATE(5, 6, 7, 8);
    const Finished finished = run(chapter, "--device cuda");
    if (finished.status == 0) {
        CHECK(has(finished.output, "Two roofs"));
        return;
    }
    CHECK(finished.status == 2);
    CHECK(finished.output == "");
    CHECK(lines_in(finished.errors) == 1);
    CHECK(has(finished.errors, "--device cuda: "));
    CHECK(has(finished.errors, "--device emulated"));
}

TEST_CASE("option --device: chapters 5 to 8 offer it, the others do not") {
    for (int chapter = 1; chapter <= chapter_count; ++chapter) {
        CAPTURE(chapter);
        const bool is_offered = chapter >= 5 && chapter <= 8;
        CHECK(has(run_piped(program(chapter) + " --help", utf8).output, "--device") == is_offered);
        if (is_offered) CHECK(has(run(chapter, "--help").output, "--device"));
    }
}

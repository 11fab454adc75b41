// What a run on a published config takes is what the run needs, not what the config allows. Not in a build
// with sanitizers, whose shadow memory counts too.
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};

std::string with_config(int chapter, const std::string& name) {
    return program(chapter) + " --scoreboard --config '" SOURCE_DIR "/tests/configs/" + name + ".json'";
}

}  // namespace

TEST_CASE("peak memory: published configs with four tokens") {
    const auto [chapter, name, most] = GENERATE(table<int, std::string, long>({{5, "llama_3.1_8b", 400},
                                                                               {5, "llama_3.2_1b", 200},
                                                                               {5, "mistral_7b_v0.1", 400},
                                                                               {6, "llama_3.1_8b", 400},
                                                                               {6, "llama_3.2_1b", 200},
                                                                               {6, "mistral_7b_v0.1", 400},
                                                                               {7, "deepseek_v2_lite", 250},
                                                                               {7, "deepseek_v3", 1250}}));
    CAPTURE(chapter, name);
    const Finished finished = run_piped(with_config(chapter, name), utf8);
    CHECK(finished.status == 0);
    CHECK(finished.peak_mib < most);
}

TEST_CASE("peak memory: a text of 20,000 tokens with --engine flash, whose scores would need gigabytes") {
    const TemporaryFolder folder;
    const std::string config = folder.file(
        "c.json", R"({"dim": 16, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "max_seq_len": 100000})");
    std::string lines;
    for (int i = 0; i < 20000; ++i) {
        for (int j = 0; j < 16; ++j)
            lines += std::to_string((i * 31 + j * 17) % 41 - 20) + (j < 15 ? "," : "\n");
    }
    const std::string options =
        " --scoreboard --config '" + config + "' --input '" + folder.file("x.csv", lines) + "'";
    const std::string limit = "ulimit -v 4000000; ";  // KiB
    const Finished lesson = run_piped(limit + program(6) + options, utf8);
    CHECK(lesson.status == 2);
    CHECK(has(lesson.errors, "this layer with 20000 tokens needs 41."));
    const Finished flash = run_piped(limit + program_with_flash(6) + options + " --engine flash", utf8);
    CHECK(flash.errors == "");
    CHECK(flash.status == 0);
    CHECK(flash.peak_mib < 120);
}

TEST_CASE("peak memory: what does not fit is refused with both figures, and not tried") {
    // An address space of 900000 KiB.
    const Finished finished = run_piped("ulimit -v 900000; " + with_config(7, "deepseek_v3"), utf8);
    CHECK(finished.status == 2);
    CHECK(has(finished.errors, "this layer with 4 tokens needs 1."));
    CHECK(has(finished.errors, " GiB of memory, and 0.858 GiB are available"));
    CHECK(finished.peak_mib < 200);
}

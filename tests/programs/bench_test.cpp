// ./walk bench, as people use it, and its report on fixed times.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "chapters/10_flash_attention/bench/measure.hpp"
#include "chapters/10_flash_attention/bench/report.hpp"
#include "common/render/render_terminal.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

using namespace ch10::bench_program;

namespace {

const std::string bench_program = std::string("'") + PROGRAM_DIR + "/bench'";

Finished run_bench(const std::string& arguments) {
    return run_piped(bench_program + " " + arguments, {"LANG=C.UTF-8"});
}

// Roofs of 100 GFLOP/s and 10 GB/s. The second case is four times as fast as the first, at its limit.
Report fixed_report() {
    Report report;
    report.machine = {"a processor", 4, "OpenMP", "a BLAS"};
    report.vectors = "AVX2";
    report.date = "2026-11-25";
    report.limits.threads = 2;
    report.limits.one_thread = {60e9, 8e9};
    report.limits.all_threads = {100e9, 10e9};
    report.limits.sgemm_one = bench::Samples({1, 2});
    const bench::Work products{20e9, 1e9}, reading{1e9, 2e9};
    report.groups = {{"Chapter 10, prefill",
                      "Text of it.",
                      true,
                      {{"0 lesson", products, bench::Samples({0.7, 0.8, 0.9})},
                       {"1 fast", products, bench::Samples({0.2, 0.2, 0.2})}}},
                     {"Chapter 5", "", false, {{"5 decode", reading, bench::Samples({0.4})}}}};
    return report;
}

std::string in_terminal(const Report& report) {
    return render_terminal(document_of(report), {}, {}, closing_line(report, 12.4));
}

}  // namespace

TEST_CASE("bench: the tables of a report") {
    const std::string text = in_terminal(fixed_report());
    INFO(text);
    CHECK(text.starts_with("Benchmark  The time of attention on this machine\n"));
    CHECK(has(text, R"(
                           1 thread   2 threads
    ────────────────────   ────────   ─────────
    sgemm, GFLOP/s               60         100
    reading memory, GB/s          8          10
)"));
    CHECK(has(text, R"(
                      time   GFLOP     MB          rate   share   gain
    ────────   ───────────   ─────   ────   ───────────   ─────   ────
    0 lesson   800 ms ±6 %      20   1000    25 GFLOP/s    25 %     1x
    1 fast     200 ms ±0 %      20   1000   100 GFLOP/s   100 %     4x
)"));
    CHECK(has(text, R"(
                      time   GFLOP     MB     rate   share
    ────────   ───────────   ─────   ────   ──────   ─────
    5 decode   400 ms ±0 %       1   2000   5 GB/s    50 %
)"));
    CHECK(has(text, "a  prefill: 0 lesson          20        25        25 % of sgemm\n"));
    CHECK_FALSE(has(text, "5 decode          "));  // the roofline has the ladders only
    CHECK(has(text, "bench  3 cases, 7 samples in 12 s"));
}

TEST_CASE("bench: one thread has one column of limits") {
    Report report = fixed_report();
    report.limits.threads = 1;
    report.limits.all_threads = report.limits.one_thread;
    CHECK(has(in_terminal(report), R"(
                           1 thread
    ────────────────────   ────────
    sgemm, GFLOP/s               60
    reading memory, GB/s          8
)"));
    CHECK(has(in_terminal(report), "1 thread. Flat: sgemm, 60 GFLOP/s."));
}

TEST_CASE("bench: a report as JSON") {
    const nlohmann::json json = nlohmann::json::parse(as_json(fixed_report()));
    CHECK(json["machine"]["threads"].get<int>() == 2);
    CHECK(json["limits"]["all_threads"]["flop_per_second"].get<double>() == 100e9);
    CHECK(json["limits"]["seconds"]["sgemm_one"].get<std::vector<double>>() == std::vector<double>{1, 2});
    const nlohmann::json& fast = json["groups"][0]["cases"][1];
    CHECK(fast["name"].get<std::string>() == "1 fast");
    CHECK(fast["seconds"].get<std::vector<double>>() == std::vector<double>{0.2, 0.2, 0.2});
    CHECK(fast["limit"].get<std::string>() == "sgemm");
    CHECK(fast["share_of_limit"].get<double>() == 1.0);
    CHECK(fast["times_faster"].get<double>() == 4.0);
    CHECK(json["groups"][1]["cases"][0]["limit"].get<std::string>() == "reading");
}

TEST_CASE("bench: a function with wrong numbers is not timed") {
    std::vector<float> oracle = {1.0f, -2.0f}, right = {1.0f, -2.0001f}, wrong = {1.0f, -1.9f},
                       not_a_number = {1.0f, std::nanf("")};
    const auto group_with = [&](std::vector<float>& result) {
        return Group{"A ladder", "", true, [&] {
                         return std::vector<Case>{{"first", {1, 1}, [] {}, &oracle, "first"},
                                                  {"second", {1, 1}, [] {}, &result, "first"}};
                     }};
    };
    CHECK_NOTHROW(measure(group_with(right), {1, 1, 0}));
    for (std::vector<float>* result : {&wrong, &not_a_number}) {
        CHECK_THROWS_WITH(measure(group_with(*result), {1, 1, 0}),
                          Catch::Matchers::StartsWith("A ladder: second gives other numbers than first"));
    }
}

TEST_CASE("bench: everything runs, at small sizes") {
    const TemporaryFolder folder;
    const std::string file = folder.path("bench.json");
    const Finished bench = run_bench("--quick --threads 1 --json '" + file + "'");
    CHECK(bench.status == 0);
    CHECK(bench.errors.empty());
    for (const char* words :
         {"Chapters 1 to 4", "Chapters 5 and 6", "Chapter 7", "Chapter 8", "Chapter 9", "Chapter 10, prefill",
          "Chapter 10, decode", "Chapter 10, latent decode", "--quick"})
        CHECK(has(bench.output, words));

    std::ifstream stream(file);
    const nlohmann::json json = nlohmann::json::parse(stream);
    CHECK(json["quick"].get<bool>());
    CHECK(json["machine"]["threads"].get<int>() == 1);
    CHECK(json["groups"].size() == 8);
    for (const nlohmann::json& group : json["groups"]) {
        for (const nlohmann::json& one : group["cases"]) {
            CAPTURE(one.dump());
            CHECK(one["median_s"].get<double>() > 0);
            CHECK(one["flop"].get<double>() > one["bytes"].get<double>() / 4);
        }
    }
}

TEST_CASE("bench: JSON or the page alone on standard output") {
    const Finished json = run_bench("--quick --threads 1 --json -");
    CHECK(json.status == 0);
    CHECK(nlohmann::json::parse(json.output)["quick"].get<bool>());
    const Finished page = run_bench("--quick --threads 1 --html -");
    CHECK(page.status == 0);
    CHECK(page.output.starts_with("<!DOCTYPE html>"));
    CHECK(has(page.output, "<figure class=\"roofline\">"));
    CHECK(has(page.output, "<title>Benchmark: The time of attention on this machine</title>"));
}

TEST_CASE("bench: help, and wrong command lines") {
    const Finished help = run_bench("--help");
    CHECK(help.status == 0);
    CHECK(has(help.output, "./walk bench --quick"));
    CHECK(has(run_bench("--version").output, "attention walkthrough"));

    for (const auto& [arguments, words] : std::vector<std::pair<std::string, std::string>>{
             {"--threads 0", "--threads"},
             {"--threads 0x4", "--threads"},
             {"--threads", "--threads"},
             {"--fast", "--fast"},
             {"12", "12"},
             {"--quick --json /no/such/folder/b.json", "/no/such/folder"},
             {"--quick --json - --html -", "--html"}}) {
        const Finished bad = run_bench(arguments);
        CAPTURE(arguments, bad.errors);
        CHECK(bad.status == 2);
        CHECK(bad.output.empty());
        CHECK(has(bad.errors, words));
        CHECK(std::count(bad.errors.begin(), bad.errors.end(), '\n') == 1);
        CHECK(bad.errors.starts_with("bench: "));
    }
}

TEST_CASE("bench: Ctrl-C leaves no file") {
    const TemporaryFolder folder;
    const Finished bench = run_piped("timeout --preserve-status -s INT 0.3 " + bench_program + " --json '" +
                                         folder.path("bench.json") + "'",
                                     {"LANG=C.UTF-8"});
    CHECK(bench.status == 130);
    CHECK(bench.output.empty());
    CHECK(std::filesystem::is_empty(folder.path("")));
}

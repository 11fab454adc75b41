// bench: how fast the chapters are on this machine (./walk bench).
#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include "chapters/10_flash_attention/bench/case.hpp"
#include "chapters/10_flash_attention/bench/measure.hpp"
#include "chapters/10_flash_attention/bench/report.hpp"
#include "chapters/10_flash_attention/vectors.hpp"
#include "common/blas.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/output_target.hpp"
#include "common/memory.hpp"
#include "common/parallel.hpp"
#include "common/program/option_rules.hpp"
#include "common/program/plain_number.hpp"
#include "common/program/present.hpp"
#include "common/program/program_main.hpp"
#include "common/render/progress.hpp"
#include "version.hpp"

namespace {

using namespace ch10::bench_program;

constexpr const char* examples =
    "Examples:\n"
    "  ./walk bench                       all chapters, in under a minute\n"
    "  ./walk bench --threads 1           how much the threads gain\n"
    "  ./walk bench --html bench.html     the tables and the roofline as a page for a browser\n"
    "  ./walk bench --json bench.json     every sample, for programs\n"
    "  ./walk bench --quick               does everything run? The sizes are too small for a measurement\n\n"
    "Other programs that run at the same time change the times. Close them first.\n\n"
    "Exit status: 0 all well, 2 bad usage, or a function gives wrong numbers.";

struct Request {
    std::size_t threads = default_threads();
    bool quick = false;
    std::optional<std::string> json, html;
};

// The text that --help or --version asks for, or nothing. Bad usage is a UsageError.
std::optional<std::string> read_command_line(Request& request, int argc, const char* const* argv) {
    CLI::App app("The time of attention on this machine: all chapters, and the machine's limits",
                 "./walk bench");
    app.footer(examples);
    app.set_version_flag("--version", std::string(version_text));
    app.add_option("--threads", request.threads, "how many threads to use (default: all cores)")
        ->check(plain_number)
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    app.add_flag("--quick", request.quick, "small sizes: does everything run?");
    app.add_option(
           "--json", request.json,
           "the results with every sample, into this file; - is standard output, instead of the tables")
        ->type_name("FILE");
    app.add_option("--html", request.html,
                   "the results as one page for a browser, into this file, instead of in the terminal")
        ->type_name("FILE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return app.help();
    } catch (const CLI::CallForVersion&) {
        return std::string(version_text) + "\n";
    } catch (const CLI::ParseError& error) {
        throw UsageError(std::string(error.what()) + "; ./walk bench --help shows all options");
    }
    return std::nullopt;
}

std::vector<NamedFile> outputs_of(const Request& request) {
    std::vector<NamedFile> outputs;
    if (request.json) outputs.push_back({"--json", *request.json});
    if (request.html) outputs.push_back({"--html", *request.html});
    return outputs;
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    std::array<char, sizeof("2026-11-25")> date{};
    std::strftime(date.data(), date.size(), "%Y-%m-%d", &local);
    return date.data();
}

Report measure_all(const Request& request) {
    constexpr double largest_case = 2e9;  // bytes: the lesson's prefill, with all tensors of its trace
    if (!request.quick) require_memory("the benchmark", largest_case);

    const bench::LimitSizes limit_sizes =
        request.quick ? bench::LimitSizes{128, std::size_t{1} << 20U} : bench::LimitSizes{};
    const Sizes sizes = request.quick ? quick_sizes() : Sizes{};
    const bench::Budget budget = request.quick ? bench::Budget{1, 1, 0} : bench::Budget{3, 15, 0.3};

    Report report{bench::this_machine(), ch10::vector_instructions(), today(), request.quick, {}, {}};
    {
        const Progress progress("measuring the limits of the machine");
        report.limits = bench::measure_limits(request.threads, limit_sizes);
    }
    for (const std::vector<Group>& groups : {lessons(sizes), ladders(sizes, request.threads)}) {
        for (const Group& group : groups) {
            const Progress progress("timing " + group.title);
            report.groups.push_back(measure(group, budget));
        }
    }
    return report;
}

int run(const Request& request) {
    check_outputs({}, outputs_of(request));
    // default_threads() of the engine, and the threads of BLAS in the lessons.
    setenv("OMP_NUM_THREADS", std::to_string(request.threads).c_str(), 1);
    const blas::Threads in_blas(request.threads);

    Report report;
    const double seconds = bench::seconds_of([&] { report = measure_all(request); });
    const std::string closing = closing_line(report, seconds);
    if (request.json) write_file(*request.json, as_json(report));
    if (request.html) {
        write_page(document_of(report), *request.html, {}, closing);
    } else if (!request.json || !is_standard_output(*request.json)) {
        show_in_terminal(document_of(report), "bench", false, ColorChoice::automatic, {}, closing);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return program_main("bench", read_command_line, run, argc, argv);
}

// What the benchmarks of one layer share: a command line, peak memory, one line of JSON.
#pragma once
#include <fmt/core.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <string>

#include "common/bench/timing.hpp"

namespace benchmark {

struct Options {
    std::string name;  // which case
    std::size_t runs = 7;
};

// --case and --runs. Says why and ends the program where they make no sense, or were asked about.
template <class Cases>
Options read_options(int argc, char** argv, const std::string& what, const Cases& cases) {
    Options options{cases.begin()->first};
    CLI::App app(what);
    app.add_option("--case", options.name, "what to time")
        ->check(CLI::IsMember(cases))
        ->capture_default_str();
    app.add_option("--runs", options.runs, "timed calls, after one that is not")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error));
    }
    return options;
}

// As if earlier tokens had been here: has fill(start, tokens) write `stop` tokens to a cache, in small
// pieces, so that the peak of memory is the layer's and not this one's.
template <class Fill>
void in_pieces(std::size_t stop, const Fill& fill) {
    const std::size_t piece = 512;
    for (std::size_t start = 0; start < stop; start += piece) fill(start, std::min(piece, stop - start));
}

inline double peak_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Times `call` and prints what it took. `more()` are further members of the JSON: `, "name": value`.
template <class Call, class More>
void time_and_print(const Options& options, const Call& call, const More& more) {
    const bench::Samples samples = bench::time_in_turn({call}, {options.runs, options.runs, 0}).front();
    fmt::print(
        R"({{"case": "{}", "runs": {}, "median_s": {:.6f}, "min_s": {:.6f}, "peak_rss_mib": {:.1f}{}}})"
        "\n",
        options.name, options.runs, samples.median(), samples.min(), peak_mib(), more());
}
template <class Call>
void time_and_print(const Options& options, const Call& call) {
    time_and_print(options, call, [] { return std::string(); });
}

}  // namespace benchmark

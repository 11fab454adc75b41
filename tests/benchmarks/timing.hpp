// What the benchmarks share: a command line, times of calls, peak memory, one line of JSON.
#pragma once
#include <fmt/core.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

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

// The times of all calls but the first, which meets cold caches: in seconds, sorted.
template <class Call>
std::vector<double> seconds_of(std::size_t runs, const Call& call) {
    std::vector<double> seconds;
    for (std::size_t run = 0; run <= runs; ++run) {
        const auto began = std::chrono::steady_clock::now();
        call();
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
        if (run > 0) seconds.push_back(passed.count());
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds;
}

inline double peak_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

// `more` are further members: `, "name": value`.
inline void print(const std::string& name, const std::vector<double>& seconds, const std::string& more = "") {
    const std::size_t runs = seconds.size();
    const double median = (seconds[(runs - 1) / 2] + seconds[runs / 2]) / 2;
    fmt::print(
        R"({{"case": "{}", "runs": {}, "median_s": {:.6f}, "min_s": {:.6f}, "peak_rss_mib": {:.1f}{}}})"
        "\n",
        name, runs, median, seconds.front(), peak_mib(), more);
}

}  // namespace benchmark

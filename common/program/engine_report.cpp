#include "common/program/engine_report.hpp"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <numeric>

#include "common/parallel.hpp"

namespace {

double bytes_of(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), 1.0 * sizeof(float), std::multiplies<>());
}

// "640 bytes", "1.5 KiB"
std::string told_bytes(double bytes) {
    constexpr std::array units = {"KiB", "MiB", "GiB", "TiB"};
    constexpr double step = 1024.0;
    if (bytes < step) return fmt::format("{:.0f} bytes", bytes);
    std::size_t unit = 0;
    for (bytes /= step; bytes >= step && unit + 1 < units.size(); ++unit) bytes /= step;
    return fmt::format("{:.3g} {}", bytes, units[unit]);
}

}  // namespace

double EngineReport::lesson_bytes() const {
    double bytes = 0.0;
    for (const NeverMade& tensor : tensors) bytes += bytes_of(tensor.shape);
    return bytes;
}

EngineReport report_engine(const FlashEngine& engine, const AttentionCall& call,
                           const std::vector<std::string>& scores) {
    EngineReport report{{}, engine.scratch_bytes(call)};
    report.tensors.push_back({"keys", {call.batch, call.n_keys, call.n_heads, call.queries.shape(3)}});
    report.tensors.push_back({"values", {call.batch, call.n_keys, call.n_heads, call.value_dim()}});
    for (const std::string& name : scores)
        report.tensors.push_back({name, {call.batch, call.n_heads, call.n_queries, call.n_keys}});
    report.tensors.push_back({"head_context", {call.batch, call.n_heads, call.n_queries, call.value_dim()}});
    return report;
}

void tell_engine(Walkthrough& walk, const EngineReport& first, const EngineReport& last) {
    const EngineReport& larger = last.lesson_bytes() > first.lesson_bytes() ? last : first;
    std::vector<std::vector<std::string>> rows;
    for (const NeverMade& tensor : larger.tensors)
        rows.push_back({tensor.name, to_string(tensor.shape), told_bytes(bytes_of(tensor.shape))});
    walk.step(
            "What the engine never made",
            "Chapter 10's attention computed the context vectors. It multiplies a tile of queries with a tile of "
            "keys, adds the weighted values to a running sum, and then uses the same memory for the next tile "
            "(online softmax). It copies no keys and values for the query heads. So the tensors below never exist, and "
            "neither this walk nor --save can show them.")
        .table({"the lesson's tensor", "shape in the largest piece", "memory"}, rows)
        .note(fmt::format("Together {}. The engine's tiles took {} instead, in {} threads.",
                          told_bytes(larger.lesson_bytes()),
                          told_bytes(static_cast<double>(larger.scratch_bytes)), default_threads()));
}

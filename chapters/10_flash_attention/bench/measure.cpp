#include "chapters/10_flash_attention/bench/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ch10::bench_program {
namespace {

// The largest difference, divided by the oracle's largest number. NaN on one side is infinitely far.
float relative_difference(const std::vector<float>& got, const std::vector<float>& oracle) {
    float difference = 0, size = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (!(std::abs(got[i] - oracle[i]) <= difference)) difference = std::abs(got[i] - oracle[i]);
        if (std::isnan(difference)) return INFINITY;
        size = std::max(size, std::abs(oracle[i]));
    }
    return difference / size;
}

void check_numbers(const Group& group, const std::vector<Case>& cases) {
    constexpr float tolerance = 1e-4f;
    for (const Case& each : cases) {
        if (each.oracle.empty()) continue;
        const auto oracle = std::find_if(cases.begin(), cases.end(),
                                         [&](const Case& other) { return other.name == each.oracle; });
        const float difference = relative_difference(*each.result, *oracle->result);
        if (difference > tolerance) {
            throw std::runtime_error(
                fmt::format("{}: {} gives other numbers than {}: the relative difference is "
                            "{:.1g}. Please report this",
                            group.title, each.name, each.oracle, difference));
        }
    }
}

}  // namespace

MeasuredGroup measure(const Group& group, const bench::Budget& budget) {
    const std::vector<Case> cases = group.make();
    std::vector<std::function<void()>> calls;
    for (const Case& each : cases) calls.push_back(each.run);
    const std::vector<bench::Samples> samples = bench::time_in_turn(calls, budget);
    check_numbers(group, cases);

    MeasuredGroup measured{group.title, group.text, group.is_ladder, {}};
    for (std::size_t i = 0; i < cases.size(); ++i)
        measured.cases.push_back({cases[i].name, cases[i].work, samples[i]});
    return measured;
}

}  // namespace ch10::bench_program

#include "common/bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace bench {
namespace {

struct Unit {
    double seconds;
    const char* name;
};

Unit unit_of(double seconds) {
    if (seconds < 1e-3) return {1e-6, "us"};
    return seconds < 1 ? Unit{1e-3, "ms"} : Unit{1, "s"};
}

}  // namespace

double Samples::total() const {
    return std::accumulate(seconds_.begin(), seconds_.end(), 0.0);
}

double Samples::percentile(double percent) const {
    if (seconds_.empty()) throw std::invalid_argument("percentile: there are no samples");
    std::vector<double> sorted = seconds_;
    std::sort(sorted.begin(), sorted.end());
    const double place = static_cast<double>(sorted.size() - 1) * percent / 100;
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

double seconds_of(const std::function<void()>& call) {
    const auto began = std::chrono::steady_clock::now();
    call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

std::vector<Samples> time_in_turn(const std::vector<std::function<void()>>& calls, const Budget& budget) {
    for (const auto& call : calls) call();

    std::vector<Samples> samples(calls.size());
    const auto is_done = [&](const Samples& taken) {
        if (taken.count() < budget.least) return false;
        return taken.count() >= budget.most || taken.total() >= budget.seconds;
    };
    bool forwards = true;
    while (!std::all_of(samples.begin(), samples.end(), is_done)) {
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const std::size_t turn = forwards ? i : calls.size() - 1 - i;
            if (!is_done(samples[turn])) samples[turn].add(seconds_of(calls[turn]));
        }
        forwards = !forwards;
    }
    return samples;
}

std::string three_digits(double number) {
    return std::abs(number) < 999.5 ? fmt::format("{:.3g}", number) : fmt::format("{:.0f}", number);
}

std::string duration(double seconds) {
    const Unit unit = unit_of(seconds);
    return fmt::format("{} {}", three_digits(seconds / unit.seconds), unit.name);
}

std::string with_spread(const Samples& samples) {
    const Unit unit = unit_of(samples.median());
    return fmt::format("{} ({}-{})", duration(samples.median()),
                       three_digits(samples.percentile(25) / unit.seconds),
                       three_digits(samples.percentile(75) / unit.seconds));
}

}  // namespace bench

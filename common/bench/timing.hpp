// Times of calls. The processor's speed drifts, and other programs disturb it. So several calls are timed in
// turn, many times each: the drift is then the same for all, and a time is a median with its spread.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// The times of one call, in seconds and in the order in which they were measured.
class Samples {
  public:
    Samples() = default;
    explicit Samples(std::vector<double> seconds) : seconds_(std::move(seconds)) {}
    void add(double seconds) { seconds_.push_back(seconds); }

    [[nodiscard]] const std::vector<double>& seconds() const { return seconds_; }
    [[nodiscard]] std::size_t count() const { return seconds_.size(); }
    [[nodiscard]] double total() const;
    // percentile(25) is the lower quartile. Between two samples it is interpolated. Needs one sample or more.
    [[nodiscard]] double percentile(double percent) const;
    [[nodiscard]] double median() const { return percentile(50); }
    [[nodiscard]] double min() const { return percentile(0); }
    [[nodiscard]] double max() const { return percentile(100); }

  private:
    std::vector<double> seconds_;
};

// How many samples to take of each call: `most`, or fewer if `seconds` are over before that, but never fewer
// than `least`.
struct Budget {
    std::size_t least = 9;
    std::size_t most = 9;
    double seconds = 0;
};

// Times calls in turn: first each call once without a clock, which fills caches and memory; then A B B A A B
// B A ... The result has the Samples of each call, in the order of `calls`.
std::vector<Samples> time_in_turn(const std::vector<std::function<void()>>& calls, const Budget& budget = {});

// The time of a single call, in seconds.
double seconds_of(const std::function<void()>& call);

// "1.23", "45.6", "1234".
std::string three_digits(double number);
// "1.23 ms", "45.6 us", "2 s".
std::string duration(double seconds);
// "1.23 ms (1.2-1.31)": the median and both quartiles, in the unit of the median.
std::string with_spread(const Samples& samples);

}  // namespace bench

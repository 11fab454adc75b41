// The room for measuring: times in turn, the work of a call, limits.
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/bench/limits.hpp"
#include "common/bench/timing.hpp"
#include "common/bench/work.hpp"
#include "tests/support/catch.hpp"

using namespace bench;

TEST_CASE("percentiles of samples") {
    CHECK(Samples({3, 1, 2}).median() == 2);
    CHECK(Samples({4, 1, 3, 2}).median() == 2.5);
    CHECK(Samples({4, 1, 3, 2}).percentile(25) == 1.75);
    CHECK(Samples({5, 9}).min() == 5);
    CHECK(Samples({5, 9}).max() == 9);
    CHECK(Samples({7}).percentile(90) == 7);
    CHECK_THROWS_AS(Samples().median(), std::invalid_argument);
}

TEST_CASE("calls are timed in turn, after one call of each without a clock") {
    std::string order;
    const auto samples = time_in_turn({[&] { order += 'a'; }, [&] { order += 'b'; }}, {3, 3, 0});
    CHECK(order ==
          "ab"
          "ab"
          "ba"
          "ab");
    CHECK(samples.at(0).count() == 3);
}

TEST_CASE("a slow call gets fewer samples, but never fewer than the least") {
    const auto slow = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
    const auto samples = time_in_turn({slow, [] {}}, {2, 50, 0.01});
    CHECK(samples.at(0).count() == 2);
    CHECK(samples.at(1).count() == 50);
    CHECK(samples.at(0).min() >= 0.02);
}

TEST_CASE("durations in words") {
    CHECK(duration(0.0000456) == "45.6 us");
    CHECK(duration(0.001234) == "1.23 ms");
    CHECK(duration(0.09996) == "100 ms");
    CHECK(three_digits(999.7) == "1000");
    CHECK(three_digits(0.00123456) == "0.00123");
    CHECK(duration(2) == "2 s");
    CHECK(with_spread(Samples({0.001, 0.002, 0.003})) == "2 ms (1.5-2.5)");
}

TEST_CASE("the limit of some work, and the share of it") {
    const Roofs roofs{100e9, 10e9};
    const Work products{50e9, 1e9}, reading{10e9, 5e9};
    CHECK(roofs.seconds(products) == 0.5);
    CHECK_FALSE(roofs.is_memory_bound(products));
    CHECK(roofs.share(products, 2) == 0.25);
    CHECK(roofs.seconds(reading) == 0.5);
    CHECK(roofs.is_memory_bound(reading));
    CHECK(roofs.share(reading, 1) == 0.5);
    const Work both = products + reading;
    CHECK(both.flop == 60e9);
    CHECK(both.bytes == 6e9);
}

namespace {

// The sum that work_of computes, written out: one pair of query and key after the other.
double flop_by_counting(const AttentionCall& call, std::size_t width) {
    double flop = 0;
    for (std::size_t i = 0; i < call.n_queries; ++i) {
        for (std::size_t j = 0; j < call.n_keys; ++j) {
            const AttentionCall::Range visible = call.visible(i);
            if (j >= visible.first && j < visible.stop)
                flop += static_cast<double>(2 * call.batch * call.n_heads * width);
        }
    }
    return flop;
}

}  // namespace

TEST_CASE("the work of a call: pairs that are not masked, and each number once") {
    const Tensor4 q = Tensor4::from_shape({2, 5, 6, 7}), k = Tensor4::from_shape({2, 9, 3, 7}),
                  v = Tensor4::from_shape({2, 9, 3, 4});
    AttentionCall call;
    call.batch = 2;
    call.n_queries = 5;
    call.n_keys = 9;
    call.n_heads = 6;
    call.n_kv_heads = 3;
    call.queries = q;
    call.keys = k;
    call.values = v;
    call.start_pos = 4;
    CHECK(work_of(call).flop == flop_by_counting(call, 7 + 4));
    CHECK(work_of(call).flop == 2 * 2 * 6 * (7 + 4) * (5 + 6 + 7 + 8 + 9));
    CHECK(work_of(call).bytes == 4 * (2 * 5 * 6 * (7 + 4) + 2 * 9 * 3 * (7 + 4)));

    // Two of the nine keys are before every window.
    call.window = 3;
    CHECK(work_of(call).flop == flop_by_counting(call, 7 + 4));
    CHECK(work_of(call).bytes == 4 * (2 * 5 * 6 * (7 + 4) + 2 * 7 * 3 * (7 + 4)));
}

TEST_CASE("the work of latent attention: values are keys, and all heads share them") {
    const Tensor4 q = Tensor4::from_shape({1, 1, 16, 5}), q_pe = Tensor4::from_shape({1, 1, 16, 2});
    const Tensor3 latents = Tensor3::from_shape({1, 10, 5}), k_pe = Tensor3::from_shape({1, 10, 2});
    AttentionCall call;
    call.batch = 1;
    call.n_queries = 1;
    call.n_keys = 10;
    call.n_heads = 16;
    call.n_kv_heads = 1;
    call.queries = q;
    call.keys = one_head(latents);
    call.values = one_head(latents);
    call.queries_pe = q_pe;
    call.keys_pe = one_head(k_pe);
    call.start_pos = 9;
    CHECK(work_of(call).flop == 2 * 16 * 10 * (5 + 2 + 5));
    CHECK(work_of(call).bytes == 4 * (10 * (5 + 2) + 16 * (5 + 2 + 5)));
}

TEST_CASE("limits are measured") {
    const Limits limits = measure_limits(2, {65, 1000}, {2, 2, 0});
    CHECK(limits.threads == 2);
    for (const Roofs& roofs : {limits.one_thread, limits.all_threads}) {
        CHECK(roofs.flop_per_second > 0);
        CHECK(roofs.bytes_per_second > 0);
        CHECK(std::isfinite(roofs.flop_per_second + roofs.bytes_per_second));
    }
    CHECK(limits.sgemm_all.count() == 2);
}

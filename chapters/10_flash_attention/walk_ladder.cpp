// Section 10.5: the ladders at real size, measured here and now. The numbers are other ones on each machine
// and in each run, so none of them is compared with PyTorch.
#include "chapters/10_flash_attention/bench/case.hpp"
#include "chapters/10_flash_attention/bench/measure.hpp"
#include "chapters/10_flash_attention/bench/report.hpp"
#include "chapters/10_flash_attention/bench/shapes.hpp"
#include "chapters/10_flash_attention/ladder.hpp"
#include "chapters/10_flash_attention/walk.hpp"
#include "common/bench/limits.hpp"
#include "common/bench/machine.hpp"
#include "common/parallel.hpp"
#include "common/render/progress.hpp"

namespace ch10 {
namespace {

using bench::three_digits;
using bench_program::MeasuredCase;
using bench_program::MeasuredGroup;

constexpr bench_program::Sizes sizes{.prefill = 512, .decode = 4096};
// The calls of both ladders, without their memory.
AttentionCall call_of(std::size_t n_queries, std::size_t n_keys) {
    return bench_program::call_of({.n_queries = n_queries,
                                   .n_keys = n_keys,
                                   .n_heads = sizes.n_kv_heads * sizes.n_rep,
                                   .n_kv_heads = sizes.n_kv_heads,
                                   .qk_width = sizes.head_dim,
                                   .v_width = sizes.head_dim});
}

constexpr bench::Budget few_samples{.least = 5, .most = 5};

void the_machine(Walkthrough& walk, const bench::Limits& limits) {
    walk.section("10.5", "The ladder, measured");
    Step& step = walk.step(
        "The limits of this machine",
        "No attention is faster than the processor multiplies, or than the memory delivers keys and values. Both "
        "limits were measured a moment ago: a large product of BLAS, and a sum over a large buffer. Times "
        "differ from run to run; only ratios of one run say something.");
    bench_program::show_limits(step, limits)
        .note(
            "A share below is a share of the limit with all threads: of sgemm in prefill, of reading in decoding.");
}

// One step for each rung: what it removes, what it leaves, and its numbers beside those of the rung before.
void the_rungs(Walkthrough& walk, const std::string& work, const std::vector<RungStory>& stories,
               const MeasuredGroup& measured, const AttentionCall& call, const bench::Roofs& roofs) {
    const auto seconds = [&](std::size_t i) { return measured.cases[i].samples.median(); };
    const auto row = [&](std::size_t i) {
        const MeasuredCase& rung = measured.cases[i];
        return std::vector<std::string>{rung.name, bench::with_spread(rung.samples),
                                        three_digits(stories[i].moved(call) / 1e6),
                                        fmt::format("{:.0f} %", 100 * roofs.share(rung.work, seconds(i))),
                                        fmt::format("{}x", three_digits(seconds(0) / seconds(i)))};
    };
    for (std::size_t i = 0; i < stories.size(); ++i) {
        Rows rows;
        if (i > 0) rows.push_back(row(i - 1));
        rows.push_back(row(i));
        walk.step(fmt::format("{}: {}", work, stories[i].name),
                  fmt::format("Removed: {} Left: {}", stories[i].removes, stories[i].leaves))
            .read(stories[i].file)
            .table({"", "time (quartiles)", "MB moved", "share", "gain"}, rows);
    }
}

}  // namespace

void walk_ladder(Walkthrough& walk) {
    const std::size_t threads = default_threads();
    const std::vector<bench_program::Group> ladders = bench_program::ladders(sizes, threads);
    const auto measured = [&](std::size_t i, const char* what) {
        const Progress progress(fmt::format("measuring: {}", what));
        return bench_program::measure(ladders[i], few_samples);
    };
    const bench::Limits limits = [&] {
        const Progress progress("measuring: the limits of this machine");
        return bench::measure_limits(threads);
    }();
    const MeasuredGroup prefill = measured(0, "the ladder of prefill"),
                        decode = measured(1, "the ladder of decoding");
    const bench::Roofs& roofs = limits.all_threads;

    the_machine(walk, limits);
    walk.step(
            "Two ladders",
            "Every rung computes the same attention at the size of Llama 3 8B, and its numbers were checked against the "
            "lesson's. GFLOP and MB are what the shapes ask for at least. The last rung of each ladder is what "
            "--engine flash runs in chapters 5 to 9.")
        .table({"", "what", "GFLOP", "MB"}, {{"prefill", prefill.text.substr(0, prefill.text.find('.')),
                                              three_digits(prefill.cases[0].work.flop / 1e9),
                                              three_digits(prefill.cases[0].work.bytes / 1e6)},
                                             {"decoding", decode.text.substr(0, decode.text.find('.')),
                                              three_digits(decode.cases[0].work.flop / 1e9),
                                              three_digits(decode.cases[0].work.bytes / 1e6)}});
    the_rungs(walk, "Prefill", prefill_ladder(), prefill, call_of(sizes.prefill, sizes.prefill), roofs);
    the_rungs(walk, "Decoding", decode_ladder(), decode, call_of(1, sizes.decode), roofs);
    walk.step(
            "Under the roof",
            "Each letter is a rung. To the right: more operations for each byte. Up: more operations in a second. Prefill "
            "is under the flat roof of the processor, decoding under the slope of the memory. ./walk bench "
            "measures larger sizes, latent attention and the lessons of all chapters.")
        .roofline(bench_program::roofline_of({prefill, decode}, limits));
}

}  // namespace ch10

#include "chapters/10_flash_attention/bench/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace ch10::bench_program {
namespace {

using bench::Limits;
using bench::Samples;
using bench::three_digits;

// "12.3 ms ±4 %": the median, and half of the distance between the quartiles.
std::string time_of(const Samples& samples) {
    const double spread = (samples.percentile(75) - samples.percentile(25)) / 2 / samples.median();
    return fmt::format("{} ±{:.0f} %", bench::duration(samples.median()), 100 * spread);
}

// In the unit of the limit that bounds the work.
std::string rate_of(const MeasuredCase& measured, const bench::Roofs& roofs) {
    const double seconds = measured.samples.median();
    return roofs.is_memory_bound(measured.work)
               ? three_digits(measured.work.bytes / seconds / 1e9) + " GB/s"
               : three_digits(measured.work.flop / seconds / 1e9) + " GFLOP/s";
}

double times_faster(const MeasuredGroup& group, const MeasuredCase& measured) {
    return group.cases.front().samples.median() / measured.samples.median();
}

std::string gigas(double rate) {
    return three_digits(rate / 1e9);
}

std::string threads_in_words(const Limits& limits) {
    return fmt::format("{} thread{}", limits.threads, limits.threads > 1 ? "s" : "");
}

void explain(Step& step, const Report& report) {
    step.note(
        "GFLOP and MB are what the shapes ask for at least: pairs of query and key that are not masked, and "
        "each input and result once. The rate is in the unit of the limit that bounds the work: GFLOP/s for "
        "sgemm, GB/s for reading. The share is that of the limit with all threads. Time: median, and half of "
        "the distance between the quartiles. Gain: the time of the first row, divided by this time.");
    if (report.quick) step.note("--quick: the sizes are too small to say something about speed.");
}

void show_group(Step& step, const MeasuredGroup& group, const bench::Roofs& roofs) {
    std::vector<std::string> header = {"", "time", "GFLOP", "MB", "rate", "share"};
    if (group.is_ladder) header.emplace_back("gain");
    std::vector<std::vector<std::string>> rows;
    for (const MeasuredCase& measured : group.cases) {
        rows.push_back(
            {measured.name, time_of(measured.samples), three_digits(measured.work.flop / 1e9),
             three_digits(measured.work.bytes / 1e6), rate_of(measured, roofs),
             fmt::format("{:.0f} %", 100 * roofs.share(measured.work, measured.samples.median()))});
        if (group.is_ladder) rows.back().push_back(three_digits(times_faster(group, measured)) + "x");
    }
    step.table(header, rows);
}

nlohmann::json as_json(const bench::Roofs& roofs) {
    return {{"flop_per_second", roofs.flop_per_second}, {"bytes_per_second", roofs.bytes_per_second}};
}

nlohmann::json as_json(const MeasuredGroup& group, const bench::Roofs& roofs) {
    nlohmann::json cases = nlohmann::json::array();
    for (const MeasuredCase& measured : group.cases) {
        nlohmann::json one = {{"name", measured.name},
                              {"flop", measured.work.flop},
                              {"bytes", measured.work.bytes},
                              {"seconds", measured.samples.seconds()},
                              {"median_s", measured.samples.median()},
                              {"limit", roofs.is_memory_bound(measured.work) ? "reading" : "sgemm"},
                              {"share_of_limit", roofs.share(measured.work, measured.samples.median())}};
        if (group.is_ladder) one["times_faster"] = times_faster(group, measured);
        cases.push_back(std::move(one));
    }
    return {{"title", group.title}, {"text", group.text}, {"cases", std::move(cases)}};
}

}  // namespace

Document document_of(const Report& report) {
    const Limits& limits = report.limits;
    Document document;
    document.kind = "Benchmark";
    document.chapter = {0,
                        "10_flash_attention",
                        "The time of attention on this machine",
                        "FLOP: an addition or a multiplication of float32",
                        Takes::input,
                        Draws::nothing};
    const auto step = [&](const std::string& title, const std::string& text) -> Step& {
        document.parts.emplace_back(Step{title, text, "", {}});
        return std::get<Step>(document.parts.back());
    };

    Step& machine =
        step("The machine and its limits",
             fmt::format("{}, {} cores. Threads: {}, {}. Vector instructions: {}. BLAS: {}. Measured on {}.",
                         report.machine.processor, report.machine.cores, limits.threads,
                         report.machine.threads, report.vectors, report.machine.blas, report.date));
    explain(show_limits(machine, limits), report);
    std::vector<MeasuredGroup> ladders;
    for (const MeasuredGroup& group : report.groups) {
        show_group(step(group.title, group.text), group, limits.all_threads);
        if (group.is_ladder) ladders.push_back(group);
    }
    step(
        "Roofline",
        "Each letter is a step of a ladder. To the right: more operations for each byte. Up: more operations in a "
        "second. A step that touches the roof cannot become faster without doing less.")
        .roofline(roofline_of(ladders, limits));
    return document;
}

Step& show_limits(Step& step, const Limits& limits) {
    std::vector<std::string> header = {"", "1 thread"};
    std::vector<std::vector<std::string>> rows = {
        {"sgemm, GFLOP/s", gigas(limits.one_thread.flop_per_second)},
        {"reading memory, GB/s", gigas(limits.one_thread.bytes_per_second)}};
    if (limits.threads > 1) {
        header.push_back(threads_in_words(limits));
        rows[0].push_back(gigas(limits.all_threads.flop_per_second));
        rows[1].push_back(gigas(limits.all_threads.bytes_per_second));
    }
    return step.table(std::move(header), std::move(rows));
}

Roofline roofline_of(const std::vector<MeasuredGroup>& ladders, const Limits& limits) {
    const bench::Roofs& roofs = limits.all_threads;
    Roofline roofline{
        fmt::format("{}. Flat: sgemm, {} GFLOP/s. Slope: reading memory, {} GB/s.", threads_in_words(limits),
                    gigas(roofs.flop_per_second), gigas(roofs.bytes_per_second)),
        roofs,
        {}};
    for (const MeasuredGroup& group : ladders) {
        const std::string ladder = group.title.substr(group.title.rfind(',') + 2);
        for (const MeasuredCase& measured : group.cases)
            roofline.points.push_back(
                {ladder + ": " + measured.name, measured.work, measured.samples.median()});
    }
    return roofline;
}

std::string as_json(const Report& report) {
    nlohmann::json groups = nlohmann::json::array();
    for (const MeasuredGroup& group : report.groups)
        groups.push_back(as_json(group, report.limits.all_threads));
    const Limits& limits = report.limits;
    const nlohmann::json json = {{"date", report.date},
                                 {"quick", report.quick},
                                 {"machine",
                                  {{"processor", report.machine.processor},
                                   {"cores", report.machine.cores},
                                   {"threads", limits.threads},
                                   {"kind_of_threads", report.machine.threads},
                                   {"blas", report.machine.blas},
                                   {"vector_instructions", report.vectors}}},
                                 {"limits",
                                  {{"one_thread", as_json(limits.one_thread)},
                                   {"all_threads", as_json(limits.all_threads)},
                                   {"seconds",
                                    {{"sgemm_one", limits.sgemm_one.seconds()},
                                     {"sgemm_all", limits.sgemm_all.seconds()},
                                     {"read_one", limits.read_one.seconds()},
                                     {"read_all", limits.read_all.seconds()}}}}},
                                 {"groups", std::move(groups)}};
    return json.dump(2) + "\n";
}

std::string closing_line(const Report& report, double seconds) {
    std::size_t cases = 0, samples = 0;
    for (const MeasuredGroup& group : report.groups) {
        cases += group.cases.size();
        for (const MeasuredCase& measured : group.cases) samples += measured.samples.count();
    }
    return fmt::format("bench  {} cases, {} samples in {:.0f} s", cases, samples, seconds);
}

}  // namespace ch10::bench_program

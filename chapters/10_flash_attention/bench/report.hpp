// What ./walk bench has measured, as a document for people and as JSON for programs.
#pragma once
#include <string>
#include <vector>

#include "common/bench/limits.hpp"
#include "common/bench/machine.hpp"
#include "common/bench/timing.hpp"
#include "common/document/step.hpp"

namespace ch10::bench_program {

struct MeasuredCase {
    std::string name;
    bench::Work work;
    bench::Samples samples;
};

struct MeasuredGroup {
    std::string title, text;
    bool is_ladder = false;
    std::vector<MeasuredCase> cases;
};

struct Report {
    bench::Machine machine;
    std::string vectors;  // "AVX2": the vector instructions of chapter 10
    std::string date;     // "2026-11-25"
    bool quick = false;
    bench::Limits limits;
    std::vector<MeasuredGroup> groups;
};

// A table for each group, and a roofline of the ladders.
Document document_of(const Report& report);

// A table of both limits, with one thread and with all.
Step& show_limits(Step& step, const bench::Limits& limits);

// The cases of some ladders under the limits of all threads.
Roofline roofline_of(const std::vector<MeasuredGroup>& ladders, const bench::Limits& limits);

std::string as_json(const Report& report);

// "bench  27 cases, 243 samples in 38 s".
std::string closing_line(const Report& report, double seconds);

}  // namespace ch10::bench_program

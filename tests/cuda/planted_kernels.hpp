// Chapter 5's decoding and prefill by kernels that tests/cuda/planted_bugs.cmake has altered, by the name of
// the bug.
#pragma once
#include <map>
#include <string>

#include "chapters/05_grouped_query_attention/cuda/decode.hpp"
#include "chapters/05_grouped_query_attention/cuda/prefill.hpp"

struct PlantedKernels {
    ch5::DecodeRun (*decode)(ch5::DecodeRung, const ch5::DecodeInput&, const EmulatorOptions&);
    ch5::PrefillRun (*prefill)(const ch5::PrefillInput&, const EmulatorOptions&);
};

inline std::map<std::string, PlantedKernels>& planted_kernels() {
    static std::map<std::string, PlantedKernels> kernels;
    return kernels;
}

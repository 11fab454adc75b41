// What a walk with --engine flash says of the tensors that the engine does not make.
// B = sequences in a batch, T = new tokens, S = keys, H = query heads
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "common/any_tensor.hpp"
#include "common/attention_call.hpp"
#include "common/program/engine_options.hpp"
#include "common/program/walkthrough.hpp"

// A tensor that only the lesson's attention makes.
struct NeverMade {
    std::string name;
    Shape shape;
};

// What one call of the engine saved, and the memory that it took instead.
struct EngineReport {
    std::vector<NeverMade> tensors;
    std::size_t scratch_bytes = 0;

    [[nodiscard]] double lesson_bytes() const;
};

// The tensors (B, H, T, S) with these names, and the keys and values that the lesson repeats for the query
// heads, and head_context, whose numbers are those of combined. The engine has made this call.
EngineReport report_engine(const FlashEngine& engine, const AttentionCall& call,
                           const std::vector<std::string>& scores);

// Adds the step, for the larger of the first and the last piece.
void tell_engine(Walkthrough& walk, const EngineReport& first, const EngineReport& last);

// The option --engine, for chapters that run a reader's own layer: the lesson's attention, or chapter 10's,
// which computes the same output and no scores. An earlier chapter cannot include chapter 10. So each of
// these chapters has two programs: one is linked with the engine, the other without it.
#pragma once
#include <cstddef>

#include "common/attention_call.hpp"
#include "common/program/chapter_options.hpp"

// An engine, and the bytes of its own memory during a call of these sizes. Without an engine, both are null.
struct FlashEngine {
    AttentionEngine attention = nullptr;
    std::size_t (*scratch_bytes)(const AttentionCall& call) = nullptr;

    [[nodiscard]] bool is_there() const { return attention != nullptr; }
};

// The engine that this program is linked with. chapters/10_flash_attention/flash_engine.cpp defines this, and
// without_engine.cpp in the other programs.
FlashEngine flash_engine();

// The reader's choice.
struct EngineChoice {
    bool is_flash = false;
};

// Declares the option for chapter `number`. CLI11 writes its value to `choice`, which must outlive the
// result.
ChapterOptions engine_options(int number, EngineChoice& choice);

// For --engine flash the engine that this program is linked with, otherwise none: the lesson's attention.
// Throws UsageError if `linked` has no engine.
FlashEngine chosen_engine(int chapter, const EngineChoice& choice, const FlashEngine& linked);

// Chapter 10: the same numbers, fast.
#include "common/program/walkthrough.hpp"

namespace {

const Chapter chapter{.number = 10,
                      .folder = "10_flash_attention",
                      .title = "Flash attention",
                      .letters = "T queries, S keys",
                      .takes = Takes::input};

}  // namespace

int main(int argc, char** argv) {
    return walk_through({.chapter = chapter, .tell = [](Walkthrough&) {}}, argc, argv);
}

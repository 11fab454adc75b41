#include "common/program/chapter_options.hpp"

ChapterOptions joined(const ChapterOptions& first, const ChapterOptions& second) {
    ChapterOptions both = first;
    both.declare = [first, second](CLI::App& app) {
        first.declare(app);
        second.declare(app);
    };
    both.fill = [first, second](OwnFiles& own) {
        first.fill(own);
        second.fill(own);
    };
    both.rules.insert(both.rules.end(), second.rules.begin(), second.rules.end());
    both.examples += second.examples;
    return both;
}

// The result of comparing the reader's printed tensors with our tensors.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/compare/pairing.hpp"
#include "common/compare/relations.hpp"

enum class Result { agrees, differs, unreadable, not_found };

// One tensor of ours.
struct ComparedTensor {
    Expected ours;
    const PrintedTensor* theirs = nullptr;  // null: not found
    Result result = Result::not_found;
    Closeness closeness;
    std::optional<Hint> hint;  // why it differs
    std::string follows_from;  // name of an earlier tensor whose hint explains this difference too

    // "row 3, column 0": where the first difference stands.
    [[nodiscard]] std::string first_place() const;
};

struct Comparison {
    Chapter chapter;
    std::string file;
    std::vector<ComparedTensor>
        tensors;  // ours in order; a tensor that is not found is listed only if required
    std::vector<const PrintedTensor*> unexpected;  // printed tensors that match none of ours

    [[nodiscard]] std::size_t count(Result result) const;
    [[nodiscard]] bool all_agree() const { return count(Result::agrees) == tensors.size(); }
};

// Compares without hints. `document` and `theirs` must outlive the result.
Comparison compare(const Document& document, const std::string& file,
                   const std::vector<PrintedTensor>& theirs);

// "chapter 3  10 of 11 tensors agree, 1 differs"
std::string summary_line(const Comparison& comparison);

// The row-major index `place` of a tensor of this shape, in the words of its axes: "head 1, token 3, column
// 0".
std::string place_in_words(std::size_t place, const Shape& shape, const std::vector<std::string>& axes);

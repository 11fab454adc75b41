// Tells a bug: as a document for the renderers, and as JSON.
#pragma once
#include <string>
#include <vector>

#include "common/bug/gallery.hpp"
#include "common/document/step.hpp"

namespace bug {

// Whether a test with this fixture passes: both results are equal, as --compare means it.
bool passes(const Fixture& fixture);

// The first difference of the two results in words, and a relation between them if there is one: a constant
// factor, swapped axes.
std::string difference_in_words(const Bug& bug, const Fixture& fixture);

// Four steps: what happened, the code, the friendly fixture, the unfriendly fixture.
Document document_of(const Entry& entry, const Bug& bug);

// The last line: whether the fixtures pass and fail as told.
bool as_told(const Bug& bug);
std::string closing_line(const Entry& entry, const Bug& bug);

// One line for each bug with its chapter, and the bugs that are left out with the reason.
std::string list_of(const std::vector<Entry>& entries, const std::vector<LeftOut>& left_out);

// {"number": 12, "title": ..., "friendly": {"passes": true, ...}, ...}
std::string as_json(const Entry& entry, const Bug& bug);

}  // namespace bug

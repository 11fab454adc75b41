#include <cmath>
#include <nlohmann/json.hpp>

#include "common/compare/report.hpp"

namespace {

using Json = nlohmann::ordered_json;

// JSON has no infinity.
Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json to_json(const ComparedTensor& tensor) {
    Json json = {{"name", tensor.ours.name}, {"result", result_name(tensor.result)}};
    if (tensor.ours.shown->cell) json["cell"] = tensor.ours.shown->cell->number;
    if (tensor.theirs == nullptr) return json;
    json["printed_as"] = tensor.theirs->name;
    json["where"] = tensor.theirs->where;
    if (tensor.result == Result::unreadable) {
        json["problem"] = tensor.theirs->damage;
        return json;
    }
    const Closeness& closeness = tensor.closeness;
    json["digits"] = closeness.digits;
    json["good_digits"] = closeness.good_digits;
    json["largest_difference"] = number(closeness.largest);
    if (tensor.result == Result::agrees) return json;

    json["difference"] = difference_in_words(tensor);
    if (closeness.first) {
        json["first"] = {{"place", tensor.first_place()},
                         {"yours", closeness.theirs_first},
                         {"here", number(closeness.ours_first)}};
    }
    if (tensor.hint)
        json["cause"] = {
            {"id", tensor.hint->id}, {"cause", tensor.hint->cause}, {"advice", tensor.hint->advice}};
    if (!tensor.follows_from.empty()) json["follows_from"] = tensor.follows_from;
    return json;
}

}  // namespace

std::string report_as_json(const Comparison& comparison) {
    Json json = {{"chapter", comparison.chapter.number},
                 {"file", comparison.file},
                 {"expected", comparison.tensors.size()},
                 {"agree", comparison.count(Result::agrees)},
                 {"differ", comparison.count(Result::differs)},
                 {"unreadable", comparison.count(Result::unreadable)},
                 {"not_found", comparison.count(Result::not_found)},
                 {"tensors", Json::array()},
                 {"unexpected", Json::array()}};
    for (const ComparedTensor& tensor : comparison.tensors) json["tensors"].push_back(to_json(tensor));
    for (const PrintedTensor* printed : comparison.unexpected) {
        json["unexpected"].push_back(
            {{"name", printed->name}, {"words", printed->words}, {"where", printed->where}});
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

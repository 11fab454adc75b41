#include <fmt/format.h>

#include "common/compare/report.hpp"

std::string escaped_for_xml(const std::string& text) {
    constexpr std::size_t longest = 1000;
    std::string xml;
    for (const char c : shortened(text, longest)) {
        switch (c) {
            case '&':
                xml += "&amp;";
                break;
            case '<':
                xml += "&lt;";
                break;
            case '>':
                xml += "&gt;";
                break;
            case '"':
                xml += "&quot;";
                break;
            default:
                xml += c;
        }
    }
    return xml;
}

namespace {

std::string problem_of(const ComparedTensor& tensor) {
    if (tensor.result == Result::unreadable) return tensor.theirs->damage;
    if (tensor.result == Result::not_found) return "not found";
    std::string problem = difference_in_words(tensor);
    if (tensor.hint) problem += ". " + tensor.hint->cause;
    if (!tensor.follows_from.empty()) problem += ". It follows from " + tensor.follows_from;
    return problem;
}

}  // namespace

std::string report_as_junit(const Comparison& comparison) {
    const std::string suite = fmt::format("chapter {}", comparison.chapter.number);
    std::string xml = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
        suite, comparison.tensors.size(), comparison.tensors.size() - comparison.count(Result::agrees));
    for (const ComparedTensor& tensor : comparison.tensors) {
        const std::string start =
            fmt::format("  <testcase classname=\"{}\" name=\"{}\"", suite, escaped_for_xml(tensor.ours.name));
        if (tensor.result == Result::agrees) {
            xml += start + "/>\n";
            continue;
        }
        const std::string type = tensor.hint ? tensor.hint->id : result_name(tensor.result);
        xml += fmt::format("{}>\n    <failure type=\"{}\" message=\"{}\"/>\n  </testcase>\n", start,
                           escaped_for_xml(type), escaped_for_xml(problem_of(tensor)));
    }
    return xml + "</testsuite>\n";
}

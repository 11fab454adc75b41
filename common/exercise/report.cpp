#include "common/exercise/report.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace exercise {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 6> outcome_names = {"passed",  "not written yet", "wrong",
                                                      "crashed", "timed out",       "not run"};

Json to_json(const TestReport& test) {
    Json json = {{"test", test.title}, {"outcome", outcome_name(test.outcome)}};
    for (const GivenValue& value : test.given)
        json["given"].push_back({{"name", value.name}, {"text", value.text}});
    const auto add = [&](const char* key, const std::string& text) {
        if (!text.empty()) json[key] = text;
    };
    add("problem", test.problem);
    add("what", test.what);
    add("yours", test.yours);
    add("expected", test.expected);
    add("printed", test.printed);
    if (test.cause)
        json["cause"] = {
            {"id", test.cause->id}, {"cause", test.cause->cause}, {"advice", test.cause->advice}};
    return json;
}

TestReport test_from(const Json& json) {
    TestReport test;
    test.title = json.at("test").get<std::string>();
    const auto outcome = json.at("outcome").get<std::string>();
    const auto found = std::find(outcome_names.begin(), outcome_names.end(), outcome);
    test.outcome = static_cast<Outcome>(found - outcome_names.begin());
    for (const Json& value : json.value("given", Json::array()))
        test.given.push_back({value.at("name").get<std::string>(), value.at("text").get<std::string>()});
    test.problem = json.value("problem", "");
    test.what = json.value("what", "");
    test.yours = json.value("yours", "");
    test.expected = json.value("expected", "");
    test.printed = json.value("printed", "");
    if (json.contains("cause")) {
        const Json& cause = json.at("cause");
        test.cause = {cause.at("id").get<std::string>(), cause.at("cause").get<std::string>(),
                      cause.at("advice").get<std::string>()};
    }
    return test;
}

}  // namespace

bool CheckReport::passed() const {
    return !tests.empty() && told_failure() == nullptr;
}

const TestReport* CheckReport::told_failure() const {
    const auto failed = [](const TestReport& test) { return test.outcome != Outcome::passed; };
    const auto told = [&](const TestReport& test) { return failed(test) && test.cause.has_value(); };
    auto found = std::find_if(tests.begin(), tests.end(), told);
    if (found == tests.end()) found = std::find_if(tests.begin(), tests.end(), failed);
    return found == tests.end() ? nullptr : &*found;
}

std::string outcome_name(Outcome outcome) {
    return outcome_names.at(static_cast<std::size_t>(outcome));
}

std::string to_json(const CheckReport& report) {
    Json json = {{"tests", Json::array()}};
    for (const TestReport& test : report.tests) json["tests"].push_back(to_json(test));
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<CheckReport> report_from_json(const std::string& text) {
    try {
        CheckReport report;
        const Json json = Json::parse(text);
        for (const Json& test : json.at("tests")) report.tests.push_back(test_from(test));
        return report;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace exercise

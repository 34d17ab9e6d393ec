// JUnit XML.
#include "harness/report/junit.hh"

#include <algorithm>

#include <fmt/format.h>

#include "harness/report/screen.hh"
#include "simulator/events/json_text.hh"

namespace etimedout {

namespace {

// XML 1.0 section 2.2: no control characters but these, and neither U+FFFE nor U+FFFF.
bool allowed(std::string_view character) {
    const auto first = static_cast<unsigned char>(character.front());
    if (first < 0x20) return first == '\t' || first == '\n' || first == '\r';
    return character != "\xEF\xBF\xBE" && character != "\xEF\xBF\xBF";
}

enum class Place { text, attribute };

std::string escaped(std::string_view text, Place place) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(character.size());
        const char c = character.front();
        if (length == 0 || !allowed(character)) {
            out += "\xEF\xBF\xBD";
        } else if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '"') {
            out += "&quot;";
        } else if (c == '\r' || (place == Place::attribute && (c == '\n' || c == '\t'))) {
            out += fmt::format("&#{};", static_cast<int>(c));
        } else {
            out += character;
        }
    }
    return out;
}

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

std::string outcome_element(const ScenarioResult& result) {
    const Verdict verdict = result.judgement.verdict;
    if (verdict == Verdict::pass) return {};
    const std::string message = xml_attribute(reason_of(result));
    if (verdict == Verdict::skipped) {
        return fmt::format("      <skipped message=\"{}\"/>\n", message);
    }
    const std::string element = verdict == Verdict::fail ? "failure" : "error";
    const std::string type =
        verdict == Verdict::fail ? "expectation" : std::string{word_of(verdict)};
    return fmt::format("      <{} message=\"{}\" type=\"{}\">{}</{}>\n", element, message, type,
                       xml_text(failure_screen(result)), element);
}

std::string property(const std::string& name, const std::string& value) {
    return fmt::format("        <property name=\"{}\" value=\"{}\"/>\n", name,
                       xml_attribute(value));
}

std::string test_case(const ScenarioResult& result) {
    const Scenario& scenario = result.scenario;
    std::string text =
        fmt::format("    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" time=\"{:.3f}\">\n",
                    xml_attribute(scenario.name), xml_attribute(scenario.file),
                    xml_attribute(scenario.file), seconds(result.real_time));
    text += "      <properties>\n";
    text += property("seed", fmt::format("{}", result.seed));
    if (!result.clock.empty()) text += property("clock", result.clock);
    if (result.clock == "virtual") {
        text += property("virtual seconds", fmt::format("{:.3f}", seconds(result.virtual_time)));
    }
    if (!scenario.row.empty()) text += property("row", scenario.row);
    for (const std::string& tag : scenario.tags) text += property("tag", tag);
    if (!result.kept_in.empty()) text += property("kept in", result.kept_in);
    text += "      </properties>\n" + outcome_element(result);
    return text + "    </testcase>\n";
}

struct Suite {
    std::string file{};
    std::vector<const ScenarioResult*> results{};
};

std::string counts(const std::vector<const ScenarioResult*>& results) {
    Totals totals;
    Duration real{};
    for (const ScenarioResult* result : results) {
        count(totals, *result);
        real += result->real_time;
    }
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"",
                       totals.all(), totals.failed, totals.errors + totals.inconclusive,
                       totals.skipped, seconds(real));
}

}  // namespace

std::string xml_text(std::string_view text) { return escaped(text, Place::text); }
std::string xml_attribute(std::string_view text) { return escaped(text, Place::attribute); }

std::string junit_report(const std::vector<ScenarioResult>& results) {
    std::vector<Suite> suites;
    std::vector<const ScenarioResult*> all;
    for (const ScenarioResult& result : results) {
        all.push_back(&result);
        auto suite = std::find_if(suites.begin(), suites.end(), [&](const Suite& one) {
            return one.file == result.scenario.file;
        });
        if (suite == suites.end()) {
            suites.push_back({result.scenario.file, {}});
            suite = suites.end() - 1;
        }
        suite->results.push_back(&result);
    }
    std::string text = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"etimedout\" {}>\n",
        counts(all));
    for (const Suite& suite : suites) {
        text += fmt::format("  <testsuite name=\"{}\" {}>\n", xml_attribute(suite.file),
                            counts(suite.results));
        for (const ScenarioResult* result : suite.results) text += test_case(*result);
        text += "  </testsuite>\n";
    }
    return text + "</testsuites>\n";
}

}  // namespace etimedout

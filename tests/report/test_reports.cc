// Reports for programs: JUnit, JSON, TAP, Markdown.
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "harness/report/json_report.hh"
#include "harness/report/junit.hh"
#include "harness/report/plain_reports.hh"
#include "tests/report/golden.hh"
#include "tests/report/stories.hh"

namespace etimedout {
namespace {

using namespace testing;

std::vector<ScenarioResult> some_results() {
    ScenarioResult failed = silent_upstream(60s);
    failed.scenario.name += " <&> \"quoted\" | #1";
    failed.scenario.row = "refusal=reset";
    failed.kept_in = "results/1";
    return {silent_upstream(30s), failed, broken_run(), stalled_run(), skipped_scenario()};
}

TEST(Reports, JUnit) {
    // A suite per file, a case per scenario, in the words that CI systems know.
    expect_golden("junit.xml", junit_report(some_results()));
}

TEST(Reports, Json) {
    // Everything that was judged.
    const std::string text = json_report(some_results());
    expect_golden("report.json", text);
    const auto parsed = boost::json::parse(text);
    EXPECT_EQ(parsed.at("scenarios").as_array().size(), 5u);
    EXPECT_EQ(parsed.at("summary").at("failed").as_int64(), 1);
}

TEST(Reports, Tap) {
    // Skips are ok with a directive; screens are comments.
    expect_golden("report.tap", tap_report(some_results()));
}

TEST(Reports, Markdown) {
    // A table, and the screens below it.
    expect_golden("report.md", markdown_report(some_results()));
}

TEST(Reports, AnyBytesBecomeValidXmlAndJson) {
    // Programs write control characters, broken UTF-8 and what XML forbids.
    EXPECT_EQ(xml_text("a<b>&\"\x01\x1b[0m\xff\xEF\xBF\xBF é\n"),
              "a&lt;b&gt;&amp;&quot;\uFFFD\uFFFD[0m\uFFFD\uFFFD é\n");
    EXPECT_EQ(xml_attribute("a\n\tb\r"), "a&#10;&#9;b&#13;");
    ScenarioResult result = broken_run();
    result.judgement.run_problem = std::string{"bad \x01 \xff \0 bytes", 15};
    const auto parsed = boost::json::parse(json_report({result}));
    EXPECT_EQ(parsed.at("scenarios").at(0).at("problem").as_string().size(), 17u);
}

TEST(Reports, OfNothingAreWellFormed) {
    // No scenario at all.
    EXPECT_EQ(junit_report({}),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"etimedout\" "
              "tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000\">\n"
              "</testsuites>\n");
    EXPECT_EQ(boost::json::parse(json_report({})).at("version").as_int64(), 1);
    EXPECT_EQ(tap_report({}), "TAP version 14\n1..0\n");
}

}  // namespace
}  // namespace etimedout

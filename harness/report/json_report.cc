// The JSON report.
#include "harness/report/json_report.hh"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "simulator/events/json_text.hh"

namespace etimedout {

namespace {

namespace json = boost::json;

void put(json::object& object, std::string_view key, const std::string& value) {
    if (!value.empty()) object[key] = value;
}
void put(json::object& object, std::string_view key, const std::optional<Duration>& value) {
    if (value) object[key] = value->count();
}
void put(json::object& object, std::string_view key, const std::vector<std::string>& values) {
    if (values.empty()) return;
    json::array array;
    for (const std::string& value : values) array.emplace_back(value);
    object[key] = std::move(array);
}

json::object json_of(const Finding& finding) {
    json::object object;
    object["verdict"] = word_of(finding.verdict);
    object["fact"] = finding.fact;
    object["line"] = finding.where.line;
    object["column"] = finding.where.column;
    put(object, "expectation", finding.expectation);
    put(object, "expected", finding.expected);
    put(object, "window", finding.window);
    put(object, "observed", finding.observed);
    put(object, "missed_by", finding.missed_by);
    put(object, "missed_by_ns", finding.missed_time);
    put(object, "because", finding.because);
    put(object, "advice", finding.advice);
    put(object, "call", finding.call);
    put(object, "at_ns", finding.at);
    put(object, "links", finding.links);
    put(object, "evidence", finding.evidence);
    return object;
}

json::object json_of(const FaultReport& fault) {
    json::object object;
    object["verdict"] = word_of(fault.verdict);
    object["id"] = fault.id;
    object["kind"] = fault.kind;
    object["at"] = fault.at;
    object["matched"] = fault.matched;
    object["fired"] = fault.fired;
    put(object, "message", fault.message);
    return object;
}

json::object json_of(const ScenarioResult& result) {
    const Judgement& judgement = result.judgement;
    json::object object;
    object["name"] = result.scenario.name;
    object["file"] = result.scenario.file;
    put(object, "row", result.scenario.row);
    put(object, "about", result.scenario.about);
    put(object, "tags", result.scenario.tags);
    object["verdict"] = word_of(judgement.verdict);
    put(object, "reason", reason_of(result));
    object["seed"] = fmt::format("{}", result.seed);
    put(object, "clock", result.clock);
    object["virtual_ns"] = result.virtual_time.count();
    object["real_ns"] = result.real_time.count();
    object["in_calls_ns"] = judgement.time_in_calls.count();
    put(object, "stalled_ns", judgement.stalled);
    put(object, "problem", judgement.run_problem);
    put(object, "advice", judgement.run_advice);
    put(object, "skip_reason", result.skip_reason);
    put(object, "skip_remedy", result.skip_remedy);
    put(object, "repeat_command", result.repeat_command);
    put(object, "kept_in", result.kept_in);
    if (judgement.verdict == Verdict::error) put(object, "output", result.program_output);
    json::array findings;
    for (const Finding& finding : judgement.findings) findings.push_back(json_of(finding));
    object["findings"] = std::move(findings);
    json::array faults;
    for (const FaultReport& fault : judgement.faults) faults.push_back(json_of(fault));
    object["faults"] = std::move(faults);
    return object;
}

void write(std::string& out, const json::value& value, std::size_t depth) {
    const std::string inner(2 * (depth + 1), ' ');
    const std::string outer(2 * depth, ' ');
    const char* separator = "\n";
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        for (const auto& member : *object) {
            out += separator + inner;
            append_json_string(out, std::string_view{member.key().data(), member.key().size()});
            out += ": ";
            write(out, member.value(), depth + 1);
            separator = ",\n";
        }
        out += "\n" + outer + "}";
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out += '[';
        for (const json::value& element : *array) {
            out += separator + inner;
            write(out, element, depth + 1);
            separator = ",\n";
        }
        out += "\n" + outer + "]";
    } else if (const auto* text = value.if_string()) {
        // Outputs of programs are any bytes; reports are UTF-8.
        append_json_string(out, std::string_view{text->data(), text->size()});
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string json_report(const std::vector<ScenarioResult>& results) {
    const Totals totals = totals_of(results);
    json::object summary;
    summary["passed"] = totals.passed;
    summary["failed"] = totals.failed;
    summary["errors"] = totals.errors;
    summary["inconclusive"] = totals.inconclusive;
    summary["skipped"] = totals.skipped;
    summary["virtual_ns"] = totals.virtual_time.count();
    summary["in_calls_ns"] = totals.time_in_calls.count();
    json::array scenarios;
    for (const ScenarioResult& result : results) scenarios.push_back(json_of(result));
    json::object report;
    report["version"] = json_report_version;
    report["summary"] = std::move(summary);
    report["scenarios"] = std::move(scenarios);
    std::string text;
    write(text, report, 0);
    return text + "\n";
}

}  // namespace etimedout

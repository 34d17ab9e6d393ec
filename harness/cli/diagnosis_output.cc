// Diagnoses as text for people and as JSON for programs.
#include "harness/cli/diagnosis_output.hh"

#include <fmt/format.h>
#include <boost/json.hpp>

namespace etimedout {

namespace {

constexpr std::size_t indent = 4;

std::string bulleted(std::string_view bullet, const std::string& text, std::size_t columns) {
    std::string out;
    std::string lead = fmt::format("{:{}}{}", "", indent, bullet);
    for (const std::string& line : wrapped(text, columns - lead.size())) {
        out += lead + line + "\n";
        lead = std::string(lead.size(), ' ');
    }
    return out;
}

std::string one_case(const CaseDiagnosis& one, const ConsoleStyle& style) {
    const Diagnosis& diagnosis = one.diagnosis;
    const std::string who = one.index > 1 ? fmt::format("{} ({})", one.call, one.index) : one.call;
    const Ink ink = diagnosis.confidence == Confidence::none ? Ink::warn : Ink::bad;
    std::string text =
        fmt::format("{}: {} after {}, from t={}\n", inked(who, Ink::bold, style.color), one.outcome,
                    human(one.took), human(one.began));
    text += fmt::format("  {}\n", inked(diagnosis_line(diagnosis), ink, style.color));
    for (const std::string& line : diagnosis.evidence) text += bulleted("- ", line, style.columns);
    const bool known = diagnosis.cause != RootCause::not_enough_evidence;
    text += bulleted(known ? "for good: " : "to know more: ", diagnosis.remedy, style.columns);
    return text;
}

boost::json::object json_of_case(const CaseDiagnosis& one) {
    const Diagnosis& diagnosis = one.diagnosis;
    boost::json::array evidence;
    for (const std::string& line : diagnosis.evidence) evidence.emplace_back(line);
    return {{"call", one.call},
            {"index", one.index},
            {"t", one.began.count()},
            {"took", one.took.count()},
            {"outcome", one.outcome},
            {"number", number_of(diagnosis.cause)},
            {"cause", name_of(diagnosis.cause)},
            {"confidence", name_of(diagnosis.confidence)},
            {"finding", diagnosis.finding},
            {"evidence", std::move(evidence)},
            {"remedy", diagnosis.remedy}};
}

}  // namespace

std::string diagnosis_line(const Diagnosis& diagnosis) {
    if (diagnosis.cause == RootCause::not_enough_evidence) {
        return fmt::format("not enough evidence: {}", diagnosis.finding);
    }
    return fmt::format("{} {} ({}): {}", number_of(diagnosis.cause), name_of(diagnosis.cause),
                       name_of(diagnosis.confidence), diagnosis.finding);
}

std::string diagnosis_text(const std::vector<CaseDiagnosis>& cases, const ConsoleStyle& style) {
    if (cases.empty()) return "nothing failed\n";
    std::string text;
    for (const CaseDiagnosis& one : cases) text += one_case(one, style);
    return text;
}

std::string diagnosis_json(const std::vector<DiagnosedSource>& sources) {
    boost::json::array all;
    for (const DiagnosedSource& source : sources) {
        boost::json::array cases;
        for (const CaseDiagnosis& one : source.cases) cases.push_back(json_of_case(one));
        all.push_back(boost::json::object{{"source", source.source}, {"cases", std::move(cases)}});
    }
    return boost::json::serialize(all) + "\n";
}

}  // namespace etimedout

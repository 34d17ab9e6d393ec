// Diagnoses as text for people and as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "harness/diagnose/root_cause.hh"
#include "harness/report/text.hh"

namespace etimedout {

// Each case: whose it is, the cause, the evidence, the remedy. Ends with an end of line.
std::string diagnosis_text(const std::vector<CaseDiagnosis>& cases, const ConsoleStyle& style);

// "server overload (certain): the callee's accept queue is full"
std::string diagnosis_line(const Diagnosis& diagnosis);

// One object per source: {"source": …, "cases": […]}. Times in nanoseconds, as in event logs.
struct DiagnosedSource {
    std::string source{};
    std::vector<CaseDiagnosis> cases{};
};
std::string diagnosis_json(const std::vector<DiagnosedSource>& sources);

}  // namespace etimedout

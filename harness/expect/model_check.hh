// ModelCheck: the parts of a model, each checked by itself, as one finding.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/expect/measure.hh"

namespace etimedout {

class ModelCheck {
public:
    // `part` is a key of the model: "opens_after". With several of one part, the worst counts.
    void add(const std::string& part, Check check);
    bool has(const std::string& part) const;
    // What the model saw, whatever was asked; shown behind the parts.
    void evidence(std::string line);

    // Parts in the order in which they were first added.
    Check finish() &&;

private:
    std::vector<std::pair<std::string, std::vector<Check>>> parts_{};
    std::vector<std::string> evidence_{};
};

// "1 request", "3 requests".
std::string amount(std::size_t count, const std::string& one, const std::string& many);

}  // namespace etimedout

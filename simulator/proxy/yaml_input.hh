// YAML as the JSON it stands for, with the place of each part; for proxy_config.cc.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

namespace etimedout {

struct YamlMark {
    std::size_t line = 0;  // from 0
    std::size_t column = 0;
};

struct YamlInput {
    boost::json::value value{};
    std::vector<std::pair<std::string, YamlMark>> places{};  // in the order of the text
    std::string error{};  // what is wrong, at `at`; empty when nothing is
    YamlMark at{};
};

// One document. Plain scalars are null, true, false or a number where JSON has them so, and text
// otherwise; those in quotes are text. Aliases, keys that are no text, a key that is there twice
// and what is nested too deeply are errors.
YamlInput read_yaml(const std::string& text);

}  // namespace etimedout

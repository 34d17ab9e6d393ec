// What -h prints: examples first, then what can be typed.
#pragma once

#include <string>

#include <CLI/App.hpp>

namespace etimedout {

// A command's footer holds its examples.
class HelpWriter : public CLI::Formatter {
public:
    HelpWriter();
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override;
    std::string make_option_opts(const CLI::Option* option) const override;
};

}  // namespace etimedout

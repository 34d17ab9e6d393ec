// Golden files: texts compared as a whole; UPDATE_GOLDEN=1 in the environment writes them anew.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace etimedout::testing {

inline void expect_golden(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path{ETIMEDOUT_GOLDEN_DIR} / name;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream{path, std::ios::binary} << text;
        return;
    }
    std::ifstream file{path, std::ios::binary};
    ASSERT_TRUE(file) << "there is no " << path << ": run once with UPDATE_GOLDEN=1, and read it";
    std::ostringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text, golden.str()) << "differs from " << path
                                  << "; if this is meant, run with UPDATE_GOLDEN=1";
}

}  // namespace etimedout::testing

// docs/proxy.md: its table of toxics is the declarations'.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "harness/toxiproxy/toxic_reference.hh"

namespace etimedout {
namespace {

const std::string begin_mark =
    "<!-- toxics: made by the program; UPDATE_GOLDEN=1 rewrites it -->\n";
const std::string end_mark = "<!-- /toxics -->\n";

std::string text_of(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(ProxyDocs, TheCommittedTableOfToxicsIsTheMadeOne) {
    const std::string path = std::string{ETIMEDOUT_DOCS_DIR} + "/proxy.md";
    std::string page = text_of(path);
    const auto begin = page.find(begin_mark);
    const auto end = page.find(end_mark);
    ASSERT_NE(begin, std::string::npos);
    ASSERT_NE(end, std::string::npos);
    const auto from = begin + begin_mark.size();
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        page.replace(from, end - from, "\n" + toxics_markdown() + "\n");
        std::ofstream{path} << page;
        return;
    }
    EXPECT_EQ(page.substr(from, end - from), "\n" + toxics_markdown() + "\n");
}

}  // namespace
}  // namespace etimedout

// Every message, golden: bad/NAME.yaml must give bad/NAME.out, to the letter.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

std::string contents(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::filesystem::path> bad_scenarios() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{SCENARIO_TESTS "/bad"}) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool update_wanted() { return std::getenv("UPDATE_GOLDEN") != nullptr; }

class BadScenario : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(BadScenario, IsRefusedWithExactlyThisMessage) {
    // A message is part of the product: a change of one is seen in review.
    const std::filesystem::path& path = GetParam();
    const auto errors = [&] {
        const auto parsed = parse_scenarios(contents(path), path.filename().string(), {});
        const auto* found = std::get_if<std::vector<ScenarioError>>(&parsed);
        return found != nullptr ? *found : std::vector<ScenarioError>{};
    }();
    ASSERT_FALSE(errors.empty()) << path << " has no mistakes";
    std::string rendered;
    for (const ScenarioError& error : errors) rendered += error.render() + "\n";
    std::filesystem::path golden = path;
    golden.replace_extension(".out");
    if (update_wanted()) std::ofstream{golden, std::ios::binary} << rendered;
    EXPECT_EQ(contents(golden), rendered) << "UPDATE_GOLDEN=1 writes it again";
}

INSTANTIATE_TEST_SUITE_P(All, BadScenario, testing::ValuesIn(bad_scenarios()),
                         [](const auto& each) { return each.param.stem().string(); });

TEST(Messages, ThereAreManyDifferentOnes) {
    // What is in quotes depends on the file; the words around it are the message.
    std::set<std::string> messages;
    for (const auto& path : bad_scenarios()) {
        for (const ScenarioError& error : errors_of(contents(path))) {
            std::string words;
            bool quoted = false;
            for (const char c : error.message) {
                if (c == '`') quoted = !quoted;
                if (!quoted) words += c;
            }
            messages.insert(words);
        }
    }
    EXPECT_GE(messages.size(), 100U);
}

TEST(Messages, ComeInTheOrderOfTheTextAndAreAtMostTwenty) {
    // Thirty mistakes on thirty lines.
    std::string text = "scenario: 1\nname: a\nnodes: {client: {}}\nsteps:\n";
    for (int i = 0; i < 30; ++i) text += "  - wait: " + std::to_string(i) + "\n";
    const auto errors = errors_of(text);
    ASSERT_EQ(errors.size(), 20U);
    for (std::size_t i = 0; i < errors.size(); ++i) EXPECT_EQ(errors[i].where.line, i + 5);
}

TEST(Messages, CountColumnsInCharacters) {
    // "ä" and "±" are two bytes each, and one column each.
    const auto errors =
        errors_of("scenario: 1\nname: a\nnodes: {client: {\"ä±\": 1}}\nsteps: []\n");
    ASSERT_FALSE(errors.empty());
    EXPECT_EQ(errors.front().where.column, 18U);
    EXPECT_EQ(errors.front().width, 4U);
}

TEST(Messages, ReadTheSameWhateverEndsTheLines) {
    // A file saved on Windows, with a byte-order mark in front.
    const std::string text = "\xef\xbb\xbfscenario: 1\r\nname: a\r\nnoodes: {}\r\n";
    const auto errors = errors_of(text);
    ASSERT_FALSE(errors.empty());
    const auto unknown = std::find_if(errors.begin(), errors.end(), [](const auto& error) {
        return error.message == "a scenario has no key `noodes`";
    });
    ASSERT_NE(unknown, errors.end());
    EXPECT_EQ(unknown->render(),
              "test.yaml:3:1: error: a scenario has no key `noodes`\n"
              "    3 | noodes: {}\n"
              "      | ^^^^^^\n"
              "  help: did you mean `nodes`?");
}

}  // namespace
}  // namespace etimedout

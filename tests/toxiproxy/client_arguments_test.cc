// toxiproxy-cli's arguments, in all the forms that program takes.
#include "harness/toxiproxy/client_arguments.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace etimedout {
namespace {

using testing::HasSubstr;
using Texts = std::vector<std::string>;

std::variant<ClientPlan, SayAndEnd> read_client(Texts words) {
    words.insert(words.begin(), "toxiproxy-cli");
    return toxiproxy_cli_arguments(words, "http://from.environment:1", "2.12.0");
}

const CreateProxy create{"redis", ":1", "h:2", ProxyState::enabled};
const AddToxic add{"redis",    "slow", "latency",
                   "upstream", 0.5,    {{"latency", "9"}, {"jitter", "1"}}};
const UpdateToxic update{"redis", "slow", std::nullopt, {{"latency", "9"}}};
const RemoveToxic remove_slow{"redis", "slow"};

TEST(ClientArguments, EachCommandLineMeansWhatItMeansThere) {
    const std::vector<std::pair<Texts, ClientAction>> rows{
        {{"list"}, ListProxies{}},
        {{"l"}, ListProxies{}},
        {{"li"}, ListProxies{}},
        {{"ls"}, ListProxies{}},
        {{"inspect", "redis"}, InspectProxy{"redis"}},
        {{"i", "redis"}, InspectProxy{"redis"}},
        {{"ins", "redis"}, InspectProxy{"redis"}},
        {{"create", "-l", ":1", "-u", "h:2", "redis"}, create},
        {{"c", "--listen=:1", "--upstream", "h:2", "redis"}, create},
        {{"new", "redis", "-l", ":1", "-u", "h:2"}, create},
        {{"toggle", "redis"}, ToggleProxy{"redis"}},
        {{"tog", "redis"}, ToggleProxy{"redis"}},
        {{"delete", "redis"}, DeleteProxy{"redis"}},
        {{"d", "redis"}, DeleteProxy{"redis"}},
        {{"toxic", "add", "-t", "latency", "-n", "slow", "-tox", "0.5", "-a", "latency=9", "-a",
          "jitter=1", "-u", "redis"},
         add},
        {{"t", "a", "--type=latency", "--toxicName=slow", "--toxicity=0.5", "--attribute",
          "latency=9", "--attribute", "jitter=1", "--upstream", "redis"},
         add},
        {{"t", "add", "-t", "noop", "-d", "redis"}, AddToxic{"redis", "", "noop"}},
        {{"toxic", "update", "-n", "slow", "-a", "latency=9", "redis"}, update},
        {{"t", "u", "-n", "slow", "-a", "latency=9", "redis"}, update},
        {{"toxic", "remove", "-n", "slow", "redis"}, remove_slow},
        {{"toxic", "r", "-n", "slow", "redis"}, remove_slow},
        {{"toxic", "delete", "-n", "slow", "redis"}, remove_slow},
        {{"t", "d", "-n", "slow", "redis"}, remove_slow}};
    for (const auto& [words, action] : rows) {
        const auto result = read_client(words);
        ASSERT_TRUE(std::holds_alternative<ClientPlan>(result)) << testing::PrintToString(words);
        EXPECT_EQ(std::get<ClientPlan>(result), (ClientPlan{"http://from.environment:1", action}))
            << testing::PrintToString(words);
    }
}

TEST(ClientArguments, TheHostIsNamedInFrontOfTheCommand) {
    for (const Texts& words : {Texts{"-h", "http://x:1", "ls"}, Texts{"--host=http://x:1", "ls"}}) {
        EXPECT_EQ(std::get<ClientPlan>(read_client(words)).api, "http://x:1");
    }
}

TEST(ClientArguments, AMistakeIsNamedAndEndsWithOne) {
    const std::vector<std::pair<Texts, std::string>> rows{
        {{"fly"}, "there is no command `fly`"},
        {{"toxic", "fly"}, "there is no command `toxic fly`"},
        {{"inspect"}, "Proxy name is required as the first argument."},
        {{"create", "-u", "h:2", "redis"}, "Required argument 'listen' was empty."},
        {{"create", "-l", ":1", "redis"}, "Required argument 'upstream' was empty."},
        {{"toxic", "add", "redis"}, "Required argument 'type' was empty."},
        {{"toxic", "remove", "redis"}, "Required argument 'toxicName' was empty."},
        {{"toxic", "add", "-t", "noop", "-u", "-d", "redis"},
         "Only one should be specified: upstream or downstream."},
        {{"toxic", "add", "-t", "noop", "-tox", "1.5", "redis"},
         "toxicity 1.5: not a number from 0 to 1"},
        {{"toxic", "add", "-t", "noop", "-a", "latency", "redis"}, "attribute latency: no value"},
        {{"list", "-x"}, "flag provided but not defined: -x"}};
    for (const auto& [words, message] : rows) {
        const auto result = read_client(words);
        ASSERT_TRUE(std::holds_alternative<SayAndEnd>(result)) << testing::PrintToString(words);
        EXPECT_EQ(std::get<SayAndEnd>(result).exit_code, 1);
        EXPECT_THAT(std::get<SayAndEnd>(result).err, HasSubstr("toxiproxy-cli: " + message));
    }
}

TEST(ClientArguments, HelpAndVersionAreNoMistakes) {
    for (const Texts& words :
         {Texts{}, Texts{"--help"}, Texts{"help"}, Texts{"toxic"}, Texts{"create", "--help"}}) {
        const auto said = std::get<SayAndEnd>(read_client(words));
        EXPECT_EQ(said.exit_code, 0);
        EXPECT_THAT(said.out, HasSubstr("Usage: toxiproxy-cli"));
    }
    EXPECT_EQ(std::get<SayAndEnd>(read_client({"-v"})).out, "toxiproxy-cli version 2.12.0\n");
}

}  // namespace
}  // namespace etimedout

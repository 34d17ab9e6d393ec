// toxiproxy-server's arguments, as images and scripts pass them.
#include "harness/toxiproxy/server_flags.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace etimedout {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Texts = std::vector<std::string>;

std::variant<ServerOptions, SayAndEnd> read_server(Texts words) {
    words.insert(words.begin(), "toxiproxy-server");
    return toxiproxy_server_flags(words, "2.12.0");
}

ServerOptions with(void (*change)(ServerOptions&)) {
    ServerOptions options;
    change(options);
    return options;
}

TEST(ServerFlags, EachCommandLineMeansWhatItMeansThere) {
    const std::vector<std::pair<Texts, ServerOptions>> rows{
        {{}, {}},
        {{"-host=0.0.0.0"}, with([](auto& o) { o.host = "0.0.0.0"; })},
        {{"--host", "0.0.0.0"}, with([](auto& o) { o.host = "0.0.0.0"; })},
        {{"-host="}, with([](auto& o) { o.host = ""; })},
        {{"-port", "0"}, with([](auto& o) { o.port = 0; })},
        {{"--port=8475"}, with([](auto& o) { o.port = 8475; })},
        {{"-config", "/etc/toxiproxy.json"},
         with([](auto& o) { o.config = "/etc/toxiproxy.json"; })},
        {{"-seed", "7"}, with([](auto& o) { o.seed = 7; })},
        {{"-seed=-1"}, with([](auto& o) { o.seed = ~std::uint64_t{0}; })},
        {{"-proxy-metrics"}, with([](auto& o) { o.metrics = MetricsEndpoint::present; })},
        {{"--runtime-metrics"}, with([](auto& o) { o.metrics = MetricsEndpoint::present; })},
        {{"-runtime-metrics=false", "-proxy-metrics=0"}, {}},
        // A word ends the flags, and is ignored with all behind it.
        {{"-port=1", "serve", "-port=2"}, with([](auto& o) { o.port = 1; })},
        {{"--", "-port=2"}, {}}};
    for (const auto& [words, options] : rows) {
        const auto result = read_server(words);
        ASSERT_TRUE(std::holds_alternative<ServerOptions>(result)) << testing::PrintToString(words);
        EXPECT_EQ(std::get<ServerOptions>(result), options) << testing::PrintToString(words);
    }
}

TEST(ServerFlags, TheVersionIsPrintedInItsFormWhateverElseIsSaid) {
    const SayAndEnd expected{"toxiproxy-server version 2.12.0\n", "", 0};
    EXPECT_EQ(std::get<SayAndEnd>(read_server({"-version"})), expected);
    EXPECT_EQ(std::get<SayAndEnd>(read_server({"-port=0", "--version"})), expected);
}

TEST(ServerFlags, AMistakeIsNamedAboveTheUsageAndEndsWithTwo) {
    const std::vector<std::pair<Texts, std::string>> rows{
        {{"-metrics"}, "flag provided but not defined: -metrics\nUsage of toxiproxy-server:\n"},
        {{"-port"}, "flag needs an argument: -port\nUsage of"},
        {{"-seed=x"}, "invalid value \"x\" for flag -seed: parse error\nUsage of"},
        {{"-port=65536"}, "invalid value \"65536\" for flag -port: write a number from 0 to 65535"},
        {{"-port=http"}, "invalid value \"http\" for flag -port: write a number"}};
    for (const auto& [words, text] : rows) {
        const auto said = std::get<SayAndEnd>(read_server(words));
        EXPECT_EQ(said.exit_code, 2);
        EXPECT_EQ(said.out, "");
        EXPECT_THAT(said.err, StartsWith(text));
    }
}

TEST(ServerFlags, HelpShowsEveryFlagAndIsNoMistake) {
    const auto said = std::get<SayAndEnd>(read_server({"-h"}));
    EXPECT_EQ(said.exit_code, 0);
    for (const auto* flag :
         {"-config string\n", "-host string\n", "-port string\n", "-proxy-metrics\n",
          "-runtime-metrics\n", "-seed int\n", "-version\n"}) {
        EXPECT_THAT(said.err, HasSubstr(flag));
    }
}

}  // namespace
}  // namespace etimedout

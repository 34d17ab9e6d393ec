// Log lines: one JSON object each, and nobody waits for their reader.
#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <boost/json/parse.hpp>

#include "simulator/base/fd.hh"
#include "simulator/proxy/proxy_log.hh"

namespace etimedout {
namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
        reading = Fd{ends[0]};
        writing = Fd{ends[1]};
    }
    std::string rest() {
        writing.reset();
        std::string text;
        std::array<char, 4096> block{};
        ssize_t count = 0;
        while ((count = ::read(reading.get(), block.data(), block.size())) > 0) {
            text.append(block.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    Fd reading;
    Fd writing;
};

TEST(ProxyLog, LinesAreJsonAndBelowTheLevelThereAreNone) {
    Pipe pipe;
    {
        ProxyLog log{LogLevel::info, pipe.writing.get()};
        log.rule_met("p", 1, "slow#1");
        log.closed("p\n\"", 2, "client", 3, 4);
    }
    const std::string text = pipe.rest();
    ASSERT_TRUE(text.ends_with("\n"));
    const auto line = boost::json::parse(text.substr(0, text.size() - 1)).as_object();
    EXPECT_EQ(line.at("level").as_string(), "info");
    EXPECT_EQ(line.at("proxy").as_string(), "p\n\"");
    EXPECT_EQ(line.at("bytes_down").as_int64(), 4);
    EXPECT_EQ(line.at("message").as_string(), "Connection closed");
}

TEST(ProxyLog, AReaderThatNeverReadsHoldsNobodyUp) {
    // Far more than a pipe and the log's own memory take: what is too much is left out.
    Pipe pipe;
    ProxyLog log{LogLevel::trace, pipe.writing.get()};
    const std::string much(100'000, 'x');
    for (int i = 0; i < 100; ++i) log.accepted(much, i, "c");
    pipe.reading.reset();
}

TEST(ProxyLog, LevelsAreThoseOfToxiproxy) {
    EXPECT_EQ(from_word<LogLevel>("warn"), LogLevel::warn);
    EXPECT_EQ(from_word<LogLevel>("loud"), std::nullopt);
}

}  // namespace
}  // namespace etimedout

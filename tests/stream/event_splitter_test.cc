// Event streams taken apart, whatever ends their lines and however they are split.
#include "simulator/stream/event_splitter.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace etimedout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "event:…", "aside:…", "piece:…".
std::vector<std::string> parts(std::string_view text, std::size_t cut = 0) {
    EventSplitter splitter;
    std::vector<std::string> result;
    for (const std::string_view piece : {text.substr(0, cut), text.substr(cut)}) {
        for (const auto& part : splitter.feed(piece)) {
            const bool event = part.kind == EventSplitter::Part::Kind::event;
            const bool aside = part.kind == EventSplitter::Part::Kind::aside;
            result.push_back((event ? "event:" : aside ? "aside:" : "piece:") + part.text);
        }
    }
    if (const std::string rest = splitter.rest(); !rest.empty()) result.push_back("rest:" + rest);
    return result;
}

TEST(EventSplitter, LinesEndInLfCrLfOrCr) {
    EXPECT_THAT(parts("data: 1\n\ndata: 2\n\n"),
                ElementsAre("event:data: 1\n\n", "event:data: 2\n\n"));
    EXPECT_THAT(parts("data: 1\r\n\r\ndata: 2\r\n\r\n"),
                ElementsAre("event:data: 1\r\n\r\n", "event:data: 2\r\n\r\n"));
    EXPECT_THAT(parts("data: 1\r\rdata: 2\r\r"),
                ElementsAre("event:data: 1\r\r", "event:data: 2\r\r"));
}

TEST(EventSplitter, AnEventHasData) {
    // The standard dispatches none without; a comment stands for nothing, even among fields.
    EXPECT_THAT(
        parts(": c\n\nid: 1\nretry: 5\n\ndata\n\n"),
        ElementsAre("aside:: c\n", "aside:\n", "aside:id: 1\nretry: 5\n\n", "event:data\n\n"));
    EXPECT_THAT(parts("event: x\n: c\ndata: 1\ndata: 2\n\n"),
                ElementsAre("event:event: x\n: c\ndata: 1\ndata: 2\n\n"));
    EXPECT_THAT(parts("database: 1\n\n"), ElementsAre("aside:database: 1\n\n"));
    EXPECT_THAT(parts("\xEF\xBB\xBF"
                      "data: 1\n\n"),
                ElementsAre("event:\xEF\xBB\xBF"
                            "data: 1\n\n"));
}

TEST(EventSplitter, WhereItCutsDoesNotHangOnHowItIsFed) {
    for (const std::string_view end : {"\n", "\r\n", "\r"}) {
        std::string text;
        for (const std::string_view line :
             {": c", "", "data: 1", "", "event: e", "data: 2", "", "id: 3", "", "data: 4"}) {
            text += std::string{line} + std::string{end};
        }
        const auto whole = parts(text);
        for (std::size_t cut = 1; cut < text.size(); ++cut) EXPECT_EQ(parts(text, cut), whole);
    }
}

TEST(EventSplitter, WhatIsTooLongIsGivenInPieces) {
    EventSplitter splitter;
    const std::string line = "data: " + std::string(3 * EventSplitter::most_kept, 'x') + "\n";
    std::size_t count = 0;
    for (const auto& part : splitter.feed(line)) {
        EXPECT_EQ(part.kind, EventSplitter::Part::Kind::piece);
        count += part.text.size();
    }
    EXPECT_EQ(count + splitter.held(), line.size());
    const auto end = splitter.feed("\n");
    ASSERT_EQ(end.size(), 1u);
    EXPECT_EQ(end[0].kind, EventSplitter::Part::Kind::event);
    EXPECT_EQ(splitter.held(), 0u);
}

}  // namespace
}  // namespace etimedout

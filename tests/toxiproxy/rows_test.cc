// Rows: what people see on a terminal, and what scripts cut.
#include "harness/toxiproxy/rows.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

const Rows two{{"NAME", "LISTEN"}, {{"a", "127.0.0.1:1"}, {"redis-é", ":2"}}, "none yet"};

TEST(Rows, ScriptsGetTabsAndNoHeaders) {
    EXPECT_EQ(shown(two, RowStyle::tabs), "a\t127.0.0.1:1\nredis-é\t:2\n");
    EXPECT_EQ(shown({{"NAME"}, {}, "none yet"}, RowStyle::tabs), "");
}

TEST(Rows, PeopleGetHeadersAndColumnsThatAlign) {
    EXPECT_EQ(shown(two, RowStyle::aligned),
              "NAME     LISTEN\n"
              "a        127.0.0.1:1\n"
              "redis-é  :2\n");
    EXPECT_EQ(shown({{"NAME"}, {}, "none yet"}, RowStyle::aligned), "none yet\n");
}

}  // namespace
}  // namespace etimedout

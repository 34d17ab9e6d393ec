// JSON as Go reads it, numbers and text as Go writes them.
#include <gtest/gtest.h>

#include "simulator/proxy/json_input.hh"
#include "simulator/proxy/proxy_model.hh"

namespace etimedout {
namespace {

TEST(JsonInput, TheFirstValueCountsAndTheRestIsNotLookedAt) {
    EXPECT_EQ(parse_json("{\"a\":1} }}} nonsense").value.at("a").as_int64(), 1);
    EXPECT_EQ(parse_json(" 12 x").value.as_int64(), 12);
    EXPECT_EQ(parse_json("12").value.as_int64(), 12);
}

TEST(JsonInput, WhatIsNoJsonSaysWhereAndWhy) {
    EXPECT_EQ(parse_json("").error, "EOF");
    EXPECT_EQ(parse_json(" \n").error, "EOF");
    EXPECT_EQ(parse_json("{\"a\":").error, "unexpected EOF");
    EXPECT_EQ(parse_json("{\"a\":x}").error, "not JSON: syntax error at byte 5");
    EXPECT_EQ(parse_json(std::string(100, '[')).error, "nested deeper than 32 levels");
}

TEST(JsonInput, PlacesAreFoundInTheText) {
    const std::string_view text = R"([ {"a\"b": [1, {"c": "x"}], "d": {}} , 5 ])";
    EXPECT_EQ(offset_of_place(text, ""), 0U);
    EXPECT_EQ(offset_of_place(text, "/0"), 2U);
    EXPECT_EQ(offset_of_place(text, "/0/d"), text.find("{}"));
    EXPECT_EQ(offset_of_place(text, "/1"), text.find("5 ]"));
    // One that is not there is looked for further out.
    EXPECT_EQ(offset_of_place(text, "/0/d/none"), text.find("{}"));
    EXPECT_EQ(offset_of_place(text, "/0/none/x"), 2U);
}

TEST(JsonInput, KeysMatchInAnyCaseAndTheLastWins) {
    const ParsedJson parsed = parse_json(R"({"RATE":1,"rate":2,"Rate":null})");
    std::int64_t rate = 0;
    JsonObject{parsed.value, ""}.read("rate", rate);
    EXPECT_EQ(rate, 2);
}

TEST(GoText, NumbersAreTheShortestThatReadBackTheSame) {
    EXPECT_EQ(go_number(0.1F + 0.2F), "0.3");
    EXPECT_EQ(go_number(1.0F), "1");
    EXPECT_EQ(go_number(-3.0F), "-3");
    EXPECT_EQ(go_number(1e-7F), "1e-7");
    EXPECT_EQ(go_number(1e21), "1e+21");
    EXPECT_EQ(go_number(1e20), "100000000000000000000");
    EXPECT_EQ(go_number(0.000001), "0.000001");
    EXPECT_EQ(go_number(1e-10), "1e-10");
}

TEST(GoText, WhatHtmlWouldReadIsEscaped) {
    std::string out;
    append_go_string(out, "<a href=\"x\">&\u2028\u2029\xff\n");
    EXPECT_EQ(out, R"("\u003ca href=\"x\"\u003e\u0026\u2028\u2029)"
                   "\xEF\xBF\xBD"
                   R"(\n")");
}

}  // namespace
}  // namespace etimedout

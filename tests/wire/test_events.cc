// The event log as text: every event keeps its meaning on the way to JSON and back.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "simulator/events/events_reference.hh"
#include "simulator/events/json_text.hh"
#include "simulator/events/jsonl.hh"

namespace etimedout {
namespace {

// Any value of any type a field may have; strings with everything that JSON has to escape.
class AnyValue {
public:
    explicit AnyValue(std::uint64_t seed) : random_{seed} {}

    void fill(std::int64_t& value) {
        value = static_cast<std::int64_t>(random_()) >> static_cast<int>(random_() % 64);
    }
    void fill(bool& value) { value = random_() % 2 == 0; }
    void fill(Duration& value) {
        std::int64_t count = 0;
        fill(count);
        value = Duration{count};
    }
    void fill(std::string& value) {
        static const std::vector<std::string> pieces = {
            "",   "a",    "\"", "\\",     "\n",     "\r\n",         "\t",
            "/",  "é",    "日", "\u2028", "😀",      {'\0'},         {'\x7f'},
            "{}", "\x01", "0",  "null",   "\u00a0", "\xEF\xBF\xBD", "</script>"};
        value.clear();
        for (auto n = random_() % 6; n > 0; --n) value += pieces[random_() % pieces.size()];
    }
    template <class T>
    void fill(std::optional<T>& value) {
        value.reset();
        if (random_() % 2 == 0) fill(value.emplace());
    }
    template <class T>
    void fill(std::vector<T>& values) {
        values.clear();
        for (auto n = random_() % 3; n > 0; --n) fill(values.emplace_back());
    }
    template <class T>
    void fill(std::map<std::string, T>& values) {
        values.clear();
        for (auto n = random_() % 3; n > 0; --n) {
            std::string name;
            fill(name);
            fill(values[name]);
        }
    }
    template <HasFields T>
    void fill(T& value) {
        for_each_field<T>([&](const auto& field) { fill(value.*field.member); });
    }

private:
    std::mt19937_64 random_;
};

template <HasFields T>
bool same(const T& a, const T& b) {
    bool equal = true;
    for_each_field<T>(
        [&](const auto& field) { equal = equal && a.*field.member == b.*field.member; });
    return equal;
}

TEST(Events, EveryEventComesBackFromItsLine) {
    // Whatever the fields hold, the line says it all, and writing again gives the same line.
    AllEvents::for_each([]<class T>(std::type_identity<T>) {
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            AnyValue any{seed};
            Event event;
            any.fill(event.t);
            any.fill(event.what.emplace<T>());
            const std::string line = to_json_line(event);
            const auto back = from_json_line(line);
            ASSERT_TRUE(back) << line << '\n' << back.error().message;
            const Event& read = back.value();
            EXPECT_EQ(read.t, event.t);
            ASSERT_TRUE(std::holds_alternative<T>(read.what)) << line;
            EXPECT_TRUE(same(std::get<T>(read.what), std::get<T>(event.what))) << line;
            EXPECT_EQ(to_json_line(read), line);
        }
    });
}

// Deterministic values, so that a golden line shows each field.
class Sample {
public:
    void fill(std::int64_t& value) { value = ++number_; }
    void fill(bool& value) { value = true; }
    void fill(Duration& value) { value = Duration{++number_ * 1000}; }
    void fill(std::string& value) { value = fmt::format("s{}", ++number_); }
    template <class T>
    void fill(std::optional<T>& value) {
        fill(value.emplace());
    }
    template <class T>
    void fill(std::vector<T>& values) {
        fill(values.emplace_back());
    }
    template <class T>
    void fill(std::map<std::string, T>& values) {
        fill(values["key"]);
    }
    template <HasFields T>
    void fill(T& value) {
        for_each_field<T>([&](const auto& field) { fill(value.*field.member); });
    }

private:
    std::int64_t number_ = 0;
};

// Compares a committed file with what the program makes. With ETIMEDOUT_UPDATE_GOLDEN=1 in the
// environment the file is written instead.
void expect_committed(const std::filesystem::path& file, const std::string& made) {
    const auto path = std::filesystem::path{ETIMEDOUT_SOURCE_DIR} / file;
    if (std::getenv("ETIMEDOUT_UPDATE_GOLDEN") != nullptr) {
        std::ofstream{path, std::ios::binary} << made;
        return;
    }
    std::ifstream in{path, std::ios::binary};
    std::ostringstream committed;
    committed << in.rdbuf();
    EXPECT_EQ(committed.str(), made)
        << file << " differs from what the declarations say; run this test again with "
        << "ETIMEDOUT_UPDATE_GOLDEN=1 and commit the file";
}

TEST(Events, TheLineOfEachKindIsAsCommitted) {
    // Logs outlive the program that wrote them, so a changed line is a changed format.
    std::string lines;
    AllEvents::for_each([&lines]<class T>(std::type_identity<T>) {
        Event event{Duration{1234}, T{}};
        lines += to_json_line(event) + '\n';
        Sample{}.fill(std::get<T>(event.what));
        lines += to_json_line(event) + '\n';
    });
    expect_committed("tests/wire/golden/events.jsonl", lines);
    EXPECT_TRUE(read_event_log(lines));
}

TEST(Events, TheReferencePageIsAsCommitted) {
    // docs/events.md is made from the declarations and nothing else.
    expect_committed("docs/events.md", event_reference());
}

TEST(Events, FieldNamesNeedNoEscaping) {
    // The writer puts names between quotes as they are.
    AllEvents::for_each([]<class T>(std::type_identity<T>) {
        for_each_field<T>([](const auto& field) {
            EXPECT_EQ(field.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
                      std::string_view::npos)
                << field.name;
            EXPECT_NE(field.name, "t");
            EXPECT_NE(field.name, "event");
            EXPECT_FALSE(field.doc.empty()) << T::kind << '.' << field.name;
        });
    });
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonText, BytesThatAreNotUtf8BecomeReplacementCharacters) {
    // One replacement per maximal ill-formed piece, as table 3-8 of Unicode 15 has it.
    const std::string r = "\xEF\xBF\xBD";
    EXPECT_EQ(json_string("a\xFFz"), "\"a" + r + "z\"");
    EXPECT_EQ(json_string("\xC3"), '"' + r + '"');                          // cut
    EXPECT_EQ(json_string("\xC0\xAF"), '"' + r + r + '"');                  // overlong
    EXPECT_EQ(json_string("\xED\xA0\x80"), '"' + r + r + r + '"');          // surrogate
    EXPECT_EQ(json_string("\xF4\x90\x80\x80"), '"' + r + r + r + r + '"');  // above U+10FFFF
    EXPECT_EQ(json_string("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), '"' + r + r + r + r + "A\"");
    EXPECT_EQ(json_string("\xF0\x9F\x98\x80"), "\"\xF0\x9F\x98\x80\"");
}

TEST(JsonText, ControlCharactersAndQuotesAreEscaped) {
    // RFC 8259 section 7; DEL too, so that no terminal sees it.
    EXPECT_EQ(json_string(std::string{"\0\x1f\x7f", 3}), R"("\u0000\u001f\u007f")");
    EXPECT_EQ(json_string("\"\\\b\f\n\r\t/"), R"("\"\\\b\f\n\r\t/")");
}

std::string message_of(std::string_view line) {
    const auto event = from_json_line(line);
    return event ? "read" : event.error().message + " / " + event.error().advice;
}

TEST(Events, WhatIsWrongWithALineIsSaid) {
    // A log may be cut or edited; the message names the field and what it must be.
    EXPECT_EQ(message_of(R"({"t":0,"event":"step_begni"})"),
              "there is no event `step_begni` / did you mean `step_begin`?");
    EXPECT_EQ(message_of(R"({"t":0,"event":"step_end"})"),
              "step_end: `step` is missing / see docs/events.md for the fields of this event");
    EXPECT_EQ(message_of(R"({"t":0,"event":"step_end","step":"1"})"),
              "step_end: `step` must be a whole number, not text / "
              "see docs/events.md for the fields of this event");
    EXPECT_EQ(message_of(R"({"t":0,"event":"step_end","step":1.5})"),
              "step_end: `step` must be a whole number, not a fraction / "
              "see docs/events.md for the fields of this event");
    EXPECT_EQ(message_of(R"({"t":0,"event":"step_end","step":18446744073709551615})"),
              "step_end: `step` is above the largest whole number, 2^63 - 1 / "
              "see docs/events.md for the fields of this event");
    EXPECT_EQ(message_of(R"({"t":0,"event":"counters","node":"n","values":{"a":true}})"),
              "counters: `values` `a`: must be a whole number, not true or false / "
              "see docs/events.md for the fields of this event");
    EXPECT_EQ(message_of(R"({"event":"step_end","step":1})"),
              "`t` is missing / each line needs a time in nanoseconds");
    EXPECT_EQ(message_of("[]"),
              "must be an object, not a list / each line of an event log is one object");
    EXPECT_TRUE(message_of(R"({"t":0,"event":"st)").starts_with("not JSON: "));
}

TEST(Events, UnknownFieldsAreIgnored) {
    // Newer programs may add fields without a new version.
    const auto event =
        from_json_line(R"({"t":5,"event":"step_end","step":2,"new":[1,{"a":null}]})");
    ASSERT_TRUE(event);
    EXPECT_EQ(to_json_line(*event), R"({"t":5,"event":"step_end","step":2})");
}

TEST(Events, ALogComesBackAndErrorsNameTheLine) {
    // Blank lines and a missing last end of line are no reason to refuse a log.
    const std::string text =
        "{\"t\":0,\"event\":\"step_begin\",\"step\":1,\"what\":\"call\"}\n"
        "{\"t\":9,\"event\":\"step_end\",\"step\":1}\n";
    const auto log = read_event_log(fmt::format("\n{}", text.substr(0, text.size() - 1)));
    ASSERT_TRUE(log);
    EXPECT_EQ(write_event_log(*log), text);
    EXPECT_EQ(read_event_log(text + "{}").error().message, "event log, line 3: `t` is missing");
    EXPECT_EQ(read_event_log(R"({"t":0,"event":"log_begin","version":2,"scenario":"x","seed":"1",)"
                             R"("clock":"virtual","start":""})")
                  .error()
                  .message,
              "event log, line 1: written in version 2 of the format, and this program reads "
              "versions up to 1");
}

}  // namespace
}  // namespace etimedout

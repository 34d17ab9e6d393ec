// Wall-clock time as RFC 3339 text.
#include "simulator/base/timestamp.hh"

#include <charconv>

#include <fmt/format.h>

namespace etimedout {

namespace {

// A number of exactly `width` digits at the front of `text`, which loses them; -1 if there is none.
int take_number(std::string_view& text, std::size_t width) {
    if (text.size() < width) return -1;
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + width, value);
    if (read.ec != std::errc{} || read.ptr != text.data() + width) return -1;
    text.remove_prefix(width);
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

// ".5" is 500,000,000 ns; no fraction is 0; -1 for what is no fraction.
std::int64_t take_fraction(std::string_view& text) {
    if (!take(text, '.')) return 0;
    std::int64_t value = 0;
    std::int64_t scale = nanoseconds_per_second;
    if (text.empty() || text.front() < '0' || text.front() > '9') return -1;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        scale /= 10;
        if (scale == 0) return -1;
        value += (text.front() - '0') * scale;
        text.remove_prefix(1);
    }
    return value;
}

}  // namespace

Result<std::chrono::sys_time<std::chrono::nanoseconds>> read_timestamp(std::string_view text) {
    using namespace std::chrono;
    Problem problem{fmt::format("`{}` is not a point in time", text),
                    "write it in UTC, like 2026-01-01T00:00:00Z"};
    std::string_view rest = text;
    const int y = take_number(rest, 4);
    if (y < 1970 || y > 2200 || !take(rest, '-')) return problem;
    const int mo = take_number(rest, 2);
    if (!take(rest, '-')) return problem;
    const int d = take_number(rest, 2);
    if (!take(rest, 'T')) return problem;
    const int h = take_number(rest, 2);
    if (!take(rest, ':')) return problem;
    const int mi = take_number(rest, 2);
    if (!take(rest, ':')) return problem;
    const int s = take_number(rest, 2);
    const std::int64_t fraction = take_fraction(rest);
    if (fraction < 0 || rest != "Z" || mo < 1 || d < 1) return problem;
    const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                              day{static_cast<unsigned>(d)}};
    if (!date.ok() || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59) return problem;
    return sys_time<nanoseconds>{sys_days{date}.time_since_epoch() + hours{h} + minutes{mi} +
                                 seconds{s} + nanoseconds{fraction}};
}

std::chrono::system_clock::time_point parse_timestamp(std::string_view text) {
    return std::chrono::time_point_cast<std::chrono::system_clock::duration>(
        read_timestamp(text).value());
}

std::string write_timestamp(std::int64_t nanoseconds_since_1970) {
    using namespace std::chrono;
    const auto point = sys_time<nanoseconds>{nanoseconds{nanoseconds_since_1970}};
    const auto whole = floor<seconds>(point);
    const year_month_day date{floor<days>(whole)};
    const hh_mm_ss time{whole - floor<days>(whole)};
    std::string text =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    time.hours().count(), time.minutes().count(), time.seconds().count());
    const auto fraction = (point - whole).count();
    if (fraction != 0) text += fmt::format(".{:09}", fraction);
    return text + "Z";
}

}  // namespace etimedout

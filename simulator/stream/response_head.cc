// The head of an answer that is made here, and what follows from it for its body.
#include "simulator/stream/response_head.hh"

#include <array>
#include <ctime>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/beast/http/status.hpp>

namespace etimedout {

namespace {

std::string reason_of(std::int64_t status) {
    if (status == 529) return "Overloaded";
    const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
    if (known == boost::beast::http::status::unknown) return "Unknown";
    const auto text = boost::beast::http::obsolete_reason(known);
    return {text.data(), text.size()};
}

bool has_no_body(std::int64_t status) { return status < 200 || status == 204 || status == 304; }

// The head's fields: our own first, in their order, the scenario's over them.
class Fields {
public:
    void set(std::string_view name, std::string value) {
        for (auto& field : fields_) {
            if (same_name(field.first, name)) {
                field.second = std::move(value);
                return;
            }
        }
        fields_.emplace_back(name, std::move(value));
    }
    // Empty when there is none.
    std::string_view get(std::string_view name) const {
        for (const auto& field : fields_) {
            if (same_name(field.first, name)) return field.second;
        }
        return {};
    }
    std::string text() const {
        std::string result;
        for (const auto& [name, value] : fields_) {
            if (!value.empty()) result += fmt::format("{}: {}\r\n", name, value);
        }
        return result;
    }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace

RenderedHead render_head(const ResponseOutline& answer, const RequestHead& request,
                         std::optional<std::int64_t> wall_clock) {
    const bool chunked = answer.wants_chunks && request.version >= 11;
    Fields fields;
    fields.set("Server", "etimedout");
    if (wall_clock) fields.set("Date", http_date(*wall_clock));
    if (!has_no_body(answer.status)) {
        fields.set("Content-Type", "text/plain");
        if (chunked) {
            fields.set("Transfer-Encoding", "chunked");
        } else if (!answer.wants_chunks) {
            fields.set("Content-Length", fmt::format("{}", answer.body_size));
        }
    }
    for (const auto& [name, value] : answer.headers) fields.set(name, value);

    RenderedHead head;
    if (has_no_body(answer.status) || request.method == "HEAD") {
        head.framing = Framing::none;
    } else if (chunked) {
        head.framing = Framing::chunked;
    } else if (fields.get("Content-Length").empty()) {
        head.framing = Framing::until_close;
    }
    head.keep_alive = request.keep_alive && head.framing != Framing::until_close &&
                      !same_name(fields.get("Connection"), "close");
    if (!head.keep_alive && fields.get("Connection").empty()) {
        fields.set("Connection", "close");
    } else if (head.keep_alive && request.version == 10) {
        fields.set("Connection", "keep-alive");
    }
    head.text = fmt::format("HTTP/1.1 {} {}\r\n{}\r\n", answer.status, reason_of(answer.status),
                            fields.text());
    return head;
}

std::string chunk_header(std::int64_t count) { return fmt::format("{:x}\r\n", count); }

std::string default_body(std::int64_t status) {
    return fmt::format("{} {}\n", status, reason_of(status));
}

std::string http_date(std::int64_t nanoseconds_since_1970) {
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = nanoseconds_since_1970 / 1'000'000'000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                       days.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                       months.at(static_cast<std::size_t>(utc.tm_mon)), 1900 + utc.tm_year,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace etimedout

// ResponseReader: one HTTP/1 response out of a stream of bytes, told apart into head, body,
// framing.
#include "simulator/stream/response_reader.hh"

#include <algorithm>
#include <string>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace etimedout {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

namespace {

// Without parameters: "text/event-stream; charset=utf-8".
bool is_event_stream(string_view type) {
    const auto end = type.find_first_of("; \t");
    return boost::beast::iequals(type.substr(0, end), "text/event-stream");
}

}  // namespace

// Beast's parser takes one step for each put(): the head, a part of the body, or what frames it.
class ResponseReader::Parser final : public http::basic_parser<false> {
public:
    explicit Parser(std::string_view request_method) : answers_head_{request_method == "HEAD"} {
        header_limit(longest_head);
        body_limit(boost::none);
        skip(answers_head_);
    }
    ResponseFacts facts{};
    error_code failure{};
    std::size_t body = 0;  // of the last step

private:
    void on_request_impl(http::verb /*method*/, string_view /*text*/, string_view /*target*/,
                         int /*version*/, error_code& ec) override {
        ec = {};
    }
    void on_response_impl(int status, string_view /*reason*/, int /*version*/,
                          error_code& ec) override {
        ec = {};
        facts.status = status;
    }
    void on_field_impl(http::field name, string_view /*text*/, string_view value,
                       error_code& ec) override {
        ec = {};
        if (is_header_done()) return;  // a trailer
        if (name == http::field::content_type) has_events_ = is_event_stream(value);
        if (name == http::field::content_encoding) {
            is_coded_ = !boost::beast::iequals(value, "identity");
        }
    }
    void on_header_impl(error_code& ec) override {
        ec = {};
        const bool empty = answers_head_ || facts.status < 200 || facts.status == 204 ||
                           facts.status == 304 || content_length() == std::uint64_t{0};
        if (content_length()) facts.length = *content_length();
        if (!empty) {
            facts.framing = chunked()          ? Framing::chunked
                            : content_length() ? Framing::length
                                               : Framing::until_close;
        }
        facts.is_event_stream = has_events_ && !is_coded_ && !empty;
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           error_code& ec) override {
        ec = {};
    }
    std::size_t on_body_impl(string_view part, error_code& ec) override {
        ec = {};
        body += part.size();
        return part.size();
    }
    void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/,
                              error_code& ec) override {
        ec = {};
    }
    std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, string_view part,
                                   error_code& ec) override {
        ec = {};
        body += part.size();
        return part.size();
    }
    void on_finish_impl(error_code& ec) override { ec = {}; }

    bool answers_head_;
    bool has_events_ = false;
    bool is_coded_ = false;
};

ResponseReader::ResponseReader(std::string_view request_method)
    : parser_{std::make_unique<Parser>(request_method)} {}
ResponseReader::~ResponseReader() = default;

ResponseReader::Step ResponseReader::feed(std::string_view data) {
    if (data.empty() || state() == State::complete || state() == State::malformed) return {};
    error_code ec;
    parser_->body = 0;
    const std::size_t taken = parser_->put(boost::asio::buffer(data.data(), data.size()), ec);
    if (ec && ec != http::error::need_more) parser_->failure = ec;
    return {taken, std::min(parser_->body, taken)};
}

ResponseReader::State ResponseReader::state() const {
    if (parser_->failure) return State::malformed;
    if (parser_->is_done()) return State::complete;
    return parser_->is_header_done() ? State::body : State::head;
}

const ResponseFacts& ResponseReader::facts() const { return parser_->facts; }

}  // namespace etimedout

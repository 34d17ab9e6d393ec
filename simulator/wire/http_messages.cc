// HTTP/1.1 messages in the two streams of a TCP connection, with the times of their bytes.
#include "simulator/wire/http_messages.hh"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/verb.hpp>

#include "simulator/wire/event_stream.hh"
#include "simulator/wire/request_fingerprint.hh"

namespace etimedout {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

constexpr std::uint32_t longest_header = 256 * 1024;
constexpr std::string_view trace_header = "X-Etimedout-Call";

std::string to_string(string_view text) { return {text.data(), text.size()}; }
std::string_view as_view(string_view text) { return {text.data(), text.size()}; }

bool is_called(string_view name, std::string_view wanted) {
    return boost::beast::iequals(name, {wanted.data(), wanted.size()});
}

}  // namespace

// The parts of a conversation.
namespace http_reading {

// Beast's parser, which writes what it finds into a fact and keeps no body.
template <bool is_request>
class Parser final : public http::basic_parser<is_request> {
public:
    explicit Parser(HttpFact& fact) : fact_{fact} {
        this->eager(true);
        this->header_limit(longest_header);
        this->body_limit(boost::none);
    }

    bool start_line_done() const { return start_line_done_; }

    // When the bytes that come next were seen.
    void set_time(Duration now) { now_ = now; }
    // The message is over; `end` when its end was seen.
    void conclude(std::optional<Duration> end) {
        if (is_request) fact_.fingerprint = fingerprint_.text();
        if (!watch_) return;
        if (end) watch_->end(*end);
        fact_.stream = watch_->seen();
    }

private:
    void on_request_impl(http::verb, string_view method, string_view target, int,
                         error_code&) override {
        start_line_done_ = true;
        fact_.method = to_string(method);
        fact_.path = to_string(target);
    }
    void on_response_impl(int code, string_view, int, error_code&) override {
        start_line_done_ = true;
        fact_.status = code;
    }
    void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
        if (is_request) {
            fingerprint_.add(as_view(name), as_view(value));
            if (is_called(name, trace_header)) fact_.call = to_string(value);
            if (is_called(name, "Idempotency-Key")) keep(name, value);
            return;
        }
        if (is_called(name, "Content-Type")) content_type_ = to_string(value);
        if (is_called(name, "Retry-After") || is_called(name, "Retry-After-Ms")) keep(name, value);
    }
    void on_header_impl(error_code&) override {
        if (is_request) return;
        StreamWatch watch{now_, content_type_};
        const bool has_length = !this->chunked() && !this->need_eof();
        if (!has_length || (watch.is_event_stream() && !this->is_done())) {
            watch_ = std::move(watch);
        }
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override { return count(body); }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        return count(body);
    }
    void on_finish_impl(error_code&) override {}

    std::size_t count(string_view body) {
        fact_.body_bytes += static_cast<std::int64_t>(body.size());
        if (watch_) watch_->add(as_view(body), now_);
        return body.size();
    }
    void keep(string_view name, string_view value) {
        fact_.headers[lower_case_name(as_view(name))] = to_string(value);
    }

    HttpFact& fact_;
    bool start_line_done_ = false;
    Duration now_{};
    RequestFingerprint fingerprint_{};
    std::string content_type_{};
    std::optional<StreamWatch> watch_{};
};

// What the parser of one direction asks of the conversation.
class Partner {
public:
    virtual ~Partner() = default;
    // The method that the next response answers; empty when unknown.
    virtual std::string awaited_method() const = 0;
    // A request's header is there, or will never be; the response may come before its body has.
    // The request's number.
    virtual std::int64_t on_request(const HttpFact& fact) = 0;
    virtual void on_message(HttpFact fact) = 0;
};

// The messages of one direction, one after the other.
template <bool is_request>
class Direction {
public:
    explicit Direction(Partner& partner) : partner_{partner} {}

    void add(ByteView bytes, Moment when) {
        if (dead_) return;
        std::string joined;
        std::string_view input = as_text(bytes);
        if (!pending_.empty()) {
            joined = std::exchange(pending_, {});
            joined += input;
            input = joined;
        }
        while (!dead_ && !input.empty()) {
            if (!parser_ && !begin(input, when)) continue;
            if (!advance(input, when)) break;
        }
    }

    // The other side has sent all it will: a body without a length is complete.
    void end(Duration t) {
        if (parser_ && parser_->is_header_done()) {
            error_code error;
            parser_->put_eof(error);
            finish(!error, t);
        }
        cut();
    }

    // Nothing of what may follow can be read.
    void cut() {
        if (parser_ && is_http()) {
            finish(false, std::nullopt);
        }
        parser_.reset();
        dead_ = true;
    }

private:
    // Whether a message has begun; false when only blank lines were skipped (RFC 9112 section 2.2).
    bool begin(std::string_view& input, Moment when) {
        if (is_request) {
            input.remove_prefix(std::min(input.find_first_not_of("\r\n"), input.size()));
            if (input.empty()) return false;
        }
        fact_ = HttpFact{};
        fact_.began = when;
        fact_.ended = when.t;
        fact_.from = is_request ? Side::client : Side::server;
        method_ = is_request ? std::string{} : partner_.awaited_method();
        parser_.emplace(fact_);
        if (method_ == "HEAD") parser_->skip(true);
        return true;
    }

    // Whether there may be more to do with what is left of the input.
    bool advance(std::string_view& input, Moment when) {
        error_code error;
        parser_->set_time(when.t);
        const std::size_t used =
            parser_->put(boost::asio::const_buffer{input.data(), input.size()}, error);
        input.remove_prefix(used);
        fact_.ended = std::max(fact_.ended, when.t);  // a hole may be filled after what follows it
        if (error && error != http::error::need_more) {
            broken_ = true;
            cut();
            return false;
        }
        if (parser_->is_header_done()) announce();
        const bool tunnel = parser_->is_header_done() && is_tunnel();
        if (parser_->is_done() || tunnel) {
            finish(true, when.t);
            if (tunnel) dead_ = true;
            return true;
        }
        if (used > 0 && !input.empty()) return true;
        pending_ = input;
        if (pending_.size() > longest_header) cut();
        return false;
    }

    // RFC 9110 sections 9.3.6 and 15.2.2.
    bool is_tunnel() const {
        if (is_request) return false;
        return fact_.status == 101 || (method_ == "CONNECT" && fact_.status / 100 == 2);
    }

    // Whether what was seen of a message that is not complete is enough to call it one.
    bool is_http() const {
        if (parser_->start_line_done()) return true;
        if (broken_) return false;
        const std::string_view seen = pending_;
        if (!is_request) return seen.starts_with("HTTP/1.");
        const auto method = seen.substr(0, seen.find(' '));
        return method.size() < seen.size() &&
               http::string_to_verb({method.data(), method.size()}) != http::verb::unknown;
    }

    void announce() {
        if (is_request && fact_.number == 0) fact_.number = partner_.on_request(fact_);
    }

    void finish(bool complete, std::optional<Duration> end) {
        fact_.complete = complete;
        parser_->conclude(end);
        if (is_request && fact_.method.empty()) {
            fact_.method = pending_.substr(0, pending_.find(' '));
        }
        announce();
        parser_.reset();
        partner_.on_message(std::move(fact_));
    }

    Partner& partner_;
    HttpFact fact_{};
    std::string method_{};  // that a response answers
    std::optional<Parser<is_request>> parser_{};
    std::string pending_{};  // of the current message, too short for the parser to go on
    bool dead_ = false;
    bool broken_ = false;
};

}  // namespace http_reading

struct HttpConversation::State final : http_reading::Partner {
    http_reading::Direction<true> requests{*this};
    http_reading::Direction<false> responses{*this};
    std::vector<HttpFact> facts{};
    // Of each request, in order: what its response needs.
    struct Asked {
        std::string method;
        std::string call;
    };
    std::vector<Asked> asked{};
    std::size_t answered = 0;

    std::string awaited_method() const override {
        return answered < asked.size() ? asked[answered].method : std::string{};
    }

    std::int64_t on_request(const HttpFact& fact) override {
        asked.push_back({fact.method, fact.call});
        return static_cast<std::int64_t>(asked.size());
    }

    void on_message(HttpFact fact) override {
        if (fact.from == Side::server) {
            if (fact.status / 100 == 1 && fact.status != 101) return;
            if (answered < asked.size()) fact.call = asked[answered].call;
            ++answered;
            fact.number = static_cast<std::int64_t>(answered);
        }
        facts.push_back(std::move(fact));
    }
};

HttpConversation::HttpConversation() : state_{std::make_unique<State>()} {}
HttpConversation::HttpConversation(HttpConversation&&) noexcept = default;
HttpConversation& HttpConversation::operator=(HttpConversation&&) noexcept = default;
HttpConversation::~HttpConversation() = default;

void HttpConversation::add(Side from, const StreamPiece& piece) {
    const auto apply = [&piece](auto& direction) {
        switch (piece.kind) {
            case StreamPiece::Kind::bytes:
                direction.add(piece.bytes, {piece.t, piece.packet});
                break;
            case StreamPiece::Kind::hole:
                direction.cut();
                break;
            case StreamPiece::Kind::end:
                direction.end(piece.t);
                break;
        }
    };
    if (from == Side::client) {
        apply(state_->requests);
    } else {
        apply(state_->responses);
    }
}

std::vector<HttpFact> HttpConversation::finish() {
    state_->requests.cut();
    state_->responses.cut();
    std::stable_sort(
        state_->facts.begin(), state_->facts.end(), [](const HttpFact& a, const HttpFact& b) {
            return std::pair{a.began.t, a.began.packet} < std::pair{b.began.t, b.began.packet};
        });
    return std::move(state_->facts);
}

}  // namespace etimedout

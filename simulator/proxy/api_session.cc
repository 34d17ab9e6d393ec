// One client's connection to the HTTP API: requests in order, each answered.
#include "simulator/proxy/api_session.hh"

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include <sys/random.h>
#include <unistd.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "simulator/stream/serving.hh"

namespace etimedout {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// How long to read on after an answer that came before the body's end, so that it arrives.
constexpr Duration drain_limit = 5s;
constexpr std::uint32_t largest_header = 64U << 10U;

using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;

// The kernel's, which in a world follow from the seed; std::random_device asks the processor.
std::uint32_t random_number() {
    std::uint32_t number = 0;
    [[maybe_unused]] const ssize_t size = ::getrandom(&number, sizeof number, 0);
    return number;
}

// As github.com/rs/xid: seconds, machine, process and counter, in base 32.
std::string request_id() {
    static std::atomic<std::uint32_t> counter{random_number()};
    static const std::uint32_t machine = random_number();
    const auto seconds = static_cast<std::uint32_t>(std::time(nullptr));
    const auto process = static_cast<std::uint32_t>(::getpid());
    const std::uint32_t number = ++counter;
    std::array<std::uint8_t, 13> raw{};
    const auto put = [&](std::size_t at, std::uint32_t value, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            raw[at + i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
        }
    };
    put(0, seconds, 4);
    put(4, machine, 3);
    put(7, process, 2);
    put(9, number, 3);
    std::string text;
    for (std::size_t bit = 0; bit < 100; bit += 5) {
        const unsigned pair = (unsigned{raw[bit / 8]} << 8U) | raw[bit / 8 + 1];
        text += "0123456789abcdefghijklmnopqrstuv"[(pair >> (11 - bit % 8)) & 31U];
    }
    return text;
}

std::string date_text() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 40> text{};
    const std::size_t size =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

ApiAnswer too_late() {
    ApiAnswer result;
    result.status = 503;
    result.content_type = "text/html; charset=utf-8";
    result.body = "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>";
    result.matched = true;
    return result;
}

// What a request that cannot be read is told.
ApiAnswer unreadable(const error_code& error) {
    if (error == http::error::body_limit) {
        return error_answer(413, "bad request body: larger than 1048576 bytes");
    }
    if (error == http::error::header_limit) {
        return text_answer(431, "431 Request Header Fields Too Large");
    }
    return text_answer(400, "400 Bad Request");
}

bool is_malformed(const error_code& error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

ApiRequest request_of(Parser& parser) {
    auto& message = parser.get();
    ApiRequest request;
    request.method = std::string{message.method_string()};
    request.target = std::string{message.target()};
    request.host = std::string{message[http::field::host]};
    request.user_agent = std::string{message[http::field::user_agent]};
    request.origin = std::string{message[http::field::origin]};
    request.body = std::move(message.body());
    return request;
}

// An answer in the making on another thread. Whoever waits does so on `done`, which is cancelled.
struct Pending {
    Pending(const asio::any_io_executor& executor, ApiRequest what, Duration limit)
        : request{std::move(what)}, done{executor, limit} {}
    ApiRequest request;
    asio::steady_timer done;
    std::optional<ApiAnswer> answer{};
};

struct Deliver {
    std::shared_ptr<Pending> pending;
    ApiAnswer answer;
    void operator()() {
        pending->answer = std::move(answer);
        pending->done.cancel();
    }
};

struct Work {
    ApiContext* context;
    std::shared_ptr<Pending> pending;
    asio::any_io_executor home;
    void operator()() {
        ApiAnswer result = answer(pending->request, *context->proxies, context->policy);
        asio::post(home, Deliver{std::move(pending), std::move(result)});
    }
};

class ApiSession {
public:
    ApiSession(ApiContext* context, tcp::socket socket)
        : context_{context}, stream_{std::move(socket)} {}
    ~ApiSession() { set_busy(false); }
    ApiSession(const ApiSession&) = delete;
    ApiSession& operator=(const ApiSession&) = delete;

    awaitable<void> run();

private:
    awaitable<bool> first_byte(Duration limit);
    awaitable<bool> request();
    awaitable<error_code> read();
    awaitable<ApiAnswer> make_answer(ApiRequest what);
    awaitable<bool> send(ApiAnswer what, bool keep_alive);
    awaitable<void> drain();
    Response response_of(ApiAnswer what, bool keep_alive) const;

    void set_busy(bool busy) {
        if (busy == busy_) return;
        busy_ = busy;
        context_->busy += busy ? 1 : -1;
        if (!busy && context_->stopping && context_->busy == 0) context_->when_idle();
    }

    ApiContext* context_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    bool busy_ = false;
};

awaitable<void> ApiSession::run() {
    Duration limit = context_->limits.read;
    while (!context_->stopping) {
        const bool there = co_await first_byte(limit);
        if (!there) co_return;
        const bool more = co_await request();
        if (!more) co_return;
        limit = context_->limits.idle;
    }
}

awaitable<bool> ApiSession::first_byte(Duration limit) {
    if (buffer_.size() > 0) co_return true;
    constexpr std::size_t block = 1024;
    stream_.expires_after(limit);
    const auto space = buffer_.prepare(block);
    const auto [error, count] = co_await stream_.async_read_some(space, as_values);
    buffer_.commit(count);
    co_return !error;
}

awaitable<error_code> ApiSession::read() {
    parser_.emplace();
    parser_->header_limit(largest_header);
    parser_->body_limit(largest_api_body);
    stream_.expires_after(context_->limits.read);
    const auto [header_error, header_size] =
        co_await http::async_read_header(stream_, buffer_, *parser_, as_values);
    if (header_error) co_return header_error;
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
        const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const asio::const_buffer bytes{go_on.data(), go_on.size()};
        const auto [error, count] = co_await asio::async_write(stream_, bytes, as_values);
        if (error) co_return error;
    }
    const auto [body_error, body_size] =
        co_await http::async_read(stream_, buffer_, *parser_, as_values);
    co_return body_error;
}

// False when the connection is over.
awaitable<bool> ApiSession::request() {
    const error_code error = co_await read();
    if (error) {
        if (is_malformed(error)) {
            ApiAnswer complaint = unreadable(error);
            const bool keep_alive = false;
            const bool sent = co_await send(std::move(complaint), keep_alive);
            if (sent) co_await drain();
        }
        co_return false;
    }
    set_busy(true);
    const auto& message = parser_->get();
    const bool lacks_host =
        message.version() >= 11 && message.find(http::field::host) == message.end();
    const bool keep_alive = message.keep_alive() && !lacks_host && !context_->stopping;
    ApiAnswer result;
    if (lacks_host) {
        result = text_answer(400, "400 Bad Request: missing required Host header");
    } else {
        ApiRequest what = request_of(*parser_);
        result = co_await make_answer(std::move(what));
    }
    if (parser_->get().method() == http::verb::head) result.body.clear();
    const bool sent = co_await send(std::move(result), keep_alive);
    set_busy(false);
    co_return sent&& keep_alive;
}

// On this thread, unless a name may have to be resolved.
awaitable<ApiAnswer> ApiSession::make_answer(ApiRequest what) {
    if (!may_wait(what)) co_return answer(what, *context_->proxies, context_->policy);
    const auto executor = stream_.get_executor();
    const auto pending =
        std::make_shared<Pending>(executor, std::move(what), context_->limits.answer);
    asio::post(*context_->pool, Work{context_, pending, executor});
    co_await pending->done.async_wait(as_values);
    if (!pending->answer) co_return too_late();
    ApiAnswer result = std::move(*pending->answer);
    co_return result;
}

Response ApiSession::response_of(ApiAnswer what, bool keep_alive) const {
    constexpr unsigned http_1_1 = 11;
    Response response{static_cast<http::status>(what.status), http_1_1};
    response.set(http::field::date, date_text());
    if (!what.content_type.empty()) response.set(http::field::content_type, what.content_type);
    if (!what.location.empty()) response.set(http::field::location, what.location);
    if (what.no_sniff) response.set("X-Content-Type-Options", "nosniff");
    const std::string id = request_id();
    if (what.matched) response.set("X-Toxiproxy-Request-Id", id);
    if (parser_ && context_->log->wants(LogLevel::debug)) {
        const std::string method{parser_->get().method_string()};
        const std::string target{parser_->get().target()};
        context_->log->write(LogLevel::debug, "API call",
                             {{"request_id", id},
                              {"method", method},
                              {"url", target},
                              {"status", std::int64_t{what.status}}});
    }
    response.keep_alive(keep_alive);
    response.body() = std::move(what.body);
    response.prepare_payload();
    return response;
}

awaitable<bool> ApiSession::send(ApiAnswer what, bool keep_alive) {
    Response response = response_of(std::move(what), keep_alive);
    stream_.expires_after(context_->limits.write);
    const auto [error, count] = co_await http::async_write(stream_, response, as_values);
    co_return !error;
}

// Closing with bytes unread would reset the connection, and the answer might be lost.
awaitable<void> ApiSession::drain() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(drain_limit);
    buffer_.clear();
    constexpr std::size_t block = 64U << 10U;
    while (true) {
        const auto space = buffer_.prepare(block);
        const auto [error, count] = co_await stream_.async_read_some(space, as_values);
        if (error) co_return;
    }
}

awaitable<void> run_api_session(ApiContext* context, tcp::socket socket) {
    ApiSession session{context, std::move(socket)};
    co_await session.run();
}

}  // namespace

awaitable<void> serve_api(ApiContext* context, tcp::socket socket) {
    return run_api_session(context, std::move(socket));
}

}  // namespace etimedout

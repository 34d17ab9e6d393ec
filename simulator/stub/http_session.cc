// Serves HTTP/1 on one connection: requests in order, each answered, or mistreated, as decided.
#include <algorithm>
#include <optional>
#include <utility>

#include "simulator/stub/answer.hh"
#include "simulator/stub/llm.hh"
#include "simulator/stub/upstream.hh"
#include "simulator/stub/wire.hh"

namespace etimedout {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

namespace {

// What has become of the connection.
enum class AfterRequest { another_request, over };

class HttpSession {
public:
    HttpSession(Upstream* upstream, tcp::socket socket)
        : upstream_{upstream}, wire_{std::move(socket)} {}
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    awaitable<void> run();

private:
    awaitable<AfterRequest> request();
    awaitable<bool> read_until(RequestReader::State wanted);
    awaitable<AfterRequest> act();
    awaitable<AfterRequest> expectation(const StubRoute* route);
    awaitable<AfterRequest> work(const StubRoute* route);
    awaitable<AfterRequest> answer(Answer what);
    awaitable<bool> body(Answer what, RenderedHead head);
    awaitable<AfterRequest> converse();
    awaitable<AfterRequest> say_at_once(LlmAnswer what);
    awaitable<AfterRequest> say_in_pieces(LlmAnswer what);
    awaitable<bool> pieces(LlmAnswer what, RenderedHead head);
    awaitable<bool> keep_quiet(Duration wait, std::string comment);
    awaitable<AfterRequest> break_off(LlmEnd how, std::string comment);
    awaitable<AfterRequest> end(StubEnd how);
    awaitable<AfterRequest> end(StubClose how);

    const StubRoute* turn_of(const StubRoute& route);
    bool is_last() const;

    Upstream* upstream_;
    OpenConnection open_{upstream_};
    Wire wire_;
    RequestReader reader_;
    std::int64_t count_ = 0;  // requests that have begun on this connection
    // A request that is swallowed leaves a gap which no later answer may fill, since a client
    // takes answers in order.
    bool muted_ = false;
};

awaitable<void> HttpSession::run() {
    if (upstream_->tls) {
        const StubTls how = *upstream_->spec.tls;
        const bool secure = co_await wire_.secure(upstream_->tls.get(), how);
        if (!secure) co_return;
    }
    while (true) {
        if (wire_.received().empty()) {
            std::optional<Duration> idle = upstream_->spec.keep_alive.idle;
            if (muted_) idle.reset();
            const Wire::Arrival arrival = co_await wire_.receive_within(idle);
            if (arrival == Wire::Arrival::nothing_more) co_return;
            if (arrival == Wire::Arrival::too_late) {
                const StubClose how = upstream_->spec.keep_alive.end;
                co_await end(how);
                co_return;
            }
        }
        const AfterRequest next = co_await request();
        if (next == AfterRequest::over) co_return;
    }
}

awaitable<AfterRequest> HttpSession::request() {
    reader_ = RequestReader{};
    if (upstream_->spec.kind == StubKind::llm) reader_.keep_body(longest_prompt);
    ++count_;
    const bool has_head = co_await read_until(RequestReader::State::body);
    if (!has_head) co_return AfterRequest::over;
    if (reader_.state() == RequestReader::State::malformed) {
        Answer complaint = last_answer(400, reader_.complaint() + "\n");
        complaint.ending.end = StubEnd::close;
        const AfterRequest next = co_await answer(std::move(complaint));
        co_return next;
    }
    const AfterRequest next = co_await act();
    co_return next;
}

// Reads until the request has come so far, or is malformed; false when the client has gone.
awaitable<bool> HttpSession::read_until(RequestReader::State wanted) {
    while (true) {
        while (!wire_.received().empty() && reader_.state() < wanted) {
            const std::size_t taken = reader_.feed(wire_.received());
            if (taken == 0) break;
            wire_.take(taken);
        }
        if (reader_.state() >= wanted) co_return true;
        const bool more = co_await wire_.receive();
        if (!more) co_return false;
    }
}

// Each of a sequence of answers is for one request.
const StubRoute* HttpSession::turn_of(const StubRoute& route) {
    const std::size_t turn = upstream_->turns[&route]++;
    return turn < route.earlier.size() ? &route.earlier[turn] : &route;
}

// Whether the answer to this request is the connection's last.
bool HttpSession::is_last() const {
    const std::optional<std::int64_t> most = upstream_->spec.keep_alive.requests;
    return most && count_ >= *most;
}

// Does what its route says for the request whose head is there.
awaitable<AfterRequest> HttpSession::act() {
    const StubRoute* route = turn_of(route_for(upstream_->spec, reader_.head()));
    const bool unread = reader_.state() != RequestReader::State::complete;
    const bool speaks = !muted_ && !route->silent;
    if (speaks && unread && reader_.head().expects_continue) {
        const AfterRequest next = co_await expectation(route);
        if (next == AfterRequest::over) co_return next;
    }
    const bool complete = co_await read_until(RequestReader::State::complete);
    if (!complete || reader_.state() == RequestReader::State::malformed) {
        if (complete) co_await wire_.hang_up();
        co_return AfterRequest::over;
    }
    ++upstream_->requests;
    if (upstream_->spec.keep_alive.race == count_) {
        const StubClose how = upstream_->spec.keep_alive.end;
        const AfterRequest next = co_await end(how);
        co_return next;
    }
    if (muted_) co_return AfterRequest::another_request;
    const AfterRequest next = co_await work(route);
    co_return next;
}

// Of `Expect: 100-continue`: over when the body is not to be waited for.
awaitable<AfterRequest> HttpSession::expectation(const StubRoute* route) {
    if (route->on_expect == StubContinue::never) co_return AfterRequest::another_request;
    co_await wire_.wait(route->continue_after);
    if (route->on_expect == StubContinue::send) {
        std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const bool sent = co_await wire_.send(std::move(go_on));
        if (!sent) co_return AfterRequest::over;
        co_return AfterRequest::another_request;
    }
    Answer what;
    if (route->on_expect == StubContinue::refuse) {
        what = last_answer(417, default_body(417));
    } else {
        // Whether the body comes after all is the client's choice, so nothing may come behind it.
        what = answer_of(*route);
        what.headers["Connection"] = "close";
    }
    co_await answer(std::move(what));
    co_return AfterRequest::over;
}

// Answers a request that has been read, as soon as there is a worker for it.
awaitable<AfterRequest> HttpSession::work(const StubRoute* route) {
    if (upstream_->spec.queue_full == StubOverflow::refuse && upstream_->pool.is_full()) {
        ++upstream_->refused;
        Answer refusal = last_answer(503, default_body(503));
        const AfterRequest next = co_await answer(std::move(refusal));
        co_return next;
    }
    WorkerPool::Place place = co_await upstream_->pool.take();
    if (route->silent) {
        muted_ = true;
        place.lose();
        co_return AfterRequest::another_request;
    }
    if (upstream_->spec.kind == StubKind::llm) {
        const AfterRequest next = co_await converse();
        co_return next;
    }
    Answer what = answer_of(*route);
    const AfterRequest next = co_await answer(std::move(what));
    co_return next;
}

awaitable<AfterRequest> HttpSession::answer(Answer what) {
    const Duration first = what.pace.first_byte;
    co_await wire_.wait(first);
    if (is_last()) what.headers["Connection"] = "close";
    RenderedHead head = render_head(what, reader_.head(), *upstream_->clock);
    const Ending ending = what.ending;
    const bool keep_alive = head.keep_alive;
    const bool cut = ending.is_cut && head.framing != Framing::none;
    const bool sent = co_await body(std::move(what), std::move(head));
    if (!sent) co_return AfterRequest::over;
    if (cut || ending.end != StubEnd::complete) {
        const StubEnd how = ending.end;
        const AfterRequest next = co_await end(how);
        co_return next;
    }
    if (!keep_alive) {
        co_await wire_.finish();
        co_return AfterRequest::over;
    }
    co_return AfterRequest::another_request;
}

// The head with the first piece, then the other pieces; false when the client has gone.
awaitable<bool> HttpSession::body(Answer what, RenderedHead head) {
    const std::int64_t size = head.framing == Framing::none ? 0 : what.ending.at;
    const bool last_chunk = head.framing == Framing::chunked && !what.ending.is_cut;
    const Duration between = what.pace.between;
    std::int64_t offset = 0;
    std::string piece = std::move(head.text);
    while (true) {
        const std::int64_t count = std::min(what.pace.step(), size - offset);
        if (count > 0) {
            if (head.framing == Framing::chunked) piece += chunk_header(count);
            piece += what.body.bytes(offset, count);
            if (head.framing == Framing::chunked) piece += "\r\n";
            offset += count;
        }
        if (offset == size && last_chunk) piece += "0\r\n\r\n";
        const bool sent = co_await wire_.send(std::move(piece));
        if (!sent) co_return false;
        if (offset == size) co_return true;
        piece = std::string{};
        co_await wire_.wait(between);
    }
}

// As a model.
awaitable<AfterRequest> HttpSession::converse() {
    const Duration now = upstream_->clock->now();
    const std::int64_t wall = upstream_->clock->wall_begin() + now.count();
    LlmRequest request{.head = reader_.head(),
                       .body = reader_.body(),
                       .seed = upstream_->seed,
                       .stub = upstream_->name,
                       .wall_clock = wall / 1'000'000'000};
    if (asks_for_answer(request.head)) request.number = ++upstream_->prompts;
    LlmAnswer what = answer_of(upstream_->spec.llm, request);
    if (is_last()) what.headers["Connection"] = "close";
    if (what.streams) {
        const AfterRequest next = co_await say_in_pieces(std::move(what));
        co_return next;
    }
    const AfterRequest next = co_await say_at_once(std::move(what));
    co_return next;
}

awaitable<AfterRequest> HttpSession::say_at_once(LlmAnswer what) {
    if (!what.whole) {
        co_await wire_.wait(what.head_wait);
        const LlmEnd how = what.end;
        std::string nothing;
        const AfterRequest next = co_await break_off(how, std::move(nothing));
        co_return next;
    }
    Answer whole;
    whole.status = what.status;
    whole.headers = std::move(what.headers);
    whole.pace.first_byte = what.head_wait;
    whole.body.text = std::move(what.pieces.front().text);
    whole.body.size = static_cast<std::int64_t>(whole.body.text.size());
    whole.ending.at = whole.body.size;
    const AfterRequest next = co_await answer(std::move(whole));
    co_return next;
}

awaitable<AfterRequest> HttpSession::say_in_pieces(LlmAnswer what) {
    co_await wire_.wait(what.head_wait);
    const Duration now = upstream_->clock->now();
    const std::int64_t wall = upstream_->clock->wall_begin() + now.count();
    RenderedHead head =
        render_head(ResponseOutline{what.status, what.headers, 0, true}, reader_.head(), wall);
    const bool keep_alive = head.keep_alive;
    const bool whole = what.whole;
    const LlmEnd how = what.end;
    std::string comment;
    if (head.framing == Framing::chunked && !what.comment.empty()) {
        comment = chunk_header(static_cast<std::int64_t>(what.comment.size()));
    }
    comment += what.comment;
    if (head.framing == Framing::chunked && !what.comment.empty()) comment += "\r\n";
    what.comment = comment;
    const bool sent = co_await pieces(std::move(what), std::move(head));
    if (!sent) co_return AfterRequest::over;
    if (!whole) {
        const AfterRequest next = co_await break_off(how, std::move(comment));
        co_return next;
    }
    if (keep_alive) co_return AfterRequest::another_request;
    co_await wire_.finish();
    co_return AfterRequest::over;
}

// All that comes of a stream, each piece when it is due; false when the client has gone.
awaitable<bool> HttpSession::pieces(LlmAnswer what, RenderedHead head) {
    std::string due = std::move(head.text);
    for (const LlmPiece& piece : what.pieces) {
        if (piece.wait > Duration::zero()) {
            const bool sent = co_await wire_.send(std::move(due));
            if (!sent) co_return false;
            due = std::string{};
            const Duration wait = piece.wait;
            std::string comment = what.comment;
            const bool there = co_await keep_quiet(wait, std::move(comment));
            if (!there) co_return false;
        }
        if (head.framing == Framing::none) continue;
        if (head.framing == Framing::chunked) {
            due += chunk_header(static_cast<std::int64_t>(piece.text.size()));
        }
        due += piece.text;
        if (head.framing == Framing::chunked) due += "\r\n";
    }
    if (what.whole && head.framing == Framing::chunked) due += "0\r\n\r\n";
    const bool sent = co_await wire_.send(std::move(due));
    co_return sent;
}

// Says nothing for so long, but for comments; false when the client has gone.
awaitable<bool> HttpSession::keep_quiet(Duration wait, std::string comment) {
    const std::optional<Duration> every = upstream_->spec.llm.comments;
    while (every && !comment.empty() && wait > *every) {
        const Duration silence = *every;
        co_await wire_.wait(silence);
        std::string again = comment;
        const bool sent = co_await wire_.send(std::move(again));
        if (!sent) co_return false;
        wait -= silence;
    }
    co_await wire_.wait(wait);
    co_return true;
}

// Ends a stream, or leaves it hanging, before it is whole.
awaitable<AfterRequest> HttpSession::break_off(LlmEnd how, std::string comment) {
    switch (how) {
        case LlmEnd::hang:
        case LlmEnd::error:
            break;
        case LlmEnd::close:
            co_await wire_.hang_up();
            co_return AfterRequest::over;
        case LlmEnd::reset:
            co_await wire_.abort_when_delivered();
            co_return AfterRequest::over;
    }
    if (comment.empty()) {
        co_await wire_.hold();
        co_return AfterRequest::over;
    }
    while (true) {
        const Duration silence = upstream_->spec.llm.comments.value_or(Duration{1s});
        co_await wire_.wait(silence);
        std::string again = comment;
        const bool sent = co_await wire_.send(std::move(again));
        if (!sent) co_return AfterRequest::over;
    }
}

awaitable<AfterRequest> HttpSession::end(StubClose how) {
    switch (how) {
        case StubClose::close:
            co_await wire_.hang_up();
            break;
        case StubClose::reset:
            co_await wire_.abort_when_delivered();
            break;
    }
    co_return AfterRequest::over;
}

awaitable<AfterRequest> HttpSession::end(StubEnd how) {
    switch (how) {
        case StubEnd::complete:
            co_await wire_.hold();
            break;
        case StubEnd::close:
            co_await wire_.hang_up();
            break;
        case StubEnd::reset:
            co_await wire_.abort_when_delivered();
            break;
    }
    co_return AfterRequest::over;
}

awaitable<void> run_http_session(Upstream* upstream, tcp::socket socket) {
    HttpSession session{upstream, std::move(socket)};
    co_await session.run();
}

}  // namespace

awaitable<void> serve_http(Upstream* upstream, tcp::socket socket) {
    return run_http_session(upstream, std::move(socket));
}

}  // namespace etimedout

// Serves HTTP/1 on one connection: requests in order, each answered, or mistreated, as decided.
#include <algorithm>
#include <optional>
#include <utility>

#include "simulator/stub/answer.hh"
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
    HttpSession(Upstream* upstream, tcp::socket socket, ConnectionFacts facts)
        : upstream_{upstream}, wire_{std::move(socket)}, facts_{facts} {}
    ~HttpSession() { upstream_->faults.forget(facts_.number); }
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    awaitable<void> run();

private:
    awaitable<AfterRequest> request();
    awaitable<bool> read_until(RequestReader::State wanted);
    awaitable<AfterRequest> act();
    awaitable<AfterRequest> answer(Answer what);
    awaitable<bool> body(Answer what, RenderedHead head);
    awaitable<AfterRequest> end(StubEnd how);
    void judge();
    bool is_held() const;

    Upstream* upstream_;
    Wire wire_;
    ConnectionFacts facts_;

    std::int64_t number_ = 0;  // of the request, on this connection
    RequestReader reader_;
    std::optional<Ruling> verdict_;

    // A request that is swallowed leaves a gap which no later answer may fill, since a client
    // takes answers in order; until the fault is healed the connection stays mute.
    bool muted_for_ever_ = false;
    std::string muted_by_;
};

awaitable<void> HttpSession::run() {
    while (true) {
        if (wire_.received().empty()) {
            const bool more = co_await wire_.receive();
            if (!more) co_return;
        }
        const AfterRequest next = co_await request();
        if (next == AfterRequest::over) co_return;
    }
}

void HttpSession::judge() {
    const RequestHead* head =
        reader_.state() == RequestReader::State::head ? nullptr : &reader_.head();
    verdict_ = upstream_->faults.judge(facts_, RequestFacts{number_, head});
}

bool HttpSession::is_held() const {
    return muted_for_ever_ || (!muted_by_.empty() && upstream_->faults.is_armed(muted_by_));
}

// The first bytes of a request are there. Unless a fault wants to know its head, it is decided
// now: a reset or a hang-up need not wait for the rest.
awaitable<AfterRequest> HttpSession::request() {
    reader_ = RequestReader{};
    verdict_.reset();
    ++number_;
    const bool early = !upstream_->faults.needs_head();
    if (early) {
        judge();
        const bool cuts = verdict_ && (std::holds_alternative<Abort>(verdict_->plan) ||
                                       std::holds_alternative<HangUp>(verdict_->plan));
        if (cuts) {
            const AfterRequest next = co_await act();
            co_return next;
        }
    }
    const bool has_head = co_await read_until(RequestReader::State::body);
    if (!has_head) co_return AfterRequest::over;
    if (reader_.state() == RequestReader::State::malformed) {
        Answer complaint = bad_request(reader_.complaint());
        complaint.ending.end = StubEnd::close;
        const AfterRequest next = co_await answer(std::move(complaint));
        co_return next;
    }
    if (!early) judge();
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

// Does what was decided for the request whose head (or first bytes) are there.
awaitable<AfterRequest> HttpSession::act() {
    const StreamPlan* plan = verdict_ ? &verdict_->plan : nullptr;
    Action action = action_for(route_for(upstream_->spec, reader_.head()), plan);
    if (std::holds_alternative<Abort>(action)) {
        wire_.abort();
        co_return AfterRequest::over;
    }
    if (std::holds_alternative<HangUp>(action)) {
        co_await wire_.hang_up();
        co_return AfterRequest::over;
    }
    if (std::holds_alternative<Swallow>(action)) {
        muted_by_ = verdict_ ? verdict_->fault : std::string{};
        muted_for_ever_ = muted_for_ever_ || !verdict_;
    }
    const bool answers = std::holds_alternative<Answer>(action) && !is_held();
    const bool unread = reader_.state() != RequestReader::State::complete;
    if (answers && unread && reader_.head().expects_continue) {
        std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const bool sent = co_await wire_.send(std::move(go_on));
        if (!sent) co_return AfterRequest::over;
    }
    const bool complete = co_await read_until(RequestReader::State::complete);
    if (!complete || reader_.state() == RequestReader::State::malformed) {
        if (complete) co_await wire_.hang_up();
        co_return AfterRequest::over;
    }
    ++upstream_->requests;
    if (!answers) co_return AfterRequest::another_request;
    Answer what = std::get<Answer>(std::move(action));
    const AfterRequest next = co_await answer(std::move(what));
    co_return next;
}

awaitable<AfterRequest> HttpSession::answer(Answer what) {
    const Duration first = what.pace.first_byte;
    co_await wire_.wait(first);
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
        co_await wire_.hang_up();
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

awaitable<void> run_http_session(Upstream* upstream, tcp::socket socket, ConnectionFacts facts) {
    HttpSession session{upstream, std::move(socket), facts};
    co_await session.run();
}

}  // namespace

awaitable<void> serve_http(Upstream* upstream, tcp::socket socket, ConnectionFacts facts) {
    return run_http_session(upstream, std::move(socket), facts);
}

}  // namespace etimedout

// Conversation: what the client sends: requests, each judged once, or bytes that are none.
#include <algorithm>
#include <utility>

#include "simulator/stream/conversation_state.hh"

namespace etimedout {

void ConversationState::read_up(Moment now) {
    while (!over() && !from_client_.empty()) {
        if (ends_soon()) break;
        switch (mode_) {
            case Mode::unknown:
                probe(now);
                if (mode_ == Mode::unknown) return;
                break;
            case Mode::http:
                if (step_request(now) == Progress::none) return;
                break;
            case Mode::switching:
                return;
            case Mode::opaque:
                opaque_up(now);
                return;
        }
    }
    from_client_ = {};  // there is nothing, or nothing to be done with it
}

// A parser that goes on from a part looks for the end of the head before it looks at the rest, and
// what is no HTTP may have none; so each attempt is made by a new one. A request line is short.
void ConversationState::probe(Moment now) {
    RequestReader reader;
    const std::size_t taken = reader.feed(from_client_.view());
    if (taken > 0) {
        mode_ = Mode::http;
    } else if (reader.state() == RequestReader::State::malformed) {
        go_opaque(now);
    }
}

ConversationState::Progress ConversationState::step_request(Moment now) {
    if (!request_) {
        // Blank lines before a request belong to none (RFC 9112, 2.2).
        const std::size_t blanks =
            std::min(from_client_.view().find_first_not_of("\r\n"), from_client_.view().size());
        if (blanks > 0) {
            up_.put(from_client_.take(blanks), now);
            return Progress::made;
        }
        begin_request(now);
        if (over() || ends_soon()) return Progress::made;
    }
    if (request_->state() == RequestReader::State::malformed) {
        from_client_ = {};  // a request that is dropped, and nobody knows where it ends
        return Progress::none;
    }
    const std::size_t taken = request_->feed(from_client_.view());
    settle_request(from_client_.take(taken), now);
    const auto state = request_->state();
    if (state == RequestReader::State::malformed) {
        give_up_on_requests(now);
        return Progress::made;
    }
    if (state != RequestReader::State::head) judge_request(now);
    if (over() || ends_soon()) return Progress::made;
    if (state == RequestReader::State::complete) {
        finish_request(now);
        return Progress::made;
    }
    if (taken > 0) return Progress::made;
    if (fate_ == Fate::passes) up_.put(from_client_.pass_all(), now);
    return Progress::none;
}

void ConversationState::begin_request(Moment now) {
    request_ = std::make_unique<RequestReader>();
    current_.reset();
    fate_ = Fate::undecided;
    ++number_;
    if (!table_->needs_head()) decide(table_->judge(facts_, RequestFacts{number_, nullptr}), now);
}

// The head is there.
void ConversationState::judge_request(Moment now) {
    if (fate_ == Fate::undecided) {
        decide(table_->judge(facts_, RequestFacts{number_, &request_->head()}), now);
    }
    if (!current_ || current_->has_head) return;
    current_->head = request_->head();
    current_->has_head = true;
    answer_in_turn(now);
}

void ConversationState::decide(const std::optional<Ruling>& ruling, Moment now) {
    const StreamPlan* plan = ruling ? &ruling->plan : nullptr;
    const auto is = [plan](auto type) {
        return plan != nullptr && std::holds_alternative<typename decltype(type)::type>(*plan);
    };
    current_ = std::make_shared<Exchange>();
    current_->ruling = ruling;
    if (is(std::type_identity<Abort>{}) || is(std::type_identity<HangUp>{})) {
        current_->kind = Exchange::Kind::ended;
    } else if (is(std::type_identity<Swallow>{})) {
        current_->kind = Exchange::Kind::swallowed;
        muted_by_ = ruling->fault;
    } else if (is_muted()) {
        current_->kind = Exchange::Kind::swallowed;
        current_->ruling = Ruling{muted_by_, Swallow{}};
    } else if (is(std::type_identity<Respond>{}) || is(std::type_identity<Malform>{})) {
        current_->kind = Exchange::Kind::made;
    }
    fate_ = current_->kind == Exchange::Kind::passed ? Fate::passes : Fate::dropped;
    std::string before = std::exchange(undecided_, {});
    if (fate_ == Fate::passes) up_.put(std::move(before), now);
    exchanges_.push_back(current_);
    answer_in_turn(now);
}

// Does with bytes of the request under way what was decided.
void ConversationState::settle_request(std::string bytes, Moment now) {
    if (fate_ == Fate::passes) {
        up_.put(std::move(bytes), now);
    } else if (fate_ == Fate::undecided) {
        undecided_ += bytes;
    }
}

void ConversationState::finish_request(Moment now) {
    const std::shared_ptr<Exchange> exchange = std::exchange(current_, nullptr);
    request_.reset();
    exchange->is_complete = true;
    exchange->asks_to_switch =
        exchange->kind == Exchange::Kind::passed &&
        (exchange->head.method == "CONNECT" || exchange->head.header("upgrade") != nullptr);
    if (exchange->asks_to_switch && !exchange->is_answered) mode_ = Mode::switching;
    answer_in_turn(now);
}

// What comes is no request. A fault that was decided for it acts; else all passes as it is.
void ConversationState::give_up_on_requests(Moment now) {
    if (fate_ != Fate::dropped) {
        go_opaque(now);
        return;
    }
    current_->is_malformed = true;
    current_->is_complete = true;
    from_client_ = {};
    answer_in_turn(now);
}

void ConversationState::opaque_up(Moment now) {
    if (from_client_.empty()) return;
    const bool pass = opaque_bytes_pass(table_->judge(facts_), now);
    std::string bytes = from_client_.take_all();
    if (pass) up_.put(std::move(bytes), now);
}

void ConversationState::end_up(Item::Kind kind, Moment now) {
    if (mode_ == Mode::unknown && !from_client_.empty()) go_opaque(now);
    if (over()) return;
    if (request_ && fate_ == Fate::dropped) {
        // The rest of a request that no upstream knows of will never come, and no answer.
        exchanges_.erase(std::remove(exchanges_.begin(), exchanges_.end(), current_),
                         exchanges_.end());
        answer_in_turn(now);
    } else if (!ends_soon()) {
        up_.put(std::exchange(undecided_, {}), now);
        up_.put(from_client_.take_all(), now);
    }
    from_client_ = {};
    up_.end(kind, now);
    down_.let_ends_pass();
}

}  // namespace etimedout

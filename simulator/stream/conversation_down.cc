// Conversation: what the server sends: answers, in the order of their requests, or plain bytes.
#include <utility>

#include "simulator/stream/conversation_state.hh"
#include "simulator/stream/malformed.hh"
#include "simulator/stream/response_head.hh"

namespace etimedout {

void ConversationState::read_down(Moment now) {
    while (!over() && !from_server_.empty()) {
        switch (mode_) {
            case Mode::unknown:  // the server speaks first
                go_opaque(now);
                return;
            case Mode::http:
            case Mode::switching:
                if (step_response(now) == Progress::none) return;
                break;
            case Mode::opaque:
                opaque_down(now);
                return;
        }
    }
    from_server_ = {};
}

ConversationState::Progress ConversationState::step_response(Moment now) {
    if (exchanges_.empty()) {
        unasked_bytes(now);
        return Progress::made;
    }
    const std::shared_ptr<Exchange> exchange = exchanges_.front();
    if (exchange->kind != Exchange::Kind::passed) return Progress::none;  // ours goes before
    if (!response_) begin_response(*exchange);
    const bool was_head = response_->state() == ResponseReader::State::head;
    const auto step = response_->feed(from_server_.view());
    const auto state = response_->state();
    if (state == ResponseReader::State::malformed) {
        go_opaque(now);
        return Progress::made;
    }
    if (step.taken == 0) {
        if (!shaper_) down_.put(from_server_.pass_all(), now);
        return Progress::none;
    }
    pass_part(from_server_.take(step.taken), step, was_head, now);
    if (was_head && state != ResponseReader::State::head) head_came(*exchange, now);
    if (over() || mode_ == Mode::opaque) return Progress::made;
    if (response_ && response_->state() == ResponseReader::State::complete) finish_response(now);
    return Progress::made;
}

// Nobody asked. Line ends behind an answer mean nothing; anything else is no HTTP to be followed.
void ConversationState::unasked_bytes(Moment now) {
    if (from_server_.view().find_first_not_of("\r\n") != std::string_view::npos) {
        go_opaque(now);
        return;
    }
    down_.put(from_server_.take_all(), now);
}

void ConversationState::begin_response(const Exchange& exchange) {
    response_ = std::make_unique<ResponseReader>(exchange.head.method);
    if (shaper_ || !exchange.ruling) return;
    ShaperContext context;
    context.outlet = &down_;
    context.fault = exchange.ruling->fault;
    context.took_effect = [this, fault = exchange.ruling->fault] {
        table_->took_effect(fault, facts_.number);
    };
    context.request_version = exchange.head.version;
    shaper_ = make_shaper(exchange.ruling->plan, std::move(context));
}

void ConversationState::pass_part(std::string raw, ResponseReader::Step step, bool is_head,
                                  Moment now) {
    if (!shaper_) {
        down_.put(std::move(raw), now);
    } else if (is_head) {
        response_head_ += raw;
    } else {
        const std::string_view all = raw;
        const std::size_t framing = raw.size() - step.body;
        if (framing > 0) shaper_->framing(all.substr(0, framing), now);
        if (step.body > 0) shaper_->body(all.substr(framing), now);
    }
}

void ConversationState::head_came(Exchange& exchange, Moment now) {
    const ResponseFacts& facts = response_->facts();
    if (facts.status < 200 && facts.status != 101) {  // the answer itself is still to come
        down_.put(std::exchange(response_head_, {}), now);
        response_.reset();
        return;
    }
    exchange.is_answered = true;
    if (shaper_) shaper_->head(std::exchange(response_head_, {}), facts, now);
    const bool switches =
        facts.status == 101 || (exchange.head.method == "CONNECT" && facts.status < 300);
    if (switches) {
        if (shaper_ && std::holds_alternative<Dribble>(exchange.ruling->plan)) {
            paced_by_ = exchange.ruling->fault;  // its tempo goes on
        } else if (shaper_) {
            shaper_->end(ResponseShaper::Ended::complete, now);
        }
        shaper_.reset();
        go_opaque(now);
    } else if (mode_ == Mode::switching && exchange.asks_to_switch) {
        mode_ = Mode::http;
        read_up(now);
    }
}

void ConversationState::finish_response(Moment now) {
    if (shaper_) shaper_->end(ResponseShaper::Ended::complete, now);
    shaper_.reset();
    response_.reset();
    exchanges_.pop_front();
    answer_in_turn(now);
}

// The answer under way, if there is one, goes no further.
void ConversationState::end_response(Moment now) {
    if (shaper_ && response_ && response_->state() == ResponseReader::State::body) {
        const bool to_the_end = response_->facts().framing == Framing::until_close;
        shaper_->end(to_the_end ? ResponseShaper::Ended::complete : ResponseShaper::Ended::early,
                     now);
    }
    down_.put(std::exchange(response_head_, {}), now);
    shaper_.reset();
    response_.reset();
}

// Gives what is owed by us and by nobody before us.
void ConversationState::answer_in_turn(Moment now) {
    while (!over() && !exchanges_.empty()) {
        const std::shared_ptr<Exchange> exchange = exchanges_.front();
        switch (exchange->kind) {
            case Exchange::Kind::passed:
                return;
            case Exchange::Kind::swallowed:
                down_.block(exchange->ruling->fault);
                break;
            case Exchange::Kind::ended:
                end_both(std::holds_alternative<Abort>(exchange->ruling->plan) ? Item::Kind::reset
                                                                               : Item::Kind::close,
                         now);
                return;
            case Exchange::Kind::made:
                if (!exchange->is_complete) {
                    const bool waits = exchange->has_head && exchange->head.expects_continue;
                    if (waits && !std::exchange(exchange->told_to_continue, true)) {
                        down_.put("HTTP/1.1 100 Continue\r\n\r\n", now);
                    }
                    return;
                }
                answer(*exchange, now);
                break;
        }
        exchanges_.pop_front();
    }
    if (exchanges_.empty() && late_end_) down_.end(*late_end_, now);
}

void ConversationState::answer(const Exchange& exchange, Moment now) {
    if (const auto* malform = std::get_if<Malform>(&exchange.ruling->plan)) {
        down_.put(malformed_answer(malform->what), now);
        down_.end(Item::Kind::close, now);
        return;
    }
    const auto& plan = std::get<Respond>(exchange.ruling->plan);
    RequestHead request = exchange.head;
    request.keep_alive = request.keep_alive && !exchange.is_malformed;
    std::optional<std::int64_t> wall_clock;
    if (options_.wall_clock) {
        wall_clock = (*options_.wall_clock + now.time_since_epoch()).count();
    }
    const std::string body = plan.body.value_or(default_body(plan.status));
    const auto size = static_cast<std::int64_t>(body.size());
    RenderedHead head = render_head({plan.status, plan.headers, size, false}, request, wall_clock);
    if (head.framing != Framing::none) head.text += body;
    down_.put(std::move(head.text), now);
    if (!head.keep_alive) down_.end(Item::Kind::close, now);
}

void ConversationState::opaque_down(Moment now) {
    if (from_server_.empty()) return;
    const std::optional<Ruling> ruling = table_->judge(facts_);
    const bool pass = opaque_bytes_pass(ruling, now);
    const auto* dribble = ruling ? std::get_if<Dribble>(&ruling->plan) : nullptr;
    if (dribble != nullptr && paced_by_ != ruling->fault) {
        paced_by_ = ruling->fault;
        down_.set_tempo({paced_by_, dribble->first_byte, dribble->between, dribble->piece}, now);
    }
    std::string bytes = from_server_.take_all();
    if (pass) down_.put(std::move(bytes), now, Weight::byte);
}

void ConversationState::end_down(Item::Kind kind, Moment now) {
    const bool ours_is_owed =
        !exchanges_.empty() && exchanges_.front()->kind == Exchange::Kind::made;
    if (ours_is_owed) {
        late_end_ = kind;
        return;
    }
    if (shaper_ && response_ && response_->state() == ResponseReader::State::body) {
        shaper_->framing(from_server_.take_all(), now);
    }
    end_response(now);
    if (!over()) down_.put(from_server_.take_all(), now);
    exchanges_.clear();
    down_.end(kind, now);
}

}  // namespace etimedout

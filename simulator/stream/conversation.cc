// Conversation: the two stages, and what both directions share.
#include "simulator/stream/conversation.hh"

#include <algorithm>
#include <utility>

#include "simulator/stream/conversation_state.hh"

namespace etimedout {

std::string Unread::take(std::size_t count) {
    const std::size_t before = std::min(passed_, count);
    std::string rest = bytes_.substr(begin_ + before, count - before);
    passed_ -= before;
    begin_ += count;
    constexpr std::size_t too_much_behind = 64U << 10U;
    if (begin_ == bytes_.size() || begin_ > too_much_behind) {
        bytes_.erase(0, begin_);
        begin_ = 0;
    }
    return rest;
}

std::string Unread::pass_all() {
    std::string rest = bytes_.substr(begin_ + passed_);
    passed_ = bytes_.size() - begin_;
    return rest;
}

void ConversationState::take_up(Item item) {
    const Moment now = item.at;
    const std::uint64_t before = down_.version();
    lift_healed(now);
    if (item.kind != Item::Kind::data) {
        end_up(item.kind, now);
    } else if (!over()) {
        from_client_.add(item.bytes);
        read_up(now);
    }
    read_down(now);  // what waited for an answer of our own
    if (down_.version() != before && options_.look_down) options_.look_down();
}

void ConversationState::take_down(Item item) {
    const Moment now = item.at;
    const std::uint64_t before = up_.version();
    lift_healed(now);
    if (over()) return;
    if (item.kind == Item::Kind::data) {
        from_server_.add(item.bytes);
        read_down(now);
    } else {
        end_down(item.kind, now);
    }
    if (up_.version() != before && options_.look_up) options_.look_up();
}

void ConversationState::rules_changed(Moment now) {
    const std::uint64_t before = down_.version();
    lift_healed(now);
    if (down_.version() != before && options_.look_down) options_.look_down();
}

void ConversationState::lift_healed(Moment now) {
    const auto is_armed = [this](const std::string& id) { return table_->is_armed(id); };
    down_.lift_healed(is_armed, now);
    if (!paced_by_.empty() && !is_armed(paced_by_)) paced_by_.clear();
}

bool ConversationState::is_muted() const {
    return !muted_by_.empty() && table_->is_armed(muted_by_);
}

void ConversationState::end_both(Item::Kind kind, Moment now) {
    down_.end(kind, now);
    down_.let_ends_pass();
}

bool ConversationState::ends_soon() const {
    if (exchanges_.empty()) return false;
    const Exchange& last = *exchanges_.back();
    return last.kind == Exchange::Kind::ended ||
           (last.kind == Exchange::Kind::made && last.is_complete &&
            (last.is_malformed || !last.head.keep_alive));
}

// From here on no request is looked for. What is under way passes as it is.
void ConversationState::go_opaque(Moment now) {
    mode_ = Mode::opaque;
    exchanges_.clear();
    current_.reset();
    request_.reset();
    up_.put(std::exchange(undecided_, {}), now);
    end_response(now);
    opaque_up(now);
    opaque_down(now);
}

bool ConversationState::opaque_bytes_pass(const std::optional<Ruling>& ruling, Moment now) {
    if (!ruling) return true;
    if (std::holds_alternative<Abort>(ruling->plan)) {
        end_both(Item::Kind::reset, now);
        return false;
    }
    if (std::holds_alternative<HangUp>(ruling->plan)) {
        end_both(Item::Kind::close, now);
        return false;
    }
    if (!std::holds_alternative<Swallow>(ruling->plan)) return true;
    muted_by_ = ruling->fault;
    down_.block(ruling->fault);
    return false;
}

std::size_t ConversationState::held_up() const {
    return up_.held() + undecided_.size() + from_client_.held();
}

std::size_t ConversationState::held_down() const {
    return down_.held() + from_server_.held() + response_head_.size() +
           (shaper_ ? shaper_->held() : 0);
}

std::vector<Item> ConversationState::dissolve_up(Moment now) {
    up_.put(std::exchange(undecided_, {}), now);
    if (fate_ != Fate::dropped) up_.put(from_client_.take_all(), now);
    return up_.dissolve(now);
}

std::vector<Item> ConversationState::dissolve_down(Moment now) {
    end_response(now);
    down_.put(from_server_.take_all(), now);
    return down_.dissolve(now);
}

namespace {

using Shared = std::shared_ptr<ConversationState>;

class UpStage final : public Stage {
public:
    explicit UpStage(Shared state) : state_{std::move(state)} {}
    void take(Item item) override { state_->take_up(std::move(item)); }
    std::optional<Item> give(Moment now) override { return state_->up().give(now); }
    std::optional<Moment> next() const override { return state_->up().next(); }
    std::size_t held() const override { return state_->held_up(); }
    void change(const FlowPlan& /*plan*/, Moment /*now*/) override {}
    std::vector<Item> dissolve(Moment now) override { return state_->dissolve_up(now); }

private:
    Shared state_;
};

class DownStage final : public Stage {
public:
    explicit DownStage(Shared state) : state_{std::move(state)} {}
    void take(Item item) override { state_->take_down(std::move(item)); }
    std::optional<Item> give(Moment now) override { return state_->down().give(now); }
    std::optional<Moment> next() const override { return state_->down().next(); }
    std::size_t held() const override { return state_->held_down(); }
    void change(const FlowPlan& /*plan*/, Moment /*now*/) override {}
    std::vector<Item> dissolve(Moment now) override { return state_->dissolve_down(now); }

private:
    Shared state_;
};

}  // namespace

ConversationStages make_conversation(std::shared_ptr<FaultTable> table, ConnectionFacts facts,
                                     ConversationOptions options) {
    const auto state =
        std::make_shared<ConversationState>(std::move(table), facts, std::move(options));
    return {std::make_unique<UpStage>(state), std::make_unique<DownStage>(state),
            [state](Moment now) { state->rules_changed(now); }};
}

}  // namespace etimedout

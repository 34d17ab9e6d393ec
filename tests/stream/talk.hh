// Talk: one connection with a conversation's stages in it, on a clock of its own, for tests.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/stream/conversation.hh"

namespace etimedout::test {

inline ConnectionFacts connection(std::int64_t number = 1) {
    return {number, IpAddress::parse("10.0.0.1").value(), 80};
}

// Whoever feeds one lane looks at the other where he is told to, as a relay does.
class Talk {
public:
    explicit Talk(std::shared_ptr<FaultTable> table, std::int64_t number = 1)
        : stages_{make_conversation(
              std::move(table), connection(number),
              {[this] { up_changed_ = true; }, [this] { down_changed_ = true; }, Duration{}})} {}

    // The clock goes on, and whatever is due by then leaves.
    void until(Duration now) {
        now_ = Moment{now};
        collect_all();
    }
    Talk& client(std::string bytes) { return up(Item::data(std::move(bytes), now_)); }
    Talk& client_ends(Item::Kind kind = Item::Kind::fin) { return up(Item::end(kind, now_)); }
    Talk& server(std::string bytes) { return down(Item::data(std::move(bytes), now_)); }
    Talk& server_ends(Item::Kind kind = Item::Kind::fin) { return down(Item::end(kind, now_)); }
    void healed() {
        stages_.rules_changed(now_);
        collect_all();
    }
    // All that waits leaves in its time.
    void to_the_end() {
        while (const auto next = earliest()) {
            now_ = std::max(now_, *next);
            collect_all();
        }
    }
    ConversationStages& stages() { return stages_; }
    std::size_t most_held() const { return most_held_; }

    // As text; ends as "<FIN>".
    std::string to_server{};
    std::string to_client{};
    // What the client got and when: "5ms ab".
    std::vector<std::string> times{};

private:
    Talk& up(Item item) {
        stages_.up->take(std::move(item));
        note_held();
        collect_up();
        if (std::exchange(down_changed_, false)) collect_down();
        return *this;
    }
    Talk& down(Item item) {
        stages_.down->take(std::move(item));
        note_held();
        collect_down();
        if (std::exchange(up_changed_, false)) collect_up();
        return *this;
    }
    std::optional<Moment> earliest() const {
        const auto up = stages_.up->next();
        const auto down = stages_.down->next();
        if (up && down) return std::min(*up, *down);
        return up ? up : down;
    }
    void note_held() {
        most_held_ = std::max({most_held_, stages_.up->held(), stages_.down->held()});
    }
    void collect_all() {
        collect_up();
        collect_down();
    }
    void collect_up() {
        while (const auto item = stages_.up->give(now_)) to_server += text_of(*item);
    }
    void collect_down() {
        while (const auto item = stages_.down->give(now_)) {
            const std::string text = text_of(*item);
            to_client += text;
            times.push_back(Scalar<Duration>::write(item->at.time_since_epoch()) + " " + text);
        }
    }
    static std::string text_of(const Item& item) {
        switch (item.kind) {
            case Item::Kind::data:
                return item.bytes;
            case Item::Kind::fin:
                return "<FIN>";
            case Item::Kind::close:
                return "<CLOSE>";
            case Item::Kind::reset:
                return "<RST>";
        }
        return "?";
    }

    Moment now_{};
    bool up_changed_ = false;
    bool down_changed_ = false;
    std::size_t most_held_ = 0;
    ConversationStages stages_;
};

inline std::shared_ptr<FaultTable> no_faults() { return std::make_shared<FaultTable>("proxy", 1); }

inline std::shared_ptr<FaultTable> with(Fault fault, Selectors selectors = {},
                                        std::uint64_t seed = 1) {
    auto table = std::make_shared<FaultTable>("proxy", seed);
    table->arm({"f", std::move(fault), std::move(selectors)});
    return table;
}

}  // namespace etimedout::test

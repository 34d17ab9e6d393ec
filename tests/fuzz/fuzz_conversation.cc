// Two ends that say anything to each other, with any fault between them.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simulator/stream/conversation.hh"

namespace etimedout {
namespace {

// The faults by the first byte of the input; the first three are none that acts.
std::shared_ptr<FaultTable> table_for(std::uint8_t choice) {
    const auto events = [](std::int64_t count) { return Amount{count, AmountUnit::events}; };
    const std::vector<Fault> faults{Silent{},
                                    Slow{.first_byte = 1ms, .between = 1ms, .piece = 3},
                                    Reset{},
                                    HangUpFault{},
                                    Status{},
                                    Malformed{},
                                    SlowHeaders{.between = 1ms, .piece = 5},
                                    SlowBody{.between = 1ms, .piece = 2},
                                    Truncate{.after = Bytes{3}},
                                    SlowEvents{.first_event = 1ms, .between = 1ms},
                                    StallFault{events(1)},
                                    CutFault{events(1)},
                                    ErrorEvent{.after = {1}, .data = "x"},
                                    ErrorEvent{.after = {1}, .data = "x", .goes_on = true}};
    auto table = std::make_shared<FaultTable>("fuzz", 1);
    if (choice == 1) table->arm({"f", Status{}, {.match = RequestMatch{.path = "/none"}}});
    if (choice == 2) table->arm({"f", Reset{}, {.nth = Count{1000, {}}}});
    if (choice > 2) {
        Selectors selectors;
        if ((choice & 64U) != 0) selectors.first = Count{2, CountedUnit::requests};
        if ((choice & 128U) != 0) selectors.match = RequestMatch{.path = "/*"};
        table->arm({"f", faults.at((choice & 63U) % faults.size()), selectors});
    }
    return table;
}

// One lane: what went in, what came out, and that it came in order and in time.
class Lane {
public:
    explicit Lane(Stage& stage) : stage_{stage} {}

    void take(std::string bytes, Moment now) {
        if (said_end_) return;
        in_ += bytes;
        stage_.take(Item::data(std::move(bytes), now));
    }
    void end(Moment now) {
        if (std::exchange(said_end_, true)) return;
        stage_.take(Item::end(Item::Kind::fin, now));
    }
    void give(Moment now) {
        while (const auto item = stage_.give(now)) {
            if (item->at > now || item->at < last_ || closed_) std::abort();
            if (item->kind == Item::Kind::data && (item->bytes.empty() || ended_)) std::abort();
            last_ = item->at;
            out_ += item->bytes;
            ended_ = ended_ || item->kind != Item::Kind::data;
            closed_ = closed_ || item->kind == Item::Kind::reset;
        }
        const auto next = stage_.next();
        if (next && *next <= now) std::abort();
    }
    // What went in is what came out, or waits.
    void check_unharmed(Moment now) {
        if (!in_.starts_with(out_) || in_.size() - out_.size() != stage_.held()) std::abort();
        for (const Item& item : stage_.dissolve(now)) {
            out_ += item.bytes;
            ended_ = ended_ || item.kind != Item::Kind::data;
        }
        if (in_ != out_ || said_end_ != ended_) std::abort();
    }

private:
    Stage& stage_;
    std::string in_;
    std::string out_;
    bool said_end_ = false;
    bool ended_ = false;
    bool closed_ = false;
    Moment last_{};
};

// Each line of the script: who speaks, how much, and the bytes.
void converse(std::uint8_t choice, std::span<const std::uint8_t> script) {
    const auto table = table_for(choice);
    const ConnectionFacts facts{1, IpAddress::parse("10.0.0.1").value(), 80};
    auto stages = make_conversation(table, facts);
    Lane up{*stages.up};
    Lane down{*stages.down};
    Moment now{};
    while (script.size() >= 2) {
        const std::uint8_t control = script[0];
        const std::size_t size = std::min<std::size_t>(script[1], script.size() - 2);
        const auto payload = script.subspan(2, size);
        script = script.subspan(2 + size);
        Lane& lane = (control & 1U) != 0 ? down : up;
        if ((control & 14U) == 14U) {
            lane.end(now);
        } else if ((control & 16U) != 0) {
            table->heal("f");
            stages.rules_changed(now);
        } else if (size > 0) {
            lane.take(std::string{payload.begin(), payload.end()}, now);
        }
        up.give(now);
        down.give(now);
        now += 1ms;
    }
    now += 24h;
    up.give(now);
    down.give(now);
    if (choice <= 2) {
        up.check_unharmed(now);
        down.check_unharmed(now);
    }
}

}  // namespace
}  // namespace etimedout

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) etimedout::converse(data[0], std::span{data, size}.subspan(1));
    return 0;
}

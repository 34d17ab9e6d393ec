// ResponseShaper for event streams: events late, stalled, cut, or with one of our own among them.
#include <algorithm>
#include <limits>
#include <utility>

#include "simulator/stream/due_stage.hh"
#include "simulator/stream/event_splitter.hh"
#include "simulator/stream/response_shaper.hh"

namespace etimedout {

namespace {

// The event's text, as it stands in a stream.
std::string text_of(const InsertEvent& plan) {
    std::string text;
    if (!plan.event.empty()) text += "event: " + plan.event + "\n";
    std::string_view data = plan.data;
    while (true) {
        const auto end = data.find_first_of("\r\n");
        text += "data: " + std::string{data.substr(0, end)} + "\n";
        if (end == std::string_view::npos) break;
        data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return text + "\n";
}

// The head with another framing: bytes are put in, so a length would lie.
std::string without_length(const std::string& head, std::string_view instead) {
    std::string result;
    for (std::size_t begin = 0; begin < head.size();) {
        const auto found = head.find('\n', begin);
        const std::size_t end = found == std::string::npos ? head.size() : found + 1;
        const std::string_view line = std::string_view{head}.substr(begin, end - begin);
        const std::string_view name = line.substr(0, line.find(':'));
        if (begin > 0 && (line == "\r\n" || line == "\n")) result += instead;
        if (!same_name(name, "content-length")) result += line;
        begin = end;
    }
    return result;
}

// What all plans for event streams have in common. An answer that is none passes as it came.
class EventShaper : public ResponseShaper {
public:
    explicit EventShaper(ShaperContext context) : context_{std::move(context)} {}

    void head(std::string raw, const ResponseFacts& facts, Moment at) override {
        acts_ = facts.is_event_stream;
        framing_ = facts.framing;
        if (acts_) raw = change_head(std::move(raw));
        context_.outlet->put(std::move(raw), at);
        if (acts_) begin(at);
    }
    void body(std::string_view raw, Moment at) override {
        if (!acts_) {
            context_.outlet->put(std::string{raw}, at);
            return;
        }
        last_framing_.clear();
        had_body_ = true;
        for (EventSplitter::Part& part : splitter_.feed(raw)) {
            before(part, at);
            put_text(std::move(part.text), at, weight_of(part.kind));
            if (part.kind == EventSplitter::Part::Kind::event) passed(at);
        }
        if (splitter_.held() > 0) more_waits();
    }
    void framing(std::string_view raw, Moment at) override {
        if (acts_) {
            last_framing_ += raw;
        } else {
            context_.outlet->put(std::string{raw}, at);
        }
    }
    void end(Ended how, Moment at) override {
        if (!acts_) return;
        more_waits();
        put_text(splitter_.rest(), at, Weight::free);
        if (how == Ended::complete && framing_ == Framing::chunked) {
            put_raw(marker_of_end(), at);
        }
        context_.outlet->set_tempo({}, at);
    }
    std::size_t held() const override { return splitter_.held() + last_framing_.size(); }

protected:
    // The head has passed.
    virtual void begin(Moment at) = 0;
    // An event has passed.
    virtual void passed(Moment at) = 0;
    // A part is about to pass.
    virtual void before(const EventSplitter::Part& /*part*/, Moment /*at*/) {}
    // Something follows what has passed.
    virtual void more_waits() {}
    virtual std::string change_head(std::string raw) { return raw; }
    virtual Weight weight_of(EventSplitter::Part::Kind /*kind*/) const { return Weight::free; }

    // Into the body, as a chunk where there are chunks.
    void put_text(std::string text, Moment at, Weight weight) {
        if (text.empty()) return;
        if (framing_ == Framing::chunked) {
            text = chunk_header(static_cast<std::int64_t>(text.size())) + text + "\r\n";
        }
        put_raw(std::move(text), at, weight);
    }
    void put_raw(std::string raw, Moment at, Weight weight = Weight::free) {
        context_.outlet->put(std::move(raw), at, weight);
    }
    void frame_as(Framing framing) { framing_ = framing; }
    Framing framed_as() const { return framing_; }
    ShaperContext& context() { return context_; }

private:
    // The last chunk with its trailers, as the upstream sent it. The line end before belongs to the
    // chunk before, and that has one already.
    std::string marker_of_end() {
        if (!had_body_ || !last_framing_.starts_with("\r\n")) {
            return last_framing_.empty() ? "0\r\n\r\n" : last_framing_;
        }
        return last_framing_.substr(2);
    }

    ShaperContext context_;
    EventSplitter splitter_;
    std::string last_framing_;  // since the last byte of the body
    bool acts_ = false;
    bool had_body_ = false;
    Framing framing_ = Framing::none;
};

class EventDribbler final : public EventShaper {
public:
    EventDribbler(const DribbleEvents& plan, ShaperContext context)
        : EventShaper{std::move(context)}, plan_{plan} {}

private:
    using Kind = EventSplitter::Part::Kind;

    void begin(Moment at) override {
        context().outlet->set_tempo({context().fault, plan_.first_event, plan_.between, 1}, at);
    }
    void before(const EventSplitter::Part& part, Moment /*at*/) override {
        if (part.kind == Kind::aside || std::exchange(has_acted_, true)) return;
        context().took_effect();
    }
    void passed(Moment /*at*/) override {}
    Weight weight_of(Kind kind) const override {
        if (kind == Kind::aside) return Weight::free;
        return kind == Kind::event ? Weight::unit : Weight::gated;
    }

    DribbleEvents plan_;
    bool has_acted_ = false;
};

// A plan that acts behind so many events.
class CountingShaper : public EventShaper {
public:
    CountingShaper(std::int64_t after, ShaperContext context)
        : EventShaper{std::move(context)}, left_{after} {}

protected:
    virtual void act(Moment at) = 0;

private:
    void begin(Moment at) override {
        if (left_ == 0) act(at);
    }
    void passed(Moment at) override {
        if (left_ > 0 && --left_ == 0) act(at);
    }

    std::int64_t left_;
};

class EventStaller final : public CountingShaper {
public:
    EventStaller(const StallEvents& plan, ShaperContext context)
        : CountingShaper{plan.after, std::move(context)} {}

private:
    void act(Moment /*at*/) override {
        context().outlet->block(context().fault);
        stalled_ = true;
    }
    void before(const EventSplitter::Part& /*part*/, Moment /*at*/) override { more_waits(); }
    void more_waits() override {
        if (!stalled_ || std::exchange(has_acted_, true)) return;
        context().took_effect();
    }

    bool stalled_ = false;
    bool has_acted_ = false;
};

class EventCutter final : public CountingShaper {
public:
    EventCutter(const CutEvents& plan, ShaperContext context)
        : CountingShaper{plan.after, std::move(context)}, how_{plan.how} {}

private:
    void act(Moment at) override {
        context().took_effect();
        context().outlet->end(end_of(how_), at);
    }

    CutHow how_;
};

class EventInserter final : public CountingShaper {
public:
    EventInserter(const InsertEvent& plan, ShaperContext context)
        : CountingShaper{plan.after, std::move(context)}, plan_{plan} {}

private:
    std::string change_head(std::string raw) override {
        if (framed_as() != Framing::length) return raw;
        if (context().request_version < 11) {
            frame_as(Framing::until_close);
            closes_ = true;
            return without_length(raw, "Connection: close\r\n");
        }
        frame_as(Framing::chunked);
        return without_length(raw, "Transfer-Encoding: chunked\r\n");
    }
    void act(Moment at) override {
        context().took_effect();
        put_text(text_of(plan_), at, Weight::free);
        if (plan_.goes_on) return;
        if (framed_as() == Framing::chunked) put_raw("0\r\n\r\n", at);
        context().outlet->end(Item::Kind::close, at);
    }
    void end(Ended how, Moment at) override {
        EventShaper::end(how, at);
        if (closes_) context().outlet->end(Item::Kind::close, at);
    }

    InsertEvent plan_;
    bool closes_ = false;
};

}  // namespace

std::unique_ptr<ResponseShaper> make_event_shaper(const StreamPlan& plan, ShaperContext context) {
    if (const auto* dribble = std::get_if<DribbleEvents>(&plan)) {
        return std::make_unique<EventDribbler>(*dribble, std::move(context));
    }
    if (const auto* stall = std::get_if<StallEvents>(&plan)) {
        return std::make_unique<EventStaller>(*stall, std::move(context));
    }
    if (const auto* cut = std::get_if<CutEvents>(&plan)) {
        return std::make_unique<EventCutter>(*cut, std::move(context));
    }
    if (const auto* insert = std::get_if<InsertEvent>(&plan)) {
        return std::make_unique<EventInserter>(*insert, std::move(context));
    }
    return nullptr;
}

}  // namespace etimedout

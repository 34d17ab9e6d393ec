// ResponseShaper: answers that come late and in pieces, or are cut.
#include "simulator/stream/response_shaper.hh"

#include <algorithm>
#include <utility>

#include "simulator/stream/due_stage.hh"

namespace etimedout {

namespace {

// The whole answer late and in pieces of its body, the head with the first of these.
class WholeDribbler final : public ResponseShaper {
public:
    WholeDribbler(const Dribble& plan, ShaperContext context)
        : plan_{plan}, context_{std::move(context)} {}

    void head(std::string raw, const ResponseFacts& /*facts*/, Moment at) override {
        context_.outlet->set_tempo({context_.fault, plan_.first_byte, plan_.between, plan_.piece},
                                   at);
        context_.outlet->put(std::move(raw), at, Weight::gated);
    }
    void body(std::string_view raw, Moment at) override {
        context_.outlet->put(std::string{raw}, at, Weight::byte);
    }
    void framing(std::string_view raw, Moment at) override {
        context_.outlet->put(std::string{raw}, at);
    }
    void end(Ended /*how*/, Moment at) override { context_.outlet->set_tempo({}, at); }

private:
    Dribble plan_;
    ShaperContext context_;
};

class HeadDribbler final : public ResponseShaper {
public:
    HeadDribbler(const DribbleHead& plan, ShaperContext context)
        : plan_{plan}, context_{std::move(context)} {}

    void head(std::string raw, const ResponseFacts& /*facts*/, Moment at) override {
        context_.took_effect();
        context_.outlet->set_tempo({context_.fault, plan_.first_byte, plan_.between, plan_.piece},
                                   at);
        context_.outlet->put(std::move(raw), at, Weight::byte);
    }
    void body(std::string_view raw, Moment at) override {
        context_.outlet->put(std::string{raw}, at);
    }
    void framing(std::string_view raw, Moment at) override { body(raw, at); }
    void end(Ended /*how*/, Moment at) override { context_.outlet->set_tempo({}, at); }

private:
    DribbleHead plan_;
    ShaperContext context_;
};

class BodyDribbler final : public ResponseShaper {
public:
    BodyDribbler(const DribbleBody& plan, ShaperContext context)
        : plan_{plan}, context_{std::move(context)} {}

    void head(std::string raw, const ResponseFacts& /*facts*/, Moment at) override {
        context_.outlet->put(std::move(raw), at);
        context_.outlet->set_tempo({context_.fault, plan_.first_byte, plan_.between, plan_.piece},
                                   at);
    }
    void body(std::string_view raw, Moment at) override {
        if (!std::exchange(has_body_, true)) context_.took_effect();
        context_.outlet->put(std::string{raw}, at, Weight::byte);
    }
    void framing(std::string_view raw, Moment at) override {
        context_.outlet->put(std::string{raw}, at);
    }
    void end(Ended /*how*/, Moment at) override { context_.outlet->set_tempo({}, at); }

private:
    DribbleBody plan_;
    ShaperContext context_;
    bool has_body_ = false;
};

class BodyCutter final : public ResponseShaper {
public:
    BodyCutter(const CutBody& plan, ShaperContext context)
        : left_{static_cast<std::uint64_t>(plan.after)},
          how_{plan.how},
          context_{std::move(context)} {}

    void head(std::string raw, const ResponseFacts& facts, Moment at) override {
        context_.outlet->put(std::move(raw), at);
        is_longer_ = facts.framing == Framing::length && facts.length > left_;
        cut_when_due(at);
    }
    void body(std::string_view raw, Moment at) override {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, raw.size()));
        context_.outlet->put(std::string{raw.substr(0, count)}, at);
        left_ -= count;
        is_longer_ = is_longer_ || count < raw.size();
        cut_when_due(at);
    }
    // Behind the last byte that passes it is not known yet whether more of the body follows.
    void framing(std::string_view raw, Moment at) override {
        if (left_ == 0) {
            kept_ += raw;
        } else {
            context_.outlet->put(std::string{raw}, at);
        }
    }
    void end(Ended /*how*/, Moment at) override {
        context_.outlet->put(std::exchange(kept_, {}), at);
    }
    std::size_t held() const override { return kept_.size(); }

private:
    void cut_when_due(Moment at) {
        if (left_ > 0 || !is_longer_ || std::exchange(is_cut_, true)) return;
        kept_.clear();
        context_.took_effect();
        context_.outlet->end(end_of(how_), at);
    }

    std::uint64_t left_;
    CutHow how_;
    ShaperContext context_;
    bool is_longer_ = false;  // than what passes of it
    bool is_cut_ = false;
    std::string kept_;
};

struct Make {
    ShaperContext& context;
    std::unique_ptr<ResponseShaper> operator()(const Dribble& plan) const {
        return std::make_unique<WholeDribbler>(plan, std::move(context));
    }
    std::unique_ptr<ResponseShaper> operator()(const DribbleHead& plan) const {
        return std::make_unique<HeadDribbler>(plan, std::move(context));
    }
    std::unique_ptr<ResponseShaper> operator()(const DribbleBody& plan) const {
        return std::make_unique<BodyDribbler>(plan, std::move(context));
    }
    std::unique_ptr<ResponseShaper> operator()(const CutBody& plan) const {
        return std::make_unique<BodyCutter>(plan, std::move(context));
    }
    template <class Plan>
    std::unique_ptr<ResponseShaper> operator()(const Plan& plan) const {
        return make_event_shaper(plan, std::move(context));
    }
};

}  // namespace

std::unique_ptr<ResponseShaper> make_shaper(const StreamPlan& plan, ShaperContext context) {
    return std::visit(Make{context}, plan);
}

}  // namespace etimedout

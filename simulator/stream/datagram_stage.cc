// The stages of datagrams: delay, throttle, loss, duplicate, reorder, corrupt, discard.
#include "simulator/stream/datagram_stage.hh"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace etimedout {

namespace {

// What most are made of: datagrams by the moment at which they may leave, those of one moment in
// the order in which they came. `Plan` is the stage's alternative of DatagramPlan.
template <class Plan>
class DueDatagrams : public DatagramStage {
public:
    using Of = Plan;

    DueDatagrams(const Plan& plan, DatagramContext context)
        : plan_{plan}, context_{std::move(context)} {}

    std::optional<Datagram> give(Moment now) override {
        if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
        Datagram datagram = std::move(queue_.begin()->second);
        datagram.at = queue_.begin()->first;
        queue_.erase(queue_.begin());
        held_ -= datagram.bytes.size();
        return datagram;
    }
    std::optional<Moment> next() const override {
        if (queue_.empty()) return std::nullopt;
        return queue_.begin()->first;
    }
    std::size_t held() const override { return held_; }
    std::size_t count() const override { return queue_.size(); }
    void change(const DatagramPlan& plan, Moment /*now*/) override { plan_ = std::get<Plan>(plan); }
    std::vector<Datagram> dissolve(Moment now) override {
        std::vector<Datagram> rest;
        for (auto& [due, datagram] : queue_) {
            datagram.at = std::min(due, now);
            rest.push_back(std::move(datagram));
        }
        queue_.clear();
        held_ = 0;
        return rest;
    }

protected:
    // Its `at` stays what it was until it is given.
    void leave(Datagram datagram, Moment due) {
        held_ += datagram.bytes.size();
        queue_.emplace(due, std::move(datagram));
    }

    Plan plan_;
    DatagramContext context_;
    std::multimap<Moment, Datagram> queue_;
    std::size_t held_ = 0;
};

class PassDatagrams final : public DueDatagrams<DatagramPass> {
public:
    using DueDatagrams::DueDatagrams;
    void take(Datagram datagram) override {
        const Moment at = datagram.at;
        leave(std::move(datagram), at);
    }
};

class DelayDatagrams final : public DueDatagrams<DatagramDelay> {
public:
    using DueDatagrams::DueDatagrams;
    void take(Datagram datagram) override {
        const Moment due = datagram.at + delay_of(datagram.number);
        leave(std::move(datagram), due);
    }
    void change(const DatagramPlan& plan, Moment now) override {
        DueDatagrams::change(plan, now);
        for (auto& [due, datagram] : std::exchange(queue_, {})) {
            const Moment other = datagram.at + delay_of(datagram.number);
            queue_.emplace(other, std::move(datagram));
        }
    }

private:
    Duration delay_of(std::uint64_t number) const {
        Rng rng = context_.chance.of(number);
        return drawn_delay(plan_.delay, plan_.jitter, plan_.grain, rng);
    }
};

// One after the other, each at the end of the time that its bytes take.
class ThrottleDatagrams final : public DatagramStage {
public:
    using Of = DatagramThrottle;

    ThrottleDatagrams(const DatagramThrottle& plan, DatagramContext context)
        : plan_{plan}, context_{std::move(context)} {}

    void take(Datagram datagram) override {
        held_ += datagram.bytes.size();
        queue_.push_back(std::move(datagram));
        reserve();
    }
    std::optional<Datagram> give(Moment now) override {
        if (!due_ || *due_ > now) return std::nullopt;
        Datagram datagram = std::move(queue_.front());
        queue_.pop_front();
        held_ -= datagram.bytes.size();
        datagram.at = *std::exchange(due_, std::nullopt);
        reserve();
        return datagram;
    }
    std::optional<Moment> next() const override { return due_; }
    std::size_t held() const override { return held_; }
    std::size_t count() const override { return queue_.size(); }
    void change(const DatagramPlan& plan, Moment now) override {
        plan_ = std::get<DatagramThrottle>(plan);
        free_at_ = now;
        due_.reset();
        reserve();
    }
    std::vector<Datagram> dissolve(Moment now) override {
        std::vector<Datagram> rest{std::make_move_iterator(queue_.begin()),
                                   std::make_move_iterator(queue_.end())};
        for (Datagram& datagram : rest) datagram.at = std::max(datagram.at, now);
        queue_.clear();
        held_ = 0;
        due_.reset();
        return rest;
    }

private:
    void reserve() {
        if (due_ || queue_.empty() || plan_.bytes_per_second <= 0) return;
        const Moment from = std::max(queue_.front().at, free_at_);
        const auto size = static_cast<std::int64_t>(queue_.front().bytes.size());
        due_ = plan_.shared && context_.budget != nullptr
                   ? context_.budget->grant(size, plan_.bytes_per_second, from)
                   : from + time_for(size, plan_.bytes_per_second);
        free_at_ = *due_;
    }

    DatagramThrottle plan_;
    DatagramContext context_;
    std::deque<Datagram> queue_;
    std::size_t held_ = 0;
    Moment free_at_{};
    std::optional<Moment> due_;  // of the first; nothing while the rate is 0
};

class LossOfDatagrams final : public DueDatagrams<DatagramLoss> {
public:
    using DueDatagrams::DueDatagrams;
    void take(Datagram datagram) override {
        const double more = lost_before_ ? plan_.correlation.value : 0.0;
        Rng rng = context_.chance.of(datagram.number);
        lost_before_ = rng.next_double() < std::min(1.0, plan_.chance.value + more);
        if (lost_before_) {
            ++context_.counts->lost;
            return;
        }
        const Moment at = datagram.at;
        leave(std::move(datagram), at);
    }

private:
    bool lost_before_ = false;
};

class DuplicateDatagrams final : public DueDatagrams<DatagramDuplicate> {
public:
    using DueDatagrams::DueDatagrams;
    void take(Datagram datagram) override {
        const Moment at = datagram.at;
        Rng rng = context_.chance.of(datagram.number);
        if (rng.next_double() >= plan_.chance.value) {
            leave(std::move(datagram), at);
            return;
        }
        ++context_.counts->duplicated;
        Datagram copy = datagram;
        copy.number = context_.chance.copy_of(datagram.number);
        leave(std::move(datagram), at);
        leave(std::move(copy), at);
    }
};

class ReorderDatagrams final : public DueDatagrams<DatagramReorder> {
public:
    using DueDatagrams::DueDatagrams;

    void take(Datagram datagram) override {
        const Moment at = datagram.at;
        Rng rng = context_.chance.of(datagram.number);
        if (rng.next_double() < plan_.chance.value) {
            held_ += datagram.bytes.size();
            waiting_.push_back({std::move(datagram), 0});
            return;
        }
        release_impatient(at);
        leave(std::move(datagram), at);
        for (Waiting& one : waiting_) ++one.overtaken;
        while (!waiting_.empty() && waiting_.front().overtaken >= plan_.distance) {
            ++context_.counts->reordered;
            release(at);
        }
    }
    std::optional<Datagram> give(Moment now) override {
        release_impatient(now);
        return DueDatagrams::give(now);
    }
    std::optional<Moment> next() const override {
        const auto due = DueDatagrams::next();
        if (waiting_.empty()) return due;
        const Moment last = waiting_.front().datagram.at + plan_.patience;
        return due ? std::min(*due, last) : last;
    }
    std::size_t count() const override { return queue_.size() + waiting_.size(); }
    std::vector<Datagram> dissolve(Moment now) override {
        while (!waiting_.empty()) release(now);
        return DueDatagrams::dissolve(now);
    }

private:
    // Each has waited at least as long, and was overtaken at least as often, as those behind it.
    struct Waiting {
        Datagram datagram;
        std::int64_t overtaken;
    };
    void release(Moment at) {
        Waiting one = std::move(waiting_.front());
        waiting_.pop_front();
        held_ -= one.datagram.bytes.size();
        leave(std::move(one.datagram), at);
    }
    void release_impatient(Moment now) {
        while (!waiting_.empty()) {
            const Waiting& first = waiting_.front();
            const Moment last = first.datagram.at + plan_.patience;
            if (last > now) return;
            if (first.overtaken > 0) ++context_.counts->reordered;
            release(last);
        }
    }
    std::deque<Waiting> waiting_;
};

class CorruptDatagrams final : public DueDatagrams<DatagramCorrupt> {
public:
    using DueDatagrams::DueDatagrams;
    void take(Datagram datagram) override {
        Rng rng = context_.chance.of(datagram.number);
        std::string& bytes = datagram.bytes;
        bool damaged = false;
        const auto gap = [&] { return spared_bytes(plan_.chance, rng); };
        for (std::uint64_t at = gap(); at < bytes.size(); at += 1 + gap()) {
            const auto byte = static_cast<unsigned char>(bytes[at]);
            bytes[at] = static_cast<char>(byte ^ (1U << static_cast<unsigned>(rng.below(8))));
            damaged = true;
        }
        if (damaged) ++context_.counts->corrupted;
        const Moment at = datagram.at;
        leave(std::move(datagram), at);
    }
};

class DiscardDatagrams final : public DueDatagrams<DatagramDiscard> {
public:
    DiscardDatagrams(const DatagramDiscard& plan, DatagramContext context)
        : DueDatagrams{plan, context}, last_{context.now} {}
    void take(Datagram datagram) override {
        last_ = std::max(last_, datagram.at);
        ++context_.counts->lost;
    }
    void change(const DatagramPlan& plan, Moment now) override {
        DueDatagrams::change(plan, now);
        last_ = now;
    }
    std::optional<Moment> ends() const override {
        if (plan_.idle <= Duration{}) return std::nullopt;
        return last_ + plan_.idle;
    }

private:
    Moment last_;
};

// The one of these stages that is of the plan's kind.
template <class... Stages>
std::unique_ptr<DatagramStage> one_of(const DatagramPlan& plan, const DatagramContext& context) {
    static_assert(sizeof...(Stages) == std::variant_size_v<DatagramPlan>);
    std::unique_ptr<DatagramStage> stage;
    const auto consider = [&]<class One>(std::type_identity<One>) {
        if (const auto* mine = std::get_if<typename One::Of>(&plan)) {
            stage = std::make_unique<One>(*mine, context);
        }
    };
    (consider(std::type_identity<Stages>{}), ...);
    return stage;
}

}  // namespace

std::unique_ptr<DatagramStage> make_datagram_stage(const DatagramPlan& plan,
                                                   const DatagramContext& context) {
    return one_of<PassDatagrams, DelayDatagrams, ThrottleDatagrams, LossOfDatagrams,
                  DuplicateDatagrams, ReorderDatagrams, CorruptDatagrams, DiscardDatagrams>(
        plan, context);
}

}  // namespace etimedout

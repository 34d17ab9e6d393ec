// Outlet: bytes and ends that wait for their moment, paced by the piece, or held at a barrier.
#include "simulator/stream/outlet.hh"

#include <algorithm>
#include <limits>
#include <utility>

namespace etimedout {

namespace {

// What is joined to one item at the most.
constexpr std::size_t most_joined = 64U << 10U;

}  // namespace

void Outlet::put(std::string bytes, Moment at, Weight weight) {
    if (bytes.empty() || ended_) return;
    held_ += bytes.size();
    ++version_;
    runs_.emplace_back(Data{std::move(bytes), 0, weight, at});
}

void Outlet::set_tempo(Tempo tempo, Moment at) {
    runs_.emplace_back(Change{std::move(tempo), at});
    begin_tempos();
}

void Outlet::block(std::string fault) {
    const auto* last = runs_.empty() ? nullptr : std::get_if<Barrier>(&runs_.back());
    if (last == nullptr || last->fault != fault) runs_.emplace_back(Barrier{std::move(fault)});
}

void Outlet::end(Item::Kind kind, Moment at) {
    if (closed_ || (ended_ && kind == Item::Kind::fin)) return;
    ended_ = true;
    closed_ = kind != Item::Kind::fin;
    ++version_;
    runs_.emplace_back(End{kind, at});
    if (ends_pass_) drop_before_ends();
}

void Outlet::let_ends_pass() {
    ends_pass_ = true;
    drop_before_ends();
}

void Outlet::drop_before_ends() {
    const auto is_barrier = [](const Run& run) { return std::holds_alternative<Barrier>(run); };
    const auto is_end = [](const Run& run) { return std::holds_alternative<End>(run); };
    const auto barrier = std::find_if(runs_.begin(), runs_.end(), is_barrier);
    const auto end = std::find_if(barrier, runs_.end(), is_end);
    if (end == runs_.end()) return;
    for (auto run = barrier; run != end; ++run) {
        if (const auto* data = std::get_if<Data>(&*run)) held_ -= data->size();
    }
    runs_.erase(barrier, end);
    ++version_;
}

void Outlet::lift_healed(const std::function<bool(const std::string&)>& is_armed, Moment now) {
    const auto healed = [&](const std::string& fault) {
        return !fault.empty() && !is_armed(fault);
    };
    bool changed = false;
    if (healed(tempo_.fault)) {
        tempo_ = {};
        next_piece_ = {};
        changed = true;
    }
    for (Run& run : runs_) {
        auto* change = std::get_if<Change>(&run);
        if (change != nullptr && healed(change->tempo.fault)) change->tempo = {};
    }
    const auto gone = std::remove_if(runs_.begin(), runs_.end(), [&](const Run& run) {
        const auto* barrier = std::get_if<Barrier>(&run);
        return barrier != nullptr && healed(barrier->fault);
    });
    changed = changed || gone != runs_.end();
    runs_.erase(gone, runs_.end());
    if (!changed) return;
    // What was kept leaves now, not when it would have without the fault.
    last_due_ = std::max(last_due_, now);
    ++version_;
    begin_tempos();
}

void Outlet::begin_tempos() {
    while (!runs_.empty()) {
        auto* change = std::get_if<Change>(&runs_.front());
        if (change == nullptr) return;
        tempo_ = std::move(change->tempo);
        next_piece_ = std::max(change->at, last_due_) + tempo_.first;
        runs_.pop_front();
    }
}

std::optional<Moment> Outlet::due() const {
    if (runs_.empty()) return std::nullopt;
    const Run& front = runs_.front();
    if (const auto* end = std::get_if<End>(&front)) return std::max(end->at, last_due_);
    const auto* data = std::get_if<Data>(&front);
    if (data == nullptr) return std::nullopt;
    const Moment when = std::max(data->at, last_due_);
    return data->weight == Weight::free ? when : std::max(when, next_piece_);
}

std::optional<Moment> Outlet::next() const { return due(); }

std::optional<Item> Outlet::give(Moment now) {
    const std::optional<Moment> when = due();
    if (!when || *when > now) return std::nullopt;
    last_due_ = *when;
    Item item;
    if (const auto* end = std::get_if<End>(&runs_.front())) {
        item = Item::end(end->kind, *when);
        runs_.pop_front();
    } else {
        item = Item::data(take_piece(*when), *when);
        held_ -= item.bytes.size();
    }
    begin_tempos();
    return item;
}

// One piece, with what is free around it, of what has come by then.
std::string Outlet::take_piece(Moment when) {
    std::int64_t budget =
        tempo_.between > Duration::zero() ? tempo_.piece : std::numeric_limits<std::int64_t>::max();
    bool counted = false;
    std::string piece;
    while (!runs_.empty() && piece.size() < most_joined) {
        auto* data = std::get_if<Data>(&runs_.front());
        if (data == nullptr || data->at > when) break;
        if (data->weight != Weight::free && next_piece_ > when) break;
        std::size_t count = data->size();
        if (data->weight == Weight::byte) {
            count = static_cast<std::size_t>(
                std::min<std::int64_t>(budget, static_cast<std::int64_t>(count)));
            budget -= static_cast<std::int64_t>(count);
        } else if (data->weight == Weight::unit) {
            if (budget == 0) break;
            --budget;
        }
        if (count == 0) break;
        counted = counted || data->weight == Weight::byte || data->weight == Weight::unit;
        if (piece.empty() && data->taken == 0 && count == data->bytes.size()) {
            piece = std::move(data->bytes);
            runs_.pop_front();
            continue;
        }
        piece.append(data->bytes, data->taken, count);
        data->taken += count;
        if (data->size() == 0) runs_.pop_front();
    }
    if (counted && tempo_.between > Duration::zero()) next_piece_ = when + tempo_.between;
    return piece;
}

std::vector<Item> Outlet::dissolve(Moment now) {
    std::vector<Item> rest;
    for (Run& run : runs_) {
        if (auto* data = std::get_if<Data>(&run)) {
            data->bytes.erase(0, data->taken);
            rest.push_back(Item::data(std::move(data->bytes), std::min(data->at, now)));
        } else if (const auto* end = std::get_if<End>(&run)) {
            rest.push_back(Item::end(end->kind, std::min(end->at, now)));
        }
    }
    runs_.clear();
    held_ = 0;
    ++version_;
    return rest;
}

}  // namespace etimedout

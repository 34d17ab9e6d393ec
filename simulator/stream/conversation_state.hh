// ConversationState: what the two stages of a conversation share; conversation*.cc alone use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/stream/conversation.hh"
#include "simulator/stream/outlet.hh"
#include "simulator/stream/request.hh"
#include "simulator/stream/response_reader.hh"
#include "simulator/stream/response_shaper.hh"

namespace etimedout {

// Bytes that wait to be understood; a part of them may have been passed on before.
class Unread {
public:
    void add(std::string_view bytes) { bytes_ += bytes; }
    std::string_view view() const { return std::string_view{bytes_}.substr(begin_); }
    bool empty() const { return begin_ == bytes_.size(); }
    std::size_t held() const { return bytes_.size() - begin_ - passed_; }
    // Removes so many from the front, and returns those of them that were not passed on.
    std::string take(std::size_t count);
    std::string take_all() { return take(view().size()); }
    // All there is is passed on, and still to be understood: what was not passed on before.
    std::string pass_all();

private:
    std::string bytes_;
    std::size_t begin_ = 0;
    std::size_t passed_ = 0;  // from begin_ on
};

// One request and what is to become of its answer.
struct Exchange {
    enum class Kind {
        passed,     // the upstream answers
        swallowed,  // nobody does
        made,       // the answer is made here
        ended       // the connection ends in place of an answer
    };
    Kind kind = Kind::passed;
    std::optional<Ruling> ruling{};
    RequestHead head{};
    bool has_head = false;
    bool is_complete = false;       // the request
    bool is_malformed = false;      // the request
    bool told_to_continue = false;  // RFC 9110, 10.1.1
    bool is_answered = false;       // by a final answer's head
    bool asks_to_switch = false;    // CONNECT, or Upgrade
};

class ConversationState {
public:
    ConversationState(std::shared_ptr<FaultTable> table, ConnectionFacts facts,
                      ConversationOptions options)
        : table_{std::move(table)}, facts_{facts}, options_{std::move(options)} {}
    ~ConversationState() { table_->forget(facts_.number); }
    ConversationState(const ConversationState&) = delete;
    ConversationState& operator=(const ConversationState&) = delete;

    void take_up(Item item);
    void take_down(Item item);
    void rules_changed(Moment now);

    Outlet& up() { return up_; }
    Outlet& down() { return down_; }
    std::size_t held_up() const;
    std::size_t held_down() const;
    // All that is kept, in order, as it came or as it was to leave.
    std::vector<Item> dissolve_up(Moment now);
    std::vector<Item> dissolve_down(Moment now);

private:
    enum class Mode {
        unknown,    // nothing says yet what is spoken
        http,       // requests are read
        switching,  // an answer decides how it goes on
        opaque
    };
    enum class Fate { undecided, passes, dropped };
    enum class Progress { made, none };

    // conversation_up.cc
    void read_up(Moment now);
    void probe(Moment now);
    Progress step_request(Moment now);
    void begin_request(Moment now);
    void judge_request(Moment now);
    void decide(const std::optional<Ruling>& ruling, Moment now);
    void settle_request(std::string bytes, Moment now);
    void finish_request(Moment now);
    void give_up_on_requests(Moment now);
    void end_up(Item::Kind kind, Moment now);
    void opaque_up(Moment now);

    // conversation_down.cc
    void read_down(Moment now);
    Progress step_response(Moment now);
    void unasked_bytes(Moment now);
    void begin_response(const Exchange& exchange);
    void pass_part(std::string raw, ResponseReader::Step step, bool is_head, Moment now);
    void head_came(Exchange& exchange, Moment now);
    void end_response(Moment now);
    void finish_response(Moment now);
    void end_down(Item::Kind kind, Moment now);
    void answer_in_turn(Moment now);
    void answer(const Exchange& exchange, Moment now);
    void opaque_down(Moment now);

    // conversation.cc
    void go_opaque(Moment now);
    void end_both(Item::Kind kind, Moment now);
    void lift_healed(Moment now);
    bool is_muted() const;
    // Bytes that are no requests came: whether they pass. `ruling`: what the table says of them.
    bool opaque_bytes_pass(const std::optional<Ruling>& ruling, Moment now);
    // Whatever the client sends now, the connection is about to be closed.
    bool ends_soon() const;
    bool over() const { return down_.closed(); }

    std::shared_ptr<FaultTable> table_;
    ConnectionFacts facts_;
    ConversationOptions options_;
    Mode mode_ = Mode::unknown;

    Outlet up_;
    Unread from_client_;
    std::string undecided_;  // of the request under way, read and not yet judged
    std::unique_ptr<RequestReader> request_;
    std::shared_ptr<Exchange> current_;  // the request under way, where its fate is known
    Fate fate_ = Fate::undecided;
    std::int64_t number_ = 0;  // of the request

    Outlet down_;
    Unread from_server_;
    std::unique_ptr<ResponseReader> response_;
    std::string response_head_;  // as it came, as far as it has
    std::unique_ptr<ResponseShaper> shaper_;
    std::deque<std::shared_ptr<Exchange>> exchanges_;  // whose answers are owed, in order
    std::optional<Item::Kind> late_end_;  // of the server, while an answer made here is owed

    // A request that is swallowed leaves a gap which no later answer may fill, since a client takes
    // answers in order; until the fault is healed the connection stays mute.
    std::string muted_by_;
    std::string paced_by_;  // the fault whose tempo an opaque connection has
};

}  // namespace etimedout

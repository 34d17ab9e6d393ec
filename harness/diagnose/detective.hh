// Detective: the rules, from the packets and records of one failed call to its root cause.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/exchange.hh"
#include "harness/diagnose/root_cause.hh"
#include "harness/diagnose/scene.hh"

namespace etimedout {

// What is diagnosed: a call, or an exchange of a capture.
struct Suspect {
    std::string trace{};  // "c1/3", as requests carry it; empty for a capture
    int node = -1;        // who called
    Span ran{};
    const CallEnd* end = nullptr;
    const CallBegin* begin = nullptr;
    // From the caller inwards: at each link the exchange that failed, each the reason of the one
    // before.
    std::vector<Exchange> chain{};
};

// Each rule looks for what separates one cause from those that look like it to the caller, and is
// silent where that is missing. They are in the order in which they are asked in detective.cc.
class Detective {
public:
    explicit Detective(const Scene& scene);

    // Of every call that failed; of every exchange that failed where there are no calls.
    std::vector<CaseDiagnosis> cases() const;

private:
    using Verdict_ = std::optional<Diagnosis>;

    Suspect suspect_of(const SceneCall& call) const;
    CaseDiagnosis case_of(const Suspect& suspect) const;
    std::vector<CaseDiagnosis> cases_of_capture() const;
    Diagnosis diagnose(const Suspect& suspect) const;
    Diagnosis diagnose_exchange(const Suspect& suspect, const Exchange& exchange) const;
    std::vector<Exchange> chain_of(const Suspect& suspect) const;
    std::vector<Exchange> exchanges_from(int node, const Suspect& suspect, const Span& span) const;
    const std::vector<Exchange>& all_of(const SceneLink& link) const;

    // rules_of_callers.cc: before anything came onto a wire.
    Verdict_ own_limits(const Suspect& suspect) const;
    Verdict_ nothing_on_the_wire(const Suspect& suspect) const;
    Verdict_ pings(const Suspect& suspect) const;
    Verdict_ no_trust(const Suspect& suspect) const;
    Verdict_ words_of_databases(const Suspect& suspect) const;

    // rules_of_names.cc: what the resolver said.
    Verdict_ names(const Suspect& suspect, int node, const Span& span, const Exchange* tried) const;
    // The last answer with this address in it, of any link.
    std::optional<Seen<DnsMessage>> given_by_dns(std::string_view address, Duration until) const;
    Verdict_ wrong_address(const Suspect& suspect, int node, const Exchange& exchange) const;

    // rules_of_links.cc: what became of packets.
    Verdict_ damaged(const Exchange& exchange) const;
    Verdict_ icmp(const Exchange& exchange) const;
    Verdict_ dropped(const Exchange& exchange) const;
    Verdict_ dropped_on(const Exchange& exchange, Way way, Crossing::Phase phase) const;
    Diagnosis by_a_rule(const Exchange& exchange, Way way, Crossing::Phase phase, const Drops& own,
                        std::vector<std::string> evidence) const;
    Verdict_ unseen_retransmissions(const Exchange& exchange) const;
    std::int64_t seen_again(int node, Duration from) const;
    Verdict_ answer_kept_back(const Exchange& exchange) const;
    Verdict_ slow_link(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ reset_on_the_way(const Exchange& exchange) const;
    Verdict_ one_sided(const Exchange& exchange) const;

    // rules_of_callees.cc: what the callee's kernel and program did.
    Verdict_ queue_full(const Exchange& exchange) const;
    Verdict_ silent_kernel(const Exchange& exchange) const;
    Verdict_ refused(const Exchange& exchange) const;
    Verdict_ out_of_descriptors(int node, const Span& span) const;
    Verdict_ program_gone(const Exchange& exchange) const;
    // Its program ended while the exchange ran, and its caller saw that.
    bool died_meanwhile(const Exchange& exchange) const;
    Verdict_ not_reading(const Exchange& exchange) const;
    Verdict_ window_closed(const Exchange& exchange) const;
    Verdict_ program_silent(const Suspect& suspect, const Exchange& exchange) const;

    // rules_of_gateways.cc: proxies, APIs, streams.
    Verdict_ idle_tunnel(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ keep_alive_race(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ forgotten_by_callee(const Exchange& exchange) const;
    Verdict_ cut_on_its_way(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ api_says_no(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ stream(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ error_of_its_own(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ no_slot_free(const Exchange& exchange, std::vector<std::string> evidence) const;
    Verdict_ waits_for_a_slot(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ answered_alone(const Suspect& suspect, const Exchange& exchange) const;
    Verdict_ taken_out(const Suspect& suspect, const Exchange& exchange,
                       std::vector<std::string> evidence) const;
    Verdict_ budgets(const Suspect& suspect, const Diagnosis& inner) const;

    const Scene& scene_;
    std::map<const SceneLink*, std::vector<Exchange>> exchanges_;
};

// Whether the call did what it should: then there is nothing to diagnose. An answer that says that
// the request was wrong (4xx but 408 and 429) is one. What a caller cannot know is not asked here:
// whether an answer of open length is all that was sent.
bool needs_no_diagnosis(const CallEnd& end);

// Of an API that streams: by its content type, or by its path.
bool is_streaming(const Suspect& suspect, const Exchange& exchange);

// What is wrong with the events of a stream that came with 200; empty: nothing, or no stream.
std::string stream_problem(const CallEnd& end);

// Whether the caller's words, or its program's output, have one of these in them.
bool mentions(const CallEnd& end, std::initializer_list<std::string_view> words);

// Evidence is written with these, so that it reads alike everywhere.
std::string at(Duration t);  // "t=1.05s"
std::string after(Duration t);
std::string times(std::int64_t count, std::string_view what);  // "1 SYN", "3 SYNs"

Diagnosis not_enough(std::string finding, std::vector<std::string> evidence, std::string advice);

}  // namespace etimedout

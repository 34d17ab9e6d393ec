// Moments: folding a log into the few lines that tell the story.
#include "harness/report/moments.hh"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/expect/measure.hh"
#include "harness/report/text.hh"

namespace etimedout {

namespace {

std::string times(std::int64_t count) {
    return count > 1 ? fmt::format(" ×{}", count) : std::string{};
}

// What a call does, as its step says: "GET /pay".
std::string what_of(const LogIndex& log, const std::string& call) {
    const CallStep* step = log.call_step(call);
    if (step == nullptr) return {};
    std::string what;
    if (const auto* http = std::get_if<HttpCall>(&step->what)) {
        what = fmt::format("{} {}", http->method, http->path);
    } else if (const auto* dns = std::get_if<DnsCall>(&step->what)) {
        what = fmt::format("look up {}", dns->name);
    } else if (const auto* ping = std::get_if<PingCall>(&step->what)) {
        what = fmt::format("ping{}", times(ping->count));
    } else if (const auto* exec = std::get_if<ExecCall>(&step->what)) {
        what = exec->command;
    } else if (const auto* tcp = std::get_if<TcpCall>(&step->what)) {
        what = tcp->send || tcp->send_size ? "connect and send" : "connect";
    }
    return fmt::format(": {}", one_line(what, 48));
}

std::string became(const CallEnd& end) {
    std::string text = end.outcome;
    if (end.status) text += fmt::format(" {}", *end.status);
    if (!end.error.empty()) text += fmt::format(" ({})", end.error);
    if (end.exit_code && *end.exit_code != 0) text += fmt::format(", exit code {}", *end.exit_code);
    return fmt::format("{} after {}", text, show(end.total));
}

class Story {
public:
    Story(const LogIndex& log, const Focus& focus) : log_{log}, focus_{focus} {
        for (const At<DnsMessage>& seen : log.dns_messages()) {
            if (seen.what->end == "near")
                names_.emplace(std::pair{seen.what->link, seen.t}, seen.what);
        }
    }

    std::vector<Moment> tell() {
        for (const std::string& name : focus_.links) tell_link(name);
        tell_calls();
        tell_faults();
        tell_processes();
        // At one time, what causes comes before what follows from it.
        std::stable_sort(ranked_.begin(), ranked_.end(), [](const Ranked& a, const Ranked& b) {
            return std::pair{a.moment.t, a.rank} < std::pair{b.moment.t, b.rank};
        });
        std::vector<Moment> moments;
        for (Ranked& one : ranked_) moments.push_back(std::move(one.moment));
        return moments;
    }

private:
    bool shown(Duration t) const { return focus_.window.contains(t); }

    enum class Rank { fault, call_begin, packet, process, call_end };
    struct Ranked {
        Moment moment{};
        Rank rank{};
    };

    void mark(Duration t, Rank rank, std::string text) {
        Moment moment;
        moment.t = t;
        moment.label = std::move(text);
        ranked_.push_back({std::move(moment), rank});
    }

    enum class Way { along, against };
    void packet(const std::string& link, Duration t, Way way, std::string label,
                std::string note = {}, std::optional<Duration> until = {}) {
        const LinkSpec& spec = *log_.link_spec(link);
        Moment moment;
        moment.t = t;
        moment.until = until;
        moment.kind = MomentKind::packet;
        moment.link = link;
        moment.against = way == Way::against;
        moment.from = moment.against ? spec.to : spec.from;
        moment.to = moment.against ? spec.from : spec.to;
        moment.label = std::move(label);
        moment.note = std::move(note);
        ranked_.push_back({std::move(moment), Rank::packet});
    }

    void tell_link(const std::string& name) {
        if (!log_.is_link(name)) return;
        const LinkTraffic& traffic = log_.link(name);
        for (const Connection& connection : traffic.connections) {
            if (connection.began > focus_.window.to) continue;
            tell_opening(name, connection);
            for (const Request& request : connection.requests) tell_request(name, request);
            if (connection.requests.empty()) tell_data(name, connection);
            tell_retransmissions(name, connection, "client");
            tell_retransmissions(name, connection, "server");
            tell_closing(name, connection);
        }
        tell_datagrams(name, traffic);
    }

    // The three packets of a handshake are one line, and so are SYNs that nothing answers.
    void tell_opening(const std::string& name, const Connection& connection) {
        if (!shown(connection.began)) return;
        const std::string label = "SYN" + times(connection.syns);
        if (connection.established) {
            packet(name, connection.began, Way::along, label,
                   fmt::format("#{} connected in {}", connection.number,
                               show(*connection.established - connection.began)));
            return;
        }
        std::optional<Duration> last;
        std::string refused;
        for (const TcpMoment& moment : connection.moments) {
            if (moment.what->what == "syn") last = moment.t;
            if (moment.what->what == "icmp_error") refused = ", an ICMP error came back";
        }
        if (last == connection.began) last.reset();
        if (is_refused(connection)) {
            refused =
                fmt::format(", refused after {}", show(*connection.closed - connection.began));
        }
        std::string note = fmt::format("#{}", connection.number);
        if (last) note += fmt::format(", until {}", show(*last));
        note += refused.empty() ? ", no answer" : refused;
        packet(name, connection.began, Way::along, label, std::move(note), last);
    }

    void tell_request(const std::string& name, const Request& request) {
        if (shown(request.began)) {
            std::string note = fmt::format("#{}", request.connection);
            if (!request.message->complete) note += ", not all of it";
            packet(
                name, request.began, Way::along,
                fmt::format("{} {}", request.message->method, one_line(request.message->path, 18)),
                std::move(note));
        }
        if (request.response == nullptr || !shown(request.answered)) return;
        std::string note = fmt::format("#{}, {} after the request", request.connection,
                                       show(request.answered - request.sent));
        std::optional<Duration> until;
        if (request.finished && *request.finished - request.answered >= 1ms) {
            until = request.finished;
            note += fmt::format(", body until {}", show(*until));
        }
        if (!request.response->complete) note += ", cut short";
        packet(name, request.answered, Way::against, fmt::format("{}", request.response->status),
               std::move(note), until);
    }

    void tell_data(const std::string& name, const Connection& connection) {
        if (connection.bytes == 0) return;
        for (const TcpMoment& moment : connection.moments) {
            if (moment.what->what != "first_data" || !shown(moment.t)) continue;
            const Way way = moment.what->by == "server" ? Way::against : Way::along;
            packet(name, moment.t, way, "data",
                   fmt::format("#{}, {} in all", connection.number, show(Bytes{connection.bytes})),
                   connection.last_byte);
        }
    }

    void tell_retransmissions(const std::string& name, const Connection& connection,
                              const std::string& by) {
        std::int64_t count = 0;
        Duration first{};
        Duration last{};
        for (const TcpMoment& moment : connection.moments) {
            if (moment.what->what != "retransmission" || moment.what->by != by) continue;
            if (!shown(moment.t)) continue;
            if (count++ == 0) first = moment.t;
            last = moment.t;
        }
        if (count == 0) return;
        std::string note = fmt::format("#{}, sent again", connection.number);
        if (count > 1) note += fmt::format(", until {}", show(last));
        packet(name, first, by == "server" ? Way::against : Way::along, "data" + times(count),
               std::move(note), last);
    }

    // An answer to a SYN, which is told with it.
    static bool is_refused(const Connection& connection) {
        return !connection.established && connection.closed && connection.closed_by == "server" &&
               connection.closed_how == "rst";
    }

    void tell_closing(const std::string& name, const Connection& connection) {
        if (!connection.closed || !shown(*connection.closed) || is_refused(connection)) return;
        packet(
            name, *connection.closed, connection.closed_by == "server" ? Way::against : Way::along,
            connection.closed_how == "rst" ? "RST" : "FIN", fmt::format("#{}", connection.number));
    }

    // Who sends first is the near end; runs of one kind in one direction are one line.
    // A datagram by its kind, or by what it says where that is known.
    struct Said {
        std::string label;
        std::string detail{};
        bool operator==(const Said&) const = default;
    };
    Said said(const std::string& link, const DatagramMoment& datagram) const {
        const auto [from, to] = names_.equal_range({link, datagram.t});
        for (auto found = from; found != to; ++found) {
            const DnsMessage& message = *found->second;
            if (message.from != datagram.what->from || message.to != datagram.what->to) continue;
            if (message.what == "malformed") return {"DNS, malformed"};
            const std::string question = fmt::format("{} {}", message.type, message.name);
            if (message.what == "query") return {message.type + "?", message.name};
            if (message.truncated) return {"truncated", question};
            if (message.rcode != "NOERROR") return {message.rcode, question};
            if (message.records.empty()) return {"no records", question};
            return {message.type, fmt::format("{}", fmt::join(message.records, ", "))};
        }
        return {datagram.what->what};
    }

    void tell_datagrams(const std::string& name, const LinkTraffic& traffic) {
        if (traffic.datagrams.empty()) return;
        const auto address = [](const std::string& text) {
            return text.substr(0, text.rfind(':'));
        };
        const std::string near = address(traffic.datagrams.front().what->from);
        std::size_t folded = 0;
        for (std::size_t i = 0; i < traffic.datagrams.size(); i += folded) {
            const DatagramMoment& first = traffic.datagrams[i];
            folded = 1;
            while (i + folded < traffic.datagrams.size() &&
                   traffic.datagrams[i + folded].what->from == first.what->from &&
                   said(name, traffic.datagrams[i + folded]) == said(name, first)) {
                ++folded;
            }
            if (!shown(first.t)) continue;
            const auto count = static_cast<std::int64_t>(folded);
            std::optional<Duration> until;
            if (folded > 1) until = traffic.datagrams[i + folded - 1].t;
            const Said what = said(name, first);
            packet(name, first.t, address(first.what->from) == near ? Way::along : Way::against,
                   what.label + times(count),
                   until ? fmt::format("until {}", show(*until)) : what.detail, until);
        }
    }

    void tell_calls() {
        for (const auto& [call, runs] : log_.calls()) {
            for (const CallRun& run : runs) {
                const std::string name =
                    runs.size() > 1 ? fmt::format("{}/{}", call, run.begin->index) : call;
                if (shown(run.ran.from)) {
                    mark(run.ran.from, Rank::call_begin,
                         fmt::format("call {}{}", name, what_of(log_, call)));
                }
                if (run.end != nullptr && shown(run.ran.to)) {
                    mark(run.ran.to, Rank::call_end,
                         fmt::format("call {} ends: {}", name, became(*run.end)));
                }
            }
        }
    }

    // A fault that is in force when the picture begins belongs to it.
    void tell_faults() {
        for (const Step& step : log_.scenario().steps) {
            const auto* fault = std::get_if<FaultStep>(&step.what);
            if (fault == nullptr) continue;
            const FaultLife& life = log_.fault(fault->armed.id);
            if (!life.armed || *life.armed > focus_.window.to) continue;
            if (life.healed && *life.healed < focus_.window.from) continue;
            const auto kind = kind_of(fault->armed.fault);
            const std::string name = kind == fault->armed.id
                                         ? fault->armed.id
                                         : fmt::format("{} ({})", fault->armed.id, kind);
            mark(*life.armed, Rank::fault,
                 fmt::format("fault {} armed on {}", name, fault->target));
            if (life.healed && shown(*life.healed)) {
                mark(*life.healed, Rank::fault, fmt::format("fault {} healed", fault->armed.id));
            }
        }
    }

    void tell_processes() {
        for (const NamedNode& node : log_.scenario().topology.nodes) {
            for (const auto& end : log_.process_ends_of(node.name)) {
                if (end.what->expected || !shown(end.t)) continue;
                mark(end.t, Rank::process,
                     fmt::format("{} ended by itself, exit code {}", node.name,
                                 end.what->exit_code));
            }
        }
    }

    const LogIndex& log_;
    std::multimap<std::pair<std::string, Duration>, const DnsMessage*> names_;  // of near ends
    const Focus& focus_;
    std::vector<Ranked> ranked_;
};

// Keeps the beginning, and what leads to the moment that matters.
std::vector<Moment> shortened(std::vector<Moment> moments, const Focus& focus, std::size_t most) {
    if (moments.size() <= most || most < 4) return moments;
    const std::size_t head = most / 3;
    const std::size_t tail = most - head - 1;
    std::size_t end = moments.size();
    if (focus.at) {
        // One moment more than those up to then.
        const auto after = std::find_if(moments.begin(), moments.end(),
                                        [&](const Moment& one) { return one.t > *focus.at; });
        end = static_cast<std::size_t>(after - moments.begin());
        end = std::min(moments.size(), std::max(end + 1, head + tail));
        if (end + 1 == moments.size()) ++end;  // a line that says that one is missing is as long
    }
    const auto omitted = [](std::size_t count, Duration from, Duration to) {
        Moment moment;
        moment.t = from;
        moment.until = to;
        moment.kind = MomentKind::omitted;
        moment.label = fmt::format("… {} more, from {} to {} …", count, show(from), show(to));
        return moment;
    };
    std::vector<Moment> kept{moments.begin(), moments.begin() + static_cast<std::ptrdiff_t>(head)};
    const std::size_t resume = std::max(head, end - std::min(end, tail));
    if (resume > head) {
        kept.push_back(omitted(resume - head, moments[head].t, moments[resume - 1].t));
    }
    for (std::size_t i = resume; i < end; ++i) kept.push_back(moments[i]);
    if (end < moments.size()) {
        kept.push_back(omitted(moments.size() - end, moments[end].t, moments.back().t));
    }
    return kept;
}

std::vector<Moment> with_silences(const std::vector<Moment>& moments) {
    if (moments.empty()) return moments;
    constexpr Duration shortest = 500ms;
    constexpr int share = 20;  // of the whole
    const Duration whole = moments.back().t - moments.front().t;
    std::vector<Moment> told;
    Duration busy_until = moments.front().t;
    for (const Moment& moment : moments) {
        const Duration gap = moment.t - busy_until;
        if (gap >= shortest && gap >= whole / share) {
            Moment silence;
            silence.t = busy_until;
            silence.until = moment.t;
            silence.kind = MomentKind::silence;
            silence.label = fmt::format("… {} of silence …", show(gap));
            told.push_back(std::move(silence));
        }
        told.push_back(moment);
        busy_until = std::max({busy_until, moment.t, moment.until.value_or(moment.t)});
    }
    return told;
}

std::string repeated(std::string_view piece, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += piece;
    return text;
}

// "────── GET / ─────▶", or with its head at the other end.
std::string arrow(const Moment& moment, std::size_t width) {
    const std::size_t label = width_of(moment.label) + 2;
    const std::size_t shaft = std::max<std::size_t>(width, label + 5) - label - 1;
    const std::string left = repeated("─", shaft / 2);
    const std::string right = repeated("─", shaft - shaft / 2);
    return moment.against ? fmt::format("◀{} {} {}", left, moment.label, right)
                          : fmt::format("{} {} {}▶", left, moment.label, right);
}

}  // namespace

Focus focus_of(const LogIndex& log, const Finding& finding) {
    Focus focus;
    focus.links = finding.links;
    focus.at = finding.at;
    focus.window = {log.steps_begin(), log.end_time()};
    if (const auto call = log.window_of_call(finding.call)) {
        focus.window.from = call->from;
        focus.window.to = call->to;
        for (const CallRun& run : log.runs_of(finding.call)) {
            // Of many repetitions, the one that it was observed in.
            if (finding.at && run.ran.contains(*finding.at) && run.ran.to == *finding.at) {
                focus.window = run.ran;
            }
        }
        constexpr Duration aftermath = 2s;
        focus.window.to = std::max(focus.window.to, finding.at.value_or(Duration{})) + aftermath;
        // Not into what comes next.
        const Duration next = log.next_call_after(focus.window.from);
        if (next > call->to && next < log.end_time()) {
            focus.window.to = std::min(focus.window.to, next - Duration{1});
        }
    }
    return focus;
}

std::vector<Moment> moments_of(const LogIndex& log, const Focus& focus, std::size_t most) {
    return with_silences(shortened(Story{log, focus}.tell(), focus, most));
}

std::vector<std::string> picture_of(const LogIndex& log, const Focus& focus,
                                    const std::vector<Moment>& moments, std::size_t columns) {
    constexpr std::size_t arrow_width = 26;
    constexpr std::size_t widest_name = 14;
    std::size_t link_width = 0;
    std::size_t near_width = 0;
    std::size_t far_width = 0;
    for (const std::string& name : focus.links) {
        const LinkSpec* link = log.link_spec(name);
        if (link == nullptr) continue;
        link_width = std::min(widest_name, std::max(link_width, width_of(name)));
        near_width = std::min(widest_name, std::max(near_width, width_of(link->from)));
        far_width = std::min(widest_name, std::max(far_width, width_of(link->to)));
    }
    std::vector<std::string> lines;
    for (const Moment& moment : moments) {
        const bool timed = moment.kind == MomentKind::packet || moment.kind == MomentKind::mark;
        const double seconds = std::chrono::duration<double>(moment.t).count();
        std::string line = timed ? fmt::format("{:>9.3f}s  ", seconds) : std::string(12, ' ');
        if (moment.kind == MomentKind::packet) {
            const std::string& left = moment.against ? moment.to : moment.from;
            const std::string& right = moment.against ? moment.from : moment.to;
            line += fmt::format(
                "{}  {} {} {}  {}", padded(one_line(moment.link, link_width), link_width),
                padded_left(one_line(left, near_width), near_width), arrow(moment, arrow_width),
                padded(one_line(right, far_width), far_width), moment.note);
        } else {
            line += moment.kind == MomentKind::mark ? "● " : "";
            line += moment.label;
        }
        while (line.ends_with(' ')) line.pop_back();
        lines.push_back(one_line(line, columns));
    }
    return lines;
}

}  // namespace etimedout

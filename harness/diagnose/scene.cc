// Scene: sorting a log by links and nodes.
#include "harness/diagnose/scene.hh"

#include <algorithm>
#include <charconv>
#include <set>
#include <type_traits>

namespace etimedout {

namespace {

template <class T>
constexpr bool is_of_a_stream =
    std::is_same_v<T, TcpEvent> || std::is_same_v<T, ConnectionSummary> ||
    std::is_same_v<T, HttpMessage>;

struct Builders {
    TrafficBuilder near{};
    TrafficBuilder far{};
};

}  // namespace

std::string_view address_in(std::string_view endpoint) {
    const std::string_view host = endpoint.substr(0, endpoint.rfind(':'));
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

std::int64_t port_in(std::string_view endpoint) {
    const std::size_t colon = endpoint.rfind(':');
    std::int64_t port = 0;
    if (colon == std::string_view::npos) return port;
    const char* begin = endpoint.data() + colon + 1;
    std::from_chars(begin, endpoint.data() + endpoint.size(), port);
    return port;
}

std::int64_t SceneNode::value(std::string_view counter, Duration t) const {
    std::int64_t value = 0;
    for (const auto& sample : counters) {
        if (sample.t > t) break;
        const auto found = sample.what->values.find(std::string{counter});
        if (found != sample.what->values.end()) value = found->second;
    }
    return value;
}

std::int64_t SceneNode::grown(std::string_view counter, const Span& span) const {
    const auto after = std::find_if(counters.begin(), counters.end(),
                                    [&](const auto& sample) { return sample.t >= span.to; });
    const Duration to = after == counters.end() ? span.to : after->t;
    return value(counter, to) - value(counter, span.from);
}

const Sockets* SceneNode::sockets_at(Duration t) const {
    const Sockets* last = nullptr;
    for (const auto& sample : sockets) {
        if (sample.t > t) break;
        last = sample.what;
    }
    return last;
}

std::vector<Seen<Sockets>> SceneNode::sockets_in(const Span& span) const {
    std::vector<Seen<Sockets>> held;
    for (const auto& sample : sockets) {
        if (sample.t > span.to) break;
        if (sample.t <= span.from) held.clear();
        held.push_back(sample);
    }
    return held;
}

const Seen<Sockets>* SceneNode::sockets_after(Duration t) const {
    const auto next = std::find_if(sockets.begin(), sockets.end(),
                                   [&](const Seen<Sockets>& sample) { return sample.t > t; });
    return next == sockets.end() ? nullptr : &*next;
}

std::optional<Seen<ProcessEnd>> SceneNode::gone_at(Duration t) const {
    std::optional<Seen<ProcessEnd>> gone;
    for (const auto& end : ended) {
        if (end.t <= t) gone = end;
    }
    if (!gone) return std::nullopt;
    const bool again = std::any_of(began.begin(), began.end(),
                                   [&](Duration start) { return start >= gone->t && start <= t; });
    return again ? std::nullopt : gone;
}

const Seen<LogLine>* SceneNode::line_with(const std::vector<std::string_view>& words,
                                          const Span& span) const {
    for (const auto& line : lines) {
        if (!span.contains(line.t)) continue;
        for (const std::string_view word : words) {
            if (line.what->text.find(word) != std::string::npos) return &line;
        }
    }
    return nullptr;
}

Scene::Scene(const EventLog& log) {
    std::vector<const Event*> events;
    events.reserve(log.size());
    for (const Event& event : log) events.push_back(&event);
    std::stable_sort(events.begin(), events.end(),
                     [](const Event* a, const Event* b) { return a->t < b->t; });
    std::map<std::string, Builders> builders;
    for (const Event* event : events) {
        end_ = std::max(end_, event->t);
        take(*event);
        std::visit(
            [&](const auto& what) {
                using T = std::decay_t<decltype(what)>;
                if constexpr (is_of_a_stream<T>) {
                    auto& both = builders[what.link];
                    (what.end == "far" ? both.far : both.near).take(event->t, what);
                    if constexpr (std::is_same_v<T, TcpEvent>) {
                        if (what.end == "far") both.near.take_far(event->t, what);
                    }
                } else if constexpr (std::is_same_v<T, CaptureEnd>) {
                    auto& both = builders[what.link];
                    (what.end == "far" ? both.far : both.near).take(what);
                }
            },
            event->what);
    }
    for (SceneCall& call : calls_) {
        if (call.end == nullptr) call.ran.to = end_;
    }
    for (SceneLink& link : links_) {
        auto& both = builders[link.name];
        link.near = std::move(both.near).finish();
        link.far = std::move(both.far).finish();
        link.has_far = link.far.captured || !link.far.connections.empty();
        pair_ends(link);
    }
    know_links_by_ports();
}

int Scene::node_named(const std::string& name) {
    const auto [found, added] = node_index_.emplace(name, static_cast<int>(nodes_.size()));
    if (added) nodes_.push_back(SceneNode{.name = name});
    return found->second;
}

SceneLink& Scene::link_named(const std::string& name) {
    const auto [found, added] = link_index_.emplace(name, links_.size());
    if (added) links_.push_back(SceneLink{.name = name});
    return links_[found->second];
}

void Scene::take(const Event& event) {
    const Duration t = event.t;
    const auto node_of = [&](const auto& what) -> SceneNode& {
        return nodes_[static_cast<std::size_t>(node_named(what.node))];
    };
    std::visit(
        [&](const auto& what) {
            using T = std::decay_t<decltype(what)>;
            if constexpr (is_of_a_stream<T> || std::is_same_v<T, CaptureEnd>) link_named(what.link);
            if constexpr (std::is_same_v<T, LinkBegin>) {
                const int from = node_named(what.from);
                const int to = node_named(what.to);
                SceneLink& link = link_named(what.link);
                link.from = from;
                link.to = to;
                link.port = what.port;
                link.callees = what.callees;
                addresses_known_ = true;
            }
            if constexpr (std::is_same_v<T, DnsMessage>) {
                SceneLink& link = link_named(what.link);
                (what.end == "far" ? link.far_dns : link.dns).push_back({t, &what});
            }
            if constexpr (std::is_same_v<T, Datagram>) {
                SceneLink& link = link_named(what.link);
                if (what.what != "udp") {
                    (what.end == "far" ? link.icmp_far : link.icmp_near).push_back({t, &what});
                }
            }
            if constexpr (std::is_same_v<T, CallBegin>) {
                calls_.push_back({&what, nullptr, {t, t}, node_named(what.node)});
            }
            if constexpr (std::is_same_v<T, CallEnd>) {
                for (SceneCall& call : calls_) {
                    if (call.end == nullptr && call.begin->call == what.call &&
                        call.begin->index == what.index) {
                        call.end = &what;
                        call.ran.to = t;
                        break;
                    }
                }
            }
            if constexpr (std::is_same_v<T, Counters>) node_of(what).counters.push_back({t, &what});
            if constexpr (std::is_same_v<T, Sockets>) node_of(what).sockets.push_back({t, &what});
            if constexpr (std::is_same_v<T, Usage>) node_of(what).usage.push_back({t, &what});
            if constexpr (std::is_same_v<T, LogLine>) node_of(what).lines.push_back({t, &what});
            if constexpr (std::is_same_v<T, ProcessBegin>) node_of(what).began.push_back(t);
            if constexpr (std::is_same_v<T, ProcessEnd>) node_of(what).ended.push_back({t, &what});
        },
        event.what);
}

// A log of before `link_begin`: a call names its link's caller, and only one node listens there.
void Scene::know_links_by_ports() {
    for (const SceneCall& call : calls_) {
        if (call.begin->link.empty()) continue;
        SceneLink& link = link_named(call.begin->link);
        if (link.from < 0) link.from = call.node;
    }
    for (SceneLink& link : links_) {
        if (link.to >= 0 || link.near.connections.empty()) continue;
        const std::int64_t port = port_in(link.near.connections.front().server);
        std::set<int> listening;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            for (const auto& sample : nodes_[i].sockets) {
                for (const Listener& listener : sample.what->listeners) {
                    if (listener.port == port) listening.insert(static_cast<int>(i));
                }
            }
        }
        if (listening.size() == 1) link.to = *listening.begin();
    }
    // Who else calls: a node that is called itself and whose traffic no call explains.
    std::set<int> called;
    for (const SceneLink& link : links_) {
        if (link.to >= 0) called.insert(link.to);
    }
    for (SceneLink& link : links_) {
        if (link.from >= 0) continue;
        std::set<int> others = called;
        others.erase(link.to);
        if (others.size() == 1) link.from = *others.begin();
    }
}

void Scene::pair_ends(SceneLink& link) {
    std::set<const Connection*> taken;
    for (const Connection& near : link.near.connections) {
        Passage passage{&near, nullptr};
        for (const Connection& far : link.far.connections) {
            if (far.client != near.client || far.server != near.server) continue;
            if (far.began < near.began || taken.contains(&far)) continue;
            passage.far = &far;
            taken.insert(&far);
            break;
        }
        link.passages.push_back(passage);
    }
}

std::vector<const SceneLink*> Scene::links_from(int node) const {
    std::vector<const SceneLink*> found;
    for (const SceneLink& link : links_) {
        if (node >= 0 && link.from == node) found.push_back(&link);
    }
    return found;
}

bool Scene::is_callee(int node) const {
    return std::any_of(links_.begin(), links_.end(), [&](const SceneLink& link) {
        return node >= 0 && link.to == node && !link.near.connections.empty();
    });
}

bool Scene::is_an_address_of_a_link(std::string_view address) const {
    if (!addresses_known_) return true;
    return std::any_of(links_.begin(), links_.end(), [&](const SceneLink& link) {
        return std::find(link.callees.begin(), link.callees.end(), address) != link.callees.end();
    });
}

}  // namespace etimedout

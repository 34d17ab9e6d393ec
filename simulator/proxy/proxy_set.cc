// ProxySet: all proxies and their toxics, and what may be done with them.
#include "simulator/proxy/proxy_set.hh"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr unsigned conflict = 409;
constexpr unsigned server_error = 500;

UdpCounters sum(const UdpCounters& a, const UdpCounters& b) {
    return {.up = a.up + b.up,
            .down = a.down + b.down,
            .lost = a.lost + b.lost,
            .duplicated = a.duplicated + b.duplicated,
            .reordered = a.reordered + b.reordered,
            .corrupted = a.corrupted + b.corrupted,
            .dropped = a.dropped + b.dropped,
            .unreachable = a.unreachable + b.unreachable};
}

ProxyCounters sum(const ProxyCounters& a, const ProxyCounters& b) {
    return {.received_up = a.received_up + b.received_up,
            .sent_up = a.sent_up + b.sent_up,
            .received_down = a.received_down + b.received_down,
            .sent_down = a.sent_down + b.sent_down,
            .connections = a.connections + b.connections,
            .open = b.open,
            .failed = a.failed + b.failed,
            .affected = a.affected + b.affected,
            .late_items = a.late_items + b.late_items,
            .late_ns = a.late_ns + b.late_ns,
            .datagrams = sum(a.datagrams, b.datagrams)};
}

ProxyRule rule_of(const ToxicRow& toxic, Protocol protocol) {
    ProxyRule rule;
    rule.id = toxic.rule;
    rule.way = toxic.way;
    rule.plan = plan_of(toxic.toxic, protocol);
    rule.toxicity = static_cast<double>(toxic.toxicity);
    rule.selectors.first = toxic.selectors.first;
    rule.selectors.nth = toxic.selectors.nth;
    rule.selectors.source = toxic.sources;
    rule.selectors.begins = std::chrono::milliseconds{toxic.selectors.after_ms.value_or(0)};
    if (toxic.selectors.for_ms) {
        rule.selectors.lasts = std::chrono::milliseconds{*toxic.selectors.for_ms};
    }
    return rule;
}

std::vector<ProxyRule> rules_of(const ProxyRow& row) {
    std::vector<ProxyRule> rules;
    for (const ToxicRow& toxic : row.toxics) rules.push_back(rule_of(toxic, row.protocol));
    return rules;
}

// Go resolves an address that it only compares without saying what for.
ApiError compared(const ApiError& error) {
    const std::string_view text = error.what();
    for (const std::string_view purpose : {"listen tcp: ", "listen udp: "}) {
        if (!text.starts_with(purpose)) continue;
        return {error.status(), std::string{text.substr(purpose.size())}, error.place()};
    }
    return error;
}

// What an update says may be all that is known of a proxy, as long as it is true.
void check_unchanged(const ProxyChange& change, const ProxyRow& row) {
    const auto refuse = [](std::string_view key) {
        throw ApiError{
            400, fmt::format("`{}` cannot be changed: delete the proxy, and create it again", key),
            fmt::format("/{}", key)};
    };
    if (change.protocol.value_or(row.protocol) != row.protocol) refuse("protocol");
    if (change.idle_timeout_ms.value_or(row.idle_timeout_ms) != row.idle_timeout_ms) {
        refuse("idle_timeout_ms");
    }
}

}  // namespace

ProxySet::ProxySet(EngineCalls engine, ProxyLog& log) : engine_{std::move(engine)}, log_{log} {}

ProxySet::Proxy& ProxySet::find(const std::string& name) {
    const auto found = proxies_.find(name);
    if (found == proxies_.end()) throw ApiError{not_found, "proxy not found"};
    return found->second;
}

const ProxySet::Proxy& ProxySet::find(const std::string& name) const {
    const auto found = proxies_.find(name);
    if (found == proxies_.end()) throw ApiError{not_found, "proxy not found"};
    return found->second;
}

ToxicRow& ProxySet::find_toxic(ProxyRow& row, const std::string& name) {
    const auto found = std::find_if(row.toxics.begin(), row.toxics.end(),
                                    [&](const ToxicRow& toxic) { return toxic.name == name; });
    if (found == row.toxics.end()) throw ApiError{not_found, "toxic not found"};
    return *found;
}

// An address means the same for either protocol; only the complaint names it.
std::string ProxySet::resolve(const std::string& listen, Protocol protocol) const {
    try {
        return engine_.resolve(listen);
    } catch (const Error& error) {
        std::string text = error.what();
        if (protocol == Protocol::udp && text.starts_with("listen tcp: "))
            text.replace(7, 3, "udp");
        throw ApiError{server_error, text};
    }
}

void ProxySet::start(Proxy& proxy, const std::string& resolved) {
    ProxyPlan plan;
    plan.name = proxy.row.name;
    plan.listen = resolved;
    plan.upstream = proxy.row.upstream;
    plan.protocol = proxy.row.protocol;
    plan.idle_timeout = std::chrono::milliseconds{proxy.row.idle_timeout_ms};
    plan.rules = rules_of(proxy.row);
    try {
        proxy.running = engine_.open(std::move(plan));
    } catch (const Error& error) {
        proxy.row.enabled = false;
        throw ApiError{server_error, error.what()};
    }
    proxy.asked = resolved;
    proxy.row.listen = proxy.running->listen();
    proxy.row.enabled = true;
    log_.write(
        LogLevel::info, "Started proxy",
        {{"name", proxy.row.name}, {"listen", proxy.row.listen}, {"upstream", proxy.row.upstream}});
}

void ProxySet::stop(Proxy& proxy) {
    proxy.row.enabled = false;
    if (!proxy.running) return;
    proxy.before = sum(proxy.before, proxy.running->counters());
    proxy.before.open = 0;
    proxy.running.reset();
    log_.write(LogLevel::info, "Terminated proxy",
               {{"name", proxy.row.name}, {"listen", proxy.row.listen}});
}

void ProxySet::set_rules(Proxy& proxy) {
    if (proxy.running) proxy.running->set_rules(rules_of(proxy.row));
}

// An id is never used again, so that what was decided for a connection stays decided.
void ProxySet::number_rules(ProxyRow& row) {
    for (ToxicRow& toxic : row.toxics) {
        if (toxic.rule.empty()) toxic.rule = fmt::format("{}#{}", toxic.name, ++last_rule_);
    }
}

std::vector<ProxyRow> ProxySet::list() const {
    const std::lock_guard lock{mutex_};
    std::vector<ProxyRow> rows;
    for (const auto& [name, proxy] : proxies_) rows.push_back(proxy.row);
    return rows;
}

ProxyRow ProxySet::get(const std::string& name) const {
    const std::lock_guard lock{mutex_};
    return find(name).row;
}

// The lock is held. Nothing is put where the proxy cannot be started.
ProxyRow ProxySet::put_new(const ProxyInput& input, const std::string& resolved) {
    Proxy proxy;
    proxy.row = {input.name,   input.listen,   input.upstream,       false,
                 input.toxics, input.protocol, input.idle_timeout_ms};
    number_rules(proxy.row);
    if (input.enabled) start(proxy, resolved);
    ProxyRow row = proxy.row;
    proxies_.insert_or_assign(input.name, std::move(proxy));
    return row;
}

ProxyRow ProxySet::create(const ProxyInput& input) {
    const auto check_name = [&] {
        if (proxies_.contains(input.name)) {
            throw ApiError{conflict, "proxy already exists", input.place};
        }
    };
    {
        const std::lock_guard lock{mutex_};
        check_name();
    }
    const std::string resolved =
        input.enabled ? resolve(input.listen, input.protocol) : std::string{};
    const std::lock_guard lock{mutex_};
    check_name();
    return put_new(input, resolved);
}

bool ProxySet::listens_at(const Proxy& proxy, const std::string& resolved,
                          const std::string& resolved_now) const {
    return proxy.row.listen == resolved || resolved_now == resolved ||
           (!proxy.asked.empty() && proxy.asked == resolved);
}

ProxyRow ProxySet::populate_one(const ProxyInput& input) {
    while (true) {
        std::optional<std::string> listen_now;
        {
            const std::lock_guard lock{mutex_};
            const auto found = proxies_.find(input.name);
            if (found != proxies_.end()) listen_now = found->second.row.listen;
        }
        if (!listen_now) {
            try {
                return create(input);
            } catch (const ApiError& error) {
                if (error.status() == conflict) continue;  // somebody else was faster
                throw;
            }
        }
        const std::string resolved = resolve(input.listen, input.protocol);
        std::string resolved_now;
        try {
            resolved_now = resolve(*listen_now, input.protocol);
        } catch (const ApiError&) {
            resolved_now.clear();  // it cannot be where it says, so it is not the same
        }
        const std::lock_guard lock{mutex_};
        const auto found = proxies_.find(input.name);
        if (found == proxies_.end() || found->second.row.listen != *listen_now) continue;
        Proxy& proxy = found->second;
        const bool is_same = proxy.row.upstream == input.upstream &&
                             proxy.row.protocol == input.protocol &&
                             proxy.row.idle_timeout_ms == input.idle_timeout_ms;
        if (is_same && listens_at(proxy, resolved, resolved_now)) return proxy.row;
        stop(proxy);  // it stays, disabled, where the other one cannot be started
        return put_new(input, resolved);
    }
}

Populated ProxySet::populate(const std::vector<ProxyInput>& inputs) {
    Populated result;
    for (const ProxyInput& input : inputs) {
        try {
            result.proxies.push_back(populate_one(input));
        } catch (const ApiError& error) {
            result.error = ApiError{error.status(), error.what(), input.place + "/listen"};
            return result;
        }
    }
    return result;
}

ProxyRow ProxySet::change_one(const std::string& name, const ProxyChange& change) {
    while (true) {
        const ProxyRow row_now = get(name);
        const std::string& listen_now = row_now.listen;
        check_unchanged(change, row_now);
        const std::string listen = change.listen.value_or(listen_now);
        const std::string resolved = resolve(listen, row_now.protocol);
        const std::lock_guard lock{mutex_};
        Proxy& proxy = find(name);
        if (proxy.row.listen != listen_now) continue;
        const bool enable = change.enabled.value_or(proxy.row.enabled);
        const std::string upstream = change.upstream.value_or(proxy.row.upstream);
        const bool same_place = listen == listen_now || listens_at(proxy, resolved, {});
        if (!same_place || upstream != proxy.row.upstream) {
            stop(proxy);
            proxy.before = {};
            proxy.row.upstream = upstream;
            if (!same_place) {
                proxy.row.listen = listen;
                proxy.asked.clear();
            }
        }
        if (enable && !proxy.running) start(proxy, resolved);
        if (!enable) stop(proxy);
        return proxy.row;
    }
}

ProxyRow ProxySet::update(const std::string& name, const ProxyChange& change) {
    try {
        return change_one(name, change);
    } catch (const ApiError& error) {
        throw compared(error);
    }
}

void ProxySet::remove(const std::string& name) {
    const std::lock_guard lock{mutex_};
    stop(find(name));
    proxies_.erase(name);
}

void ProxySet::reset() {
    for (const ProxyRow& row : list()) {
        try {
            ProxyChange enable;
            enable.enabled = true;
            if (!row.enabled) change_one(row.name, enable);
            const std::lock_guard lock{mutex_};
            Proxy& proxy = find(row.name);
            proxy.row.toxics.clear();
            set_rules(proxy);
        } catch (const ApiError& error) {
            if (error.status() != not_found) throw;  // removed meanwhile: nothing to reset
        }
    }
}

ToxicRow ProxySet::toxic(const std::string& proxy, const std::string& name) const {
    const std::lock_guard lock{mutex_};
    ProxyRow row = find(proxy).row;
    return find_toxic(row, name);
}

ToxicRow ProxySet::add_toxic(const std::string& proxy, const boost::json::value& body) {
    const std::lock_guard lock{mutex_};
    Proxy& there = find(proxy);
    ToxicRow toxic = read_toxic(body, there.row.toxics, {});
    check_protocol(toxic, there.row.protocol, {});
    const std::string name = toxic.name;
    insert_toxic(there.row.toxics, std::move(toxic));
    number_rules(there.row);
    set_rules(there);
    const ToxicRow& added = find_toxic(there.row, name);
    log_.write(LogLevel::info, "Added toxic",
               {{"proxy", proxy},
                {"toxic", added.name},
                {"type", kind_of(added.toxic)},
                {"stream", added.stream},
                {"rule", added.rule}});
    return added;
}

ToxicRow ProxySet::update_toxic(const std::string& proxy, const std::string& name,
                                const boost::json::value& body) {
    const std::lock_guard lock{mutex_};
    Proxy& there = find(proxy);
    ToxicRow& toxic = find_toxic(there.row, name);
    toxic = read_toxic_change(body, toxic);
    set_rules(there);
    log_.write(LogLevel::info, "Updated toxic", {{"proxy", proxy}, {"toxic", name}});
    return toxic;
}

void ProxySet::remove_toxic(const std::string& proxy, const std::string& name) {
    const std::lock_guard lock{mutex_};
    Proxy& there = find(proxy);
    find_toxic(there.row, name);
    std::erase_if(there.row.toxics, [&](const ToxicRow& toxic) { return toxic.name == name; });
    set_rules(there);
    log_.write(LogLevel::info, "Removed toxic", {{"proxy", proxy}, {"toxic", name}});
}

std::vector<ConnectionRow> ProxySet::connections() const { return engine_.connections(); }

void ProxySet::kill(std::uint64_t connection) {
    if (!engine_.kill(connection)) throw ApiError{not_found, "connection not found"};
}

std::vector<ProxyFigures> ProxySet::figures() const {
    const std::lock_guard lock{mutex_};
    std::vector<ProxyFigures> all;
    for (const auto& [name, proxy] : proxies_) {
        const ProxyCounters now = proxy.running ? proxy.running->counters() : ProxyCounters{};
        all.push_back({name, proxy.row.listen, proxy.row.upstream, proxy.row.enabled,
                       proxy.row.toxics.size(), proxy.row.protocol, sum(proxy.before, now)});
    }
    return all;
}

}  // namespace etimedout

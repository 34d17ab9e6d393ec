// The command line of `etimedout proxy`: the server's options, and the client's commands.
#include "harness/cli/proxy_options.hh"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/command_line.hh"
#include "harness/cli/proxy_command.hh"
#include "harness/toxiproxy/client.hh"
#include "harness/toxiproxy/go_flags.hh"

namespace etimedout {

namespace {

// Everything the options can be stored in while CLI11 reads.
struct ProxyWords {
    ServerOptions server{};
    std::string port{};
    std::string seed{};
    bool metrics = false;
    std::string api{};
    std::string proxy{};
    std::string listen{};
    std::string upstream{};
    bool disabled = false;
    std::string protocol{};
    std::string idle_timeout{};
    std::string toxic{};
    std::string type{};
    bool is_upstream = false;
    bool is_downstream = false;  // as without either
    std::string toxicity{};
    std::vector<std::string> attributes{};
    std::string first{}, nth{}, source{}, after{}, lasts{};
    std::string file{};
    std::string connection{};
};

using SharedWords = std::shared_ptr<ProxyWords>;
using Chosen = std::function<ExitCode()>;

template <class T>
T usable(const Result<T>& result) {
    if (!result) throw UsageError{result.error().message, result.error().advice};
    return *result;
}

std::optional<double> toxicity_of(const ProxyWords& words) {
    if (words.toxicity.empty()) return std::nullopt;
    return usable(parse_toxicity(words.toxicity));
}

std::optional<std::int64_t> idle_timeout_of(const ProxyWords& words) {
    if (words.idle_timeout.empty()) return std::nullopt;
    if (auto value = go_integer(words.idle_timeout)) return value;
    throw UsageError{fmt::format("--idle-timeout-ms {}: not a number", words.idle_timeout),
                     "write milliseconds, such as 5000"};
}

ExitCode run_server(const ProxyWords& words) {
    ServerOptions options = words.server;
    if (!words.port.empty()) {
        const auto port = go_integer(words.port);
        if (!port || *port < 0 || *port > 65535) {
            throw UsageError{fmt::format("--port {}: not a port", words.port),
                             "write a number from 0 to 65535; 0 takes a free one"};
        }
        options.port = static_cast<std::uint16_t>(*port);
    }
    if (!words.seed.empty()) {
        const auto seed = go_integer(words.seed);
        if (!seed) {
            throw UsageError{fmt::format("--seed {}: not a seed", words.seed),
                             "write a whole number, such as 7"};
        }
        options.seed = static_cast<std::uint64_t>(*seed);
    }
    if (words.metrics) options.metrics = MetricsEndpoint::present;
    return proxy_command(options, LogHabit::warnings);
}

// What makes of the words an action runs when the command does.
class ClientCommands {
public:
    ClientCommands(SharedWords words, Chosen& chosen) : words_{std::move(words)}, chosen_{chosen} {}

    CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                  ClientAction (*action)(const ProxyWords&)) {
        CLI::App* command = parent.add_subcommand(name, help);
        command
            ->add_option("--api", words_->api,
                         fmt::format("the server; else $TOXIPROXY_URL, or {}", default_api))
            ->option_text("URL");
        command->callback([words = words_, chosen = &chosen_, action] {
            *chosen = [words, action] {
                run_client(
                    {words->api.empty() ? api_from_environment() : words->api, action(*words)});
                return ExitCode::passed;
            };
        });
        return command;
    }

    CLI::App* add_for_proxy(CLI::App& parent, const std::string& name, const std::string& help,
                            ClientAction (*action)(const ProxyWords&)) {
        CLI::App* command = add(parent, name, help, action);
        command->add_option("PROXY", words_->proxy, "its name")->option_text("PROXY")->required();
        return command;
    }

    ProxyWords& words() { return *words_; }

private:
    SharedWords words_;
    Chosen& chosen_;
};

void add_proxy_commands(CLI::App& app, ClientCommands& commands) {
    ProxyWords& words = commands.words();
    commands.add(app, "list", "List the proxies",
                 [](const ProxyWords&) -> ClientAction { return ListProxies{}; });
    commands.add_for_proxy(
        app, "inspect", "Show the toxics of a proxy",
        [](const ProxyWords& w) -> ClientAction { return InspectProxy{w.proxy}; });
    auto* create = commands.add_for_proxy(
        app, "create", "Create a proxy", [](const ProxyWords& w) -> ClientAction {
            return CreateProxy{w.proxy,    w.listen,
                               w.upstream, w.disabled ? ProxyState::disabled : ProxyState::enabled,
                               w.protocol, idle_timeout_of(w)};
        });
    create->add_option("-l,--listen", words.listen, "where it listens; a free port when left out")
        ->option_text("HOST:PORT");
    create->add_option("-u,--upstream", words.upstream, "where it connects to")
        ->option_text("HOST:PORT")
        ->required();
    create->add_flag("--disabled", words.disabled, "do not listen yet; `toggle` enables it");
    create->add_option("--protocol", words.protocol, "tcp (the default) or udp")
        ->option_text("PROTOCOL");
    create
        ->add_option("--idle-timeout-ms", words.idle_timeout,
                     "of udp: forget a client after so long without a datagram; else 60000")
        ->option_text("MS");
    commands.add_for_proxy(
        app, "toggle", "Enable a disabled proxy, or disable an enabled one",
        [](const ProxyWords& w) -> ClientAction { return ToggleProxy{w.proxy}; });
    commands.add_for_proxy(
        app, "delete", "Delete a proxy, and end its connections",
        [](const ProxyWords& w) -> ClientAction { return DeleteProxy{w.proxy}; });
    auto* populate =
        commands.add(app, "populate", "Create or replace the proxies of a file",
                     [](const ProxyWords& w) -> ClientAction { return Populate{w.file}; });
    populate->add_option("PATH", words.file, "an array of proxies, JSON or YAML; -: standard input")
        ->option_text("PATH")
        ->required();
    commands.add(app, "reset", "Enable all proxies and remove all toxics",
                 [](const ProxyWords&) -> ClientAction { return ResetAll{}; });
    commands.add(app, "connections", "List the open connections",
                 [](const ProxyWords&) -> ClientAction { return ListConnections{}; });
    auto* kill = commands.add(
        app, "kill", "Reset a connection",
        [](const ProxyWords& w) -> ClientAction { return KillConnection{w.connection}; });
    kill->add_option("ID", words.connection, "as `connections` lists it")
        ->option_text("ID")
        ->required();
    commands.add(app, "version", "Print the version of the API",
                 [](const ProxyWords&) -> ClientAction { return ServerVersion{}; });
}

ClientAction add_toxic(const ProxyWords& words) {
    AddToxic action{words.proxy, words.toxic, words.type};
    if (words.is_upstream) action.stream = "upstream";
    action.toxicity = toxicity_of(words);
    action.attributes = usable(parse_attributes(words.attributes));
    const auto select = [&](const char* name, const std::string& text) {
        if (!text.empty()) action.selectors.emplace_back(name, text);
    };
    select("first", words.first);
    select("nth", words.nth);
    select("source", words.source);
    select("after_ms", words.after);
    select("for_ms", words.lasts);
    return action;
}

void add_toxic_values(CLI::App& command, ProxyWords& words) {
    command.add_option("--toxicity", words.toxicity, "the share of connections it is for, 0 to 1")
        ->option_text("SHARE");
    command.add_option("-a,--attribute", words.attributes, "such as latency=100 (repeatable)")
        ->option_text("KEY=VALUE")
        ->allow_extra_args(false);
}

void add_selectors(CLI::App& command, ProxyWords& words) {
    command.add_option("--first", words.first, "only for the first N connections from now")
        ->option_text("N");
    command.add_option("--nth", words.nth, "only for the Nth connection from now")
        ->option_text("N");
    command.add_option("--source", words.source, "only for clients of these addresses or subnets")
        ->option_text("CIDR");
    command.add_option("--after-ms", words.after, "begins so long from now")->option_text("MS");
    command.add_option("--for-ms", words.lasts, "and lasts so long")->option_text("MS");
}

void add_toxic_commands(CLI::App& app, ClientCommands& commands) {
    ProxyWords& words = commands.words();
    auto* toxic = app.add_subcommand("toxic", "Add, update or remove a toxic");
    toxic->require_subcommand(1);
    auto* add = commands.add_for_proxy(*toxic, "add", "Add a toxic to a proxy", add_toxic);
    add->add_option("-t,--type", words.type, "latency, bandwidth, …: docs/proxy.md has them all")
        ->option_text("TYPE")
        ->required();
    add->add_option("-n,--name", words.toxic, "its name; else TYPE_STREAM")->option_text("NAME");
    auto* up = add->add_flag("-u,--upstream", words.is_upstream, "on what clients send");
    add->add_flag("-d,--downstream", words.is_downstream,
                  "on what clients receive, as without either")
        ->excludes(up);
    add_toxic_values(*add, words);
    add_selectors(*add, words);
    auto* update =
        commands.add_for_proxy(*toxic, "update", "Change a toxic; what is not named stays as it is",
                               [](const ProxyWords& w) -> ClientAction {
                                   return UpdateToxic{w.proxy, w.toxic, toxicity_of(w),
                                                      usable(parse_attributes(w.attributes))};
                               });
    update->add_option("-n,--name", words.toxic, "its name")->option_text("NAME")->required();
    add_toxic_values(*update, words);
    auto* remove = commands.add_for_proxy(*toxic, "remove", "Remove a toxic",
                                          [](const ProxyWords& w) -> ClientAction {
                                              return RemoveToxic{w.proxy, w.toxic};
                                          });
    remove->add_option("-n,--name", words.toxic, "its name")->option_text("NAME")->required();
}

// Options of the server in front of a client's command would be ignored: say so.
void refuse_mixture(const CLI::App& proxy) {
    if (proxy.get_subcommands().empty()) return;
    for (const CLI::Option* option : proxy.get_options()) {
        if (option->count() == 0) continue;
        throw UsageError{
            fmt::format("{} is for starting a server, and `{}` asks one that runs",
                        option->get_name(), proxy.get_subcommands().front()->get_name()),
            "name the server with --api URL"};
    }
}

}  // namespace

void add_proxy(CLI::App& app, std::function<ExitCode()>& chosen) {
    const auto words = std::make_shared<ProxyWords>();
    auto* proxy = app.add_subcommand("proxy", "Run a TCP proxy with faults, or ask one that runs");
    proxy->group("Commands")->footer(R"(  etimedout proxy --config proxies.json
  etimedout proxy create redis -l localhost:26379 -u localhost:6379
  etimedout proxy toxic add redis -t latency -a latency=300)");
    proxy->add_option("--host", words->server.host, "where the API listens")->option_text("HOST");
    proxy->add_option("--port", words->port, "the API's port, else 8474; 0: a free one")
        ->option_text("N");
    proxy->add_option("--config", words->server.config, "proxies to begin with, as JSON or YAML")
        ->option_text("PATH");
    proxy->add_option("--seed", words->seed, "of everything random; else 1")->option_text("N");
    proxy->add_flag("--metrics", words->metrics, "serve Prometheus' /metrics");
    proxy->require_subcommand(0, 1);
    ClientCommands commands{words, chosen};
    add_proxy_commands(*proxy, commands);
    add_toxic_commands(*proxy, commands);
    proxy->callback([proxy, words, &chosen] {
        refuse_mixture(*proxy);
        if (proxy->get_subcommands().empty()) {
            chosen = [words] { return run_server(*words); };
        }
    });
}

}  // namespace etimedout

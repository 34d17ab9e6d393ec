// The arguments of toxiproxy-cli, read as that program reads them.
#include "harness/toxiproxy/client_arguments.hh"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "harness/toxiproxy/go_flags.hh"

namespace etimedout {

namespace {

using Texts = std::vector<std::string>;
using Action = Result<ClientAction>;

constexpr std::string_view usage_text = R"(Usage: toxiproxy-cli [-h URL] COMMAND
  list, l, li, ls
  inspect, i, ins PROXY
  create, c, new -l LISTEN -u UPSTREAM PROXY
  toggle, tog PROXY
  delete, d PROXY
  toxic, t  add, a -t TYPE [-n NAME] [--tox TOXICITY] [-a KEY=VALUE]... [-u|-d] PROXY
  toxic, t  update, u -n NAME [--tox TOXICITY] [-a KEY=VALUE]... PROXY
  toxic, t  remove, r, delete, d -n NAME PROXY
The API is at -h URL, or $TOXIPROXY_URL, or http://localhost:8474.
`etimedout proxy --help` shows what else there is: populate, reset, connections, kill.
)";

struct Command {
    std::vector<std::string_view> names{};
    std::vector<GoFlag> flags{};
    std::function<Action(const GoFlagsRead&)> read{};
};

const GoFlag name_flag{{"toxicName", "n"}, GoFlagKind::text, "", ""};
const GoFlag toxicity_flag{{"toxicity", "tox"}, GoFlagKind::text, "", ""};
const GoFlag attribute_flag{{"attribute", "a"}, GoFlagKind::text, "", ""};

Problem missing(std::string_view what) {
    return {fmt::format("Required argument '{}' was empty.", what), ""};
}

Result<std::string> proxy_of(const GoFlagsRead& read) {
    if (!read.rest.empty() && !read.rest.front().empty()) return read.rest.front();
    return Problem{"Proxy name is required as the first argument.", ""};
}

Result<std::string> needed(const GoFlagsRead& read, std::string_view flag) {
    auto value = read.text(flag);
    if (!value || value->empty()) return missing(flag);
    return *value;
}

Result<std::optional<double>> toxicity_of(const GoFlagsRead& read) {
    const auto text = read.text("toxicity");
    if (!text || text->empty()) return std::optional<double>{};
    const auto value = parse_toxicity(*text);
    if (!value) return value.error();
    return std::optional<double>{*value};
}

Action read_list(const GoFlagsRead& /*read*/) { return ClientAction{ListProxies{}}; }

template <class T>
Action read_proxy_only(const GoFlagsRead& read) {
    const auto proxy = proxy_of(read);
    if (!proxy) return proxy.error();
    return ClientAction{T{*proxy}};
}

Action read_create(const GoFlagsRead& read) {
    const auto proxy = proxy_of(read);
    if (!proxy) return proxy.error();
    const auto listen = needed(read, "listen");
    if (!listen) return listen.error();
    const auto upstream = needed(read, "upstream");
    if (!upstream) return upstream.error();
    return ClientAction{CreateProxy{*proxy, *listen, *upstream, ProxyState::enabled}};
}

Action read_add(const GoFlagsRead& read) {
    const auto proxy = proxy_of(read);
    if (!proxy) return proxy.error();
    const auto type = needed(read, "type");
    if (!type) return type.error();
    if (read.is_on("upstream") && read.is_on("downstream")) {
        return Problem{"Only one should be specified: upstream or downstream.", ""};
    }
    const auto toxicity = toxicity_of(read);
    if (!toxicity) return toxicity.error();
    const auto attributes = parse_attributes(read.all("attribute"));
    if (!attributes) return attributes.error();
    AddToxic add{*proxy, read.text("toxicName").value_or(""), *type};
    if (read.is_on("upstream")) add.stream = "upstream";
    add.toxicity = *toxicity;
    add.attributes = *attributes;
    return ClientAction{add};
}

Action read_update(const GoFlagsRead& read) {
    const auto proxy = proxy_of(read);
    if (!proxy) return proxy.error();
    const auto toxic = needed(read, "toxicName");
    if (!toxic) return toxic.error();
    const auto toxicity = toxicity_of(read);
    if (!toxicity) return toxicity.error();
    const auto attributes = parse_attributes(read.all("attribute"));
    if (!attributes) return attributes.error();
    return ClientAction{UpdateToxic{*proxy, *toxic, *toxicity, *attributes}};
}

Action read_remove(const GoFlagsRead& read) {
    const auto proxy = proxy_of(read);
    if (!proxy) return proxy.error();
    const auto toxic = needed(read, "toxicName");
    if (!toxic) return toxic.error();
    return ClientAction{RemoveToxic{*proxy, *toxic}};
}

const std::vector<Command>& commands() {
    static const std::vector<Command> all{
        {{"list", "l", "li", "ls"}, {}, read_list},
        {{"inspect", "i", "ins"}, {}, read_proxy_only<InspectProxy>},
        {{"create", "c", "new"},
         {{{"listen", "l"}, GoFlagKind::text, "", ""},
          {{"upstream", "u"}, GoFlagKind::text, "", ""}},
         read_create},
        {{"toggle", "tog"}, {}, read_proxy_only<ToggleProxy>},
        {{"delete", "d"}, {}, read_proxy_only<DeleteProxy>}};
    return all;
}

const std::vector<Command>& toxic_commands() {
    static const std::vector<Command> all{
        {{"add", "a"},
         {name_flag,
          {{"type", "t"}, GoFlagKind::text, "", ""},
          toxicity_flag,
          attribute_flag,
          {{"upstream", "u"}, GoFlagKind::boolean, "", ""},
          {{"downstream", "d"}, GoFlagKind::boolean, "", ""}},
         read_add},
        {{"update", "u"}, {name_flag, toxicity_flag, attribute_flag}, read_update},
        {{"remove", "r", "delete", "d"}, {name_flag}, read_remove}};
    return all;
}

const Command* find_command(const std::vector<Command>& among, const std::string& name) {
    for (const Command& command : among) {
        for (const std::string_view known : command.names) {
            if (known == name) return &command;
        }
    }
    return nullptr;
}

SayAndEnd help() { return {std::string{usage_text}, "", 0}; }

SayAndEnd refusal(const Problem& problem) {
    const std::string advice =
        problem.advice.empty() ? "`toxiproxy-cli --help` shows what there is" : problem.advice;
    return {"", fmt::format("toxiproxy-cli: {}\n  help: {}\n", problem.message, advice), 1};
}

}  // namespace

std::variant<ClientPlan, SayAndEnd> toxiproxy_cli_arguments(const std::vector<std::string>& argv,
                                                            const std::string& api,
                                                            const std::string& version) {
    static const std::vector<GoFlag> global{{{"host", "h"}, GoFlagKind::text, "", ""},
                                            {{"version", "v"}, GoFlagKind::boolean, "", ""}};
    const Texts words(argv.empty() ? argv.begin() : argv.begin() + 1, argv.end());
    const auto first = read_go_flags(global, words, GoFlagsEnd::at_first_word);
    if (!first) return refusal(first.error());
    if (first->is_on("version")) {
        return SayAndEnd{fmt::format("toxiproxy-cli version {}\n", version), "", 0};
    }
    Texts rest = first->rest;
    const bool is_toxic = !rest.empty() && (rest.front() == "toxic" || rest.front() == "t");
    if (is_toxic) rest.erase(rest.begin());
    if (first->wants_help || rest.empty() || rest.front() == "help" || rest.front() == "--help") {
        return help();
    }
    const Command* command = find_command(is_toxic ? toxic_commands() : commands(), rest.front());
    if (command == nullptr) {
        return refusal(
            {fmt::format("there is no command `{}{}`", is_toxic ? "toxic " : "", rest.front()),
             ""});
    }
    const Texts arguments(rest.begin() + 1, rest.end());
    const auto read = read_go_flags(command->flags, arguments, GoFlagsEnd::nowhere);
    if (!read) return refusal(read.error());
    if (read->wants_help) return help();
    Action action = command->read(*read);
    if (!action) return refusal(action.error());
    return ClientPlan{first->text("host").value_or(api), *action};
}

}  // namespace etimedout

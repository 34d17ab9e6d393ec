// The files of /etc that every node gets instead of the host's, so that nothing of the host leaks.
#include "simulator/node/generated_files.hh"

#include <charconv>

#include "simulator/node/root_file_system.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

using namespace std::literals;

// As Debian has it, without the modules that ask a daemon of the host (systemd, resolve,
// myhostname, mdns): nsswitch.conf(5).
constexpr auto nsswitch =
    "passwd: files\n"
    "group: files\n"
    "shadow: files\n"
    "gshadow: files\n"
    "hosts: files dns\n"
    "networks: files\n"
    "protocols: files\n"
    "services: files\n"
    "ethers: files\n"
    "rpc: files\n"
    "netgroup: files\n"sv;

// Nobody listens there unless the scenario puts a resolver there, so a lookup is refused at once
// and does not hang. The options are glibc's own defaults, written down (resolv.conf(5)).
constexpr auto no_resolver =
    "nameserver 127.0.0.1\n"
    "options timeout:5 attempts:2\n"sv;

// A time zone without rules (tzfile(5), RFC 8536): a header with counts, in big-endian, of which
// only "one type" and "four characters of names" are not 0; that type; its name. Then the same
// for 64-bit times, and a footer.
std::string utc_zone() {
    const std::string counts = std::string(16, '\0') + "\0\0\0\1"s + "\0\0\0\4"s;
    const std::string block =
        "TZif2" + std::string(15, '\0') + counts + std::string(6, '\0') + "UTC\0"s;
    return block + block + "\nUTC0\n";
}

}  // namespace

std::vector<GeneratedFile> common_files() {
    return {{"nsswitch.conf", std::string{nsswitch}},
            {"host.conf", "multi on\n"},
            {"gai.conf", ""},
            {"localtime", utc_zone()},
            {"timezone", "Etc/UTC\n"},
            // Any will do that is the same everywhere; machine-id(5) wants 32 lower-case digits.
            {"machine-id", "0e71ed0070e71ed0070e71ed0070e71e\n"}};
}

std::vector<GeneratedFile> own_files(const NodeRootPlan& plan) {
    return {{"hosts", plan.hosts},
            {"resolv.conf", plan.resolv_conf.value_or(std::string{no_resolver})},
            {"hostname", plan.name + "\n"}};
}

std::vector<WantedFolder> folders_of_run(std::string_view tmpfiles) {
    std::vector<WantedFolder> folders;
    for (const auto line : split(tmpfiles, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 2 || line.find('%') != std::string_view::npos) continue;
        if ("dDvqQ"sv.find(words[0][0]) == std::string_view::npos) continue;
        WantedFolder folder;
        std::string_view path = words[1];
        if (path.starts_with("/var/run/")) path.remove_prefix("/var"sv.size());
        if (!path.starts_with("/run/")) continue;
        while (path.ends_with('/')) path.remove_suffix(1);
        folder.path = path;
        const auto word = [&words](std::size_t at) {
            return at < words.size() && words[at] != "-" ? words[at] : std::string_view{};
        };
        std::string_view mode = word(2);
        while (!mode.empty() && (mode[0] == '~' || mode[0] == ':')) mode.remove_prefix(1);
        if (!mode.empty()) {
            std::from_chars(mode.data(), mode.data() + mode.size(), folder.mode, 8);
        }
        folder.user = word(3);
        folder.group = word(4);
        folders.push_back(std::move(folder));
    }
    return folders;
}

}  // namespace etimedout

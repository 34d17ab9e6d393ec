// The files of /etc that every node gets instead of the host's, so that nothing of the host leaks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

struct NodeRootPlan;

struct GeneratedFile {
    std::string name{};  // below /etc
    std::string content{};
};

// The same in every node: nsswitch.conf, host.conf, gai.conf, localtime, timezone, machine-id.
std::vector<GeneratedFile> common_files();

// A node's own: hosts, resolv.conf, hostname.
std::vector<GeneratedFile> own_files(const NodeRootPlan& plan);

// A folder that tmpfiles.d(5) configuration asks for.
struct WantedFolder {
    std::string path{};  // absolute, below /run
    unsigned mode = 0755;
    std::string user{};  // empty: root
    std::string group{};
};

// The folders below /run that a tmpfiles.d file declares (types d, D, and v, q, Q, which are the
// same where there is no btrfs), /var/run taken for /run; lines with specifiers (%) are left out.
std::vector<WantedFolder> folders_of_run(std::string_view tmpfiles);

}  // namespace etimedout

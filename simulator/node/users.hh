// Users: who a program runs as, read from /etc/passwd and /etc/group of the calling thread's view.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "simulator/base/error.hh"

namespace etimedout {

struct UserIds {
    std::string name{};
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups{};  // supplementary ones, its own included
    bool operator==(const UserIds&) const = default;
};

// Finds `user`, a name or a number, in the texts of a passwd(5) and a group(5) file.
Result<UserIds> find_user(std::string_view user, std::string_view passwd, std::string_view group);

// The number of a group, by name or number; nothing for one that is not in the text of group(5).
std::optional<gid_t> find_group(std::string_view name, std::string_view group);

// find_user() with the files of the calling thread's view; glibc is not asked, since its
// answer depends on the host's nsswitch.conf. Fails where the user namespace has no such id.
Result<UserIds> resolve_user(std::string_view user);

}  // namespace etimedout

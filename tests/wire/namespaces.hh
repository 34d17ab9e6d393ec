// Network namespaces of the test's own, with a veth pair between two of them.
#pragma once

#include <functional>
#include <string>

#include "simulator/base/fd.hh"

namespace etimedout::test {

// Puts the whole process into a namespace of its own; to be called before any thread is started.
void enter_own_network();
// What was in the way of that, in words; empty when it went well.
const std::string& network_refused();

// A new, empty network namespace, as a descriptor.
Fd make_namespace();
// Runs `body` on a thread that has entered the namespace, and waits for it. Exceptions pass.
void inside(const Fd& name_space, const std::function<void()>& body);

// Both ends in the calling thread's namespace; the peer is then moved.
void make_veth(const std::string& name, const std::string& peer, const Fd& peer_namespace);
void set_up(const std::string& interface, bool up = true);
void set_address(const std::string& interface, const std::string& address);  // /24

}  // namespace etimedout::test

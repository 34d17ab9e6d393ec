// Socket lending: a process gets sockets of a network namespace that it has left.
#pragma once

#include <mutex>

#include "simulator/base/fd.hh"

namespace etimedout {

// Two ends of one channel, for two processes; both closed on exec.
struct LendingChannel {
    Fd lender;                     // stays in the namespace the sockets are of
    Fd borrower;                   // goes elsewhere
    static LendingChannel make();  // throws Error
};

// Answers the request that waits there. False when the borrower is gone; true when none waits.
bool lend_socket(int channel);

// Any thread. A socket belongs to the namespace it was made in, whoever holds it (socket(2),
// network_namespaces(7)), and a namespace is left for good by whoever has no rights in it.
class SocketBorrower {
public:
    explicit SocketBorrower(Fd channel) : channel_{std::move(channel)} {}

    // As socket(2), for AF_INET or AF_INET6 and SOCK_STREAM or SOCK_DGRAM; it does not block and is
    // closed on exec. Waits for the lender. Empty, with errno, when there is none to be had:
    // ECONNRESET when the lender is gone.
    Fd borrow(int family, int type);

private:
    std::mutex mutex_;
    Fd channel_;
};

}  // namespace etimedout

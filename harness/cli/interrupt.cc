// Ctrl-C and TERM: one flag that everything long looks at.
#include "harness/cli/interrupt.hh"

#include <csignal>

#include <unistd.h>

namespace etimedout {

namespace {

std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the handler may only touch such a flag");

void on_signal(int number) {
    if (flag.exchange(true)) ::_exit(128 + number);
}

}  // namespace

const std::atomic<bool>& interrupted_flag() {
    static const bool installed = [] {
        struct sigaction action {};
        action.sa_handler = on_signal;
        ::sigaction(SIGINT, &action, nullptr);
        ::sigaction(SIGTERM, &action, nullptr);
        return true;
    }();
    (void)installed;
    return flag;
}

}  // namespace etimedout

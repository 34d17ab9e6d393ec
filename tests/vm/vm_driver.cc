// Boots machine after machine below a keeper, until it is killed: for the test that does so.
#include <atomic>
#include <cstdio>
#include <exception>
#include <thread>

#include "simulator/vm/keeper.hh"
#include "simulator/vm/virtual_machine.hh"

namespace {

void boot_for_ever(const etimedout::MachinePlan& plan) {
    const std::atomic<bool> interrupted{false};
    for (;;) run_machine(plan, interrupted);
}

}  // namespace

int main(int count, char** arguments) {
    using namespace std::chrono_literals;
    if (count != 3) return 2;
    try {
        const etimedout::Keeper keeper;
        etimedout::MachinePlan plan;
        plan.kernel = arguments[1];
        plan.init = arguments[2];
        plan.init_arguments = {"spins"};
        plan.memory = {64 << 20};
        plan.cpu_limit = 20ms;
        plan.keeper = &keeper;
        plan.run_dir = keeper.folder("one");
        auto other = plan;
        other.run_dir = keeper.folder("two");
        std::printf("%s\n", keeper.root().c_str());
        std::fflush(stdout);
        const std::jthread second{[&] { boot_for_ever(other); }};
        boot_for_ever(plan);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

// A world in real time: process 1 of namespaces of its own on the host's kernel.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "simulator/base/quantity.hh"

namespace etimedout {

struct RealWorldPlan {
    std::filesystem::path program;  // this program
    std::filesystem::path folder;   // of the run
    Duration limit{};               // wall clock; then the world is killed
};

// What is known when the world's log does not end by itself.
struct RealWorldEnd {
    std::string reason;
    std::string message;
    std::string advice;
    std::string console;  // what it wrote, at most 256 KiB
};

RealWorldEnd run_real_world(const RealWorldPlan& plan, const std::atomic<bool>& interrupted);

// The other side: what this program does when it is started as `world-real FOLDER`, with the
// borrower's end of a LendingChannel as descriptor 3. Makes the
// namespaces (a user namespace too, unless it is root), starts the world as their process 1, and
// returns its exit code. Everything in them dies with the process that started it.
int become_real_world(const std::filesystem::path& folder);

}  // namespace etimedout

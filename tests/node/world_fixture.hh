// WorldFixture: nodes for tests that run as process 1 of a world.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "simulator/node/node_namespaces.hh"
#include "simulator/node/root_file_system.hh"

namespace etimedout {

class WorldFixture : public ::testing::Test {
public:
    // What main() entered; one per process.
    static void set_root(RootFileSystem root);
    static const RootFileSystem& root();

protected:
    // A fresh node with its loopback up. Every call makes another one, whatever its name.
    static NodeNamespaces node(const std::string& name = "alpha");

    // Whether this world knows more users than root.
    static bool maps_all_users();

    struct Outcome {
        int exit_code = -1;
        std::string output{};  // of both streams
    };
    // A shell command in a node, to its end.
    static Outcome shell(const NodeNamespaces& node, const std::string& command,
                         const std::optional<std::string>& user = std::nullopt);
};

}  // namespace etimedout

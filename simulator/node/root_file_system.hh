// RootFileSystem: what process 1 mounts when a world begins, and the root that each node gets.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/node/host_tree.hh"
#include "simulator/node/mounts.hh"

namespace etimedout {

// Folders of the host that a world is given; absolute paths.
struct WorldFolders {
    std::filesystem::path scenario{};  // seen by every node at /scenario; writes there vanish
    std::filesystem::path output{};    // written by process 1 alone
};

// What differs from node to node.
struct NodeRootPlan {
    std::string name{};                        // also its host name; unique in a world
    std::string hosts{};                       // the text of /etc/hosts
    std::optional<std::string> resolv_conf{};  // default: every lookup is refused at once
};

// Where every node sees the scenario's folder.
inline constexpr auto scenario_folder = "/scenario";

// Where every node of a world with stubs that speak TLS sees the certificate of the authority that
// has signed theirs: as PEM, and as a Java key store.
inline constexpr auto authority_file = "/etc/etimedout-ca.pem";
inline constexpr auto authority_java_file = "/etc/etimedout-ca.jks";

// Process 1 calls one of the enter functions once, before any other thread runs. The host's files
// are only ever read: nodes write to overlays in memory, which die with the world.
class RootFileSystem {
public:
    // In the virtual kernel, whose root is the host's (hostfs, read-only) with nothing mounted.
    static RootFileSystem enter_virtual(const WorldFolders& folders);
    // On the host's kernel, as process 1 of fresh user, mount, PID, UTS and IPC namespaces
    // (see process_one.hh).
    static RootFileSystem enter_real(const WorldFolders& folders);

    // Where process 1 sees the folders it was given.
    const std::filesystem::path& scenario() const { return scenario_; }
    const std::filesystem::path& output() const { return output_; }

    // Lays what `archive` (see layer.hh) holds over the folder `at` of a node, which hides what was
    // there; every layer is the node's own, and writable. Before that node is made. Throws Error.
    void add_layer(const std::string& node, const std::string& at, int archive,
                   std::chrono::system_clock::time_point changed);

    // Builds a node's root and makes it that of the calling thread, which must be alone in fresh
    // mount, network and UTS namespaces (NodeNamespaces does that). A node has the host's files
    // under an overlay of its own; its own /tmp, /run, /var/log and /dev/shm; its own host name;
    // and generated files in /etc.
    void become_node(const NodeRootPlan& plan) const;

private:
    enum class Kind { virtual_kernel, host_kernel };
    // One overlay of a node.
    struct Layers {
        std::string lower;  // as overlayfs takes it, topmost first
        std::string upper;  // folder of the node's own that takes what is written
        Owner owner;        // of that folder, and so of what is seen
        std::string at;     // where it is seen, in the node's root
    };

    // A folder of the stage that is seen in a node.
    struct Laid {
        std::filesystem::path folder;
        std::string at;
    };

    RootFileSystem(Kind kind, std::filesystem::path stage);
    void make_skeleton() const;
    void make_private_folders() const;
    void mount_host_files(const std::filesystem::path& node, const NodeRootPlan& plan) const;
    void mount_tree(const std::filesystem::path& node) const;
    void mount_item(const std::filesystem::path& node, const TreeItem& item) const;
    void mount_scenario(const std::filesystem::path& node) const;
    void mount_own(const std::filesystem::path& node) const;
    void become_root_with_layers(const std::string& node, const std::filesystem::path& root) const;
    void mount_overlay(const std::filesystem::path& node, const Layers& layers) const;

    Kind kind_;
    std::filesystem::path stage_;     // process 1's own tmpfs
    std::filesystem::path skeleton_;  // what is the same in all nodes, made once
    std::filesystem::path scenario_;
    std::filesystem::path output_;
    Owner root_owner_;
    Owner etc_owner_;
    Owner log_owner_;
    Owner scenario_owner_{};
    std::map<std::string, std::vector<Laid>> layers_{};  // by node
    std::vector<TreeItem> tree_{};  // on the host's kernel: how its files come into a node
};

}  // namespace etimedout

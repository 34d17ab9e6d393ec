// RootFileSystem: what process 1 mounts when a world begins, and the root that each node gets.
#include "simulator/node/root_file_system.hh"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/child.hh"
#include "simulator/node/generated_files.hh"
#include "simulator/node/layer.hh"
#include "simulator/node/mounts.hh"
#include "simulator/node/text.hh"
#include "simulator/node/users.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

constexpr unsigned long plain_flags = MS_NOSUID | MS_NODEV;

void mount_tmpfs(const fs::path& target, const char* mode) {
    mount({"tmpfs", target, plain_flags, fmt::format("mode={}", mode)});
}

void make_link(const fs::path& path, const std::string& target) {
    if (::symlink(target.c_str(), path.c_str()) != 0 && errno != EEXIST) {
        throw_errno(fmt::format("link {}", path.string()), errno);
    }
}

// The links that udev or a container engine makes, and pseudo-terminals of the world's own.
void furnish_dev(const fs::path& dev) {
    make_folder(dev / "shm", 01777);
    make_folder(dev / "pts", 0755);
    mount({"devpts", dev / "pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"});
    std::error_code ignored;  // devtmpfs has a node of the host kernel's own instance there
    fs::remove(dev / "ptmx", ignored);
    make_link(dev / "ptmx", "pts/ptmx");
    make_link(dev / "fd", "/proc/self/fd");
    make_link(dev / "stdin", "/proc/self/fd/0");
    make_link(dev / "stdout", "/proc/self/fd/1");
    make_link(dev / "stderr", "/proc/self/fd/2");
}

// Device nodes cannot be made in a user namespace, so the host's are shown one by one.
void make_dev_of_host(const fs::path& dev) {
    make_folder(dev, 0755);
    mount({"tmpfs", dev, MS_NOSUID, "mode=755"});
    for (const auto* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
        const fs::path host = fs::path{"/dev"} / name;
        if (::access(host.c_str(), F_OK) != 0) continue;
        write_file(dev / name, "", 0666);
        bind(host, dev / name);
    }
    furnish_dev(dev);
}

void mount_proc() {
    try {
        mount({"proc", "/proc", plain_flags | MS_NOEXEC, ""});
    } catch (const Error& problem) {
        throw Error{problem.what(),
                    "containers hide parts of /proc, and then no new one may be mounted: run with "
                    "--time virtual, or start the container with --security-opt "
                    "systempaths=unconfined"};
    }
}

// Whoever is root here may be root of the host, under the same number, and the kernel asks no more
// than that before it changes these for all. What belongs to a network namespace stays writable.
void protect_proc() {
    for (const fs::path path :
         {"/proc/sys", "/proc/sysrq-trigger", "/proc/bus", "/proc/fs", "/proc/irq"}) {
        std::error_code problem;
        if (fs::exists(path, problem)) bind_read_only(path, path);
    }
    bind("/proc/sys/net", "/proc/sys/net");
    make_writable("/proc/sys/net");
}

// Where process 1 keeps what it mounts for nodes: every host has a /tmp, and nodes get their own.
constexpr auto stage_folder = "/tmp";

void make_stage() {
    mount_tmpfs(stage_folder, "755");
    make_folder(fs::path{stage_folder} / "nodes", 0755);
    make_folder(fs::path{stage_folder} / "scenario", 0755);
    make_folder(fs::path{stage_folder} / "output", 0755);
}

Fd open_folder(const fs::path& path) {
    return Fd{checked(fmt::format("open folder {}", path.string()),
                      ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))};
}

// Files that declare folders below /run, in the order in which they count.
std::vector<fs::path> tmpfiles() {
    std::vector<fs::path> found;
    std::error_code problem;
    for (const auto* folder : {"/etc/tmpfiles.d", "/usr/lib/tmpfiles.d"}) {
        const auto begin = static_cast<std::ptrdiff_t>(found.size());
        for (const auto& entry : fs::directory_iterator{folder, problem}) {
            if (entry.path().extension() == ".conf") found.push_back(entry.path());
        }
        std::sort(found.begin() + begin, found.end());
    }
    return found;
}

fs::path path_of(const Fd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

}  // namespace

RootFileSystem::RootFileSystem(Kind kind, fs::path stage)
    : kind_{kind},
      stage_{std::move(stage)},
      skeleton_{stage_ / "skeleton"},
      scenario_{stage_ / "scenario"},
      output_{stage_ / "output"},
      root_owner_{owner_of("/")},
      etc_owner_{owner_of("/etc")},
      log_owner_{owner_of("/var/log")} {}

RootFileSystem RootFileSystem::enter_virtual(const WorldFolders& folders) {
    mount({"proc", "/proc", plain_flags | MS_NOEXEC, ""});
    mount({"sysfs", "/sys", plain_flags | MS_NOEXEC, ""});
    mount({"devtmpfs", "/dev", MS_NOSUID, "mode=755"});
    furnish_dev("/dev");
    mount_tmpfs("/dev/shm", "1777");
    mount_tmpfs("/run", "755");
    make_stage();
    RootFileSystem root{Kind::virtual_kernel, stage_folder};
    // The option of hostfs is a path of the host.
    mount({"hostfs", root.scenario_, MS_RDONLY | plain_flags, folders.scenario.string()});
    mount({"hostfs", root.output_, plain_flags, folders.output.string()});
    root.scenario_owner_ = owner_of(root.scenario_);
    root.make_skeleton();
    return root;
}

RootFileSystem RootFileSystem::enter_real(const WorldFolders& folders) {
    // From here on nothing that is mounted or unmounted reaches the host.
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        throw_errno("make all mounts private", errno);
    }
    // Not even process 1 can write to the host, but for its output.
    make_read_only("/");
    mount_proc();
    protect_proc();
    // They may lie in /tmp, which is about to be covered.
    const Fd scenario = open_folder(folders.scenario);
    const Fd output = open_folder(folders.output);
    RootFileSystem root{Kind::host_kernel, stage_folder};
    root.tree_ = plan_host_tree("/", mount_points(read_text("/proc/self/mountinfo").value_or("")));
    make_stage();
    bind_read_only(path_of(scenario), root.scenario_);
    bind(path_of(output), root.output_);
    make_writable(root.output_);
    make_dev_of_host(root.stage_ / "dev");
    for (const auto& item : root.tree_) {
        if (item.kind == TreeItem::Kind::copied) {
            make_folder(root.stage_ / "copied", 0755);
            copy_folder(item.path, root.stage_ / "copied" / item.path.substr(1));
        }
    }
    root.scenario_owner_ = owner_of(root.scenario_);
    root.make_skeleton();
    return root;
}

// What is the same in all nodes, as the lowest layers of their overlays: root/ with mount points
// and generated files, run/ and log/ for /run and /var/log.
void RootFileSystem::make_skeleton() const {
    const fs::path root = skeleton_ / "root";
    make_folder(skeleton_, 0755);
    make_folder(root, root_owner_);
    for (const auto* folder : {"proc", "sys", "dev", "run", "tmp", "scenario"}) {
        make_folder(root / folder, 0755);
    }
    for (const auto* folder : {"etc", "var", "var/log"}) {
        make_folder(root / folder, owner_of(fs::path{"/"} / folder));
    }
    for (const auto& file : common_files()) {
        write_file(root / "etc" / file.name, file.content, 0644);
    }
    make_private_folders();
}

// Folders that packages and systemd make at boot or install time, and without which programs do
// not start: those of tmpfiles.d below /run, and the host's below /var/log, without their files.
void RootFileSystem::make_private_folders() const {
    const std::string passwd = read_text("/etc/passwd").value_or("");
    const std::string group = read_text("/etc/group").value_or("");
    std::map<std::string, Owner> run{{"home", {01777}}};
    for (const auto& path : tmpfiles()) {
        for (const auto& wanted : folders_of_run(read_text(path).value_or(""))) {
            const auto user = find_user(wanted.user.empty() ? "root" : wanted.user, passwd, group);
            const auto gid = find_group(wanted.group.empty() ? "root" : wanted.group, group);
            run.try_emplace(wanted.path.substr(5),
                            Owner{wanted.mode, user ? user->uid : 0, gid.value_or(0)});
        }
    }
    make_folder(skeleton_ / "run", 0755);
    for (const auto& [path, owner] : run) {
        make_folders((skeleton_ / "run" / path).parent_path(), 0755);
        make_folder(skeleton_ / "run" / path, owner);
    }
    // This program itself, wherever it lies: that may be in a folder which nodes do not see.
    make_folder(skeleton_ / "run" / own_program, 0755);
    make_link(skeleton_ / "run" / own_program / own_program, "/proc/1/exe");
    const fs::path log{"/var/log"};
    make_folder(skeleton_ / "log", owner_of(log));
    std::error_code problem;
    auto entries = fs::recursive_directory_iterator{
        log, fs::directory_options::skip_permission_denied, problem};
    for (; !problem && entries != fs::recursive_directory_iterator{}; entries.increment(problem)) {
        if (entries.depth() >= 1) entries.disable_recursion_pending();
        if (!entries->is_directory(problem) || entries->is_symlink(problem)) continue;
        make_folder(skeleton_ / "log" / entries->path().lexically_relative(log),
                    owner_of(entries->path()));
    }
}

void RootFileSystem::mount_overlay(const fs::path& node, const Layers& layers) const {
    std::string work = layers.upper;
    std::ranges::replace(work, '/', '-');
    make_folder(node / layers.upper, layers.owner);
    make_folder(node / "work" / work, 0755);
    // Said in full, so that no module parameter of the host decides; in a user namespace overlayfs
    // keeps its marks in user.* attributes and cannot rename lower folders.
    const auto* const marks = kind_ == Kind::virtual_kernel ? "redirect_dir=on" : "userxattr";
    mount({"overlay", node / "root" / layers.at, 0,
           fmt::format("lowerdir={},upperdir={},workdir={},index=off,xino=off,metacopy=off,{}",
                       layers.lower, (node / layers.upper).string(),
                       (node / "work" / work).string(), marks)});
}

// On the host's kernel its tree is put together from several mounts.
void RootFileSystem::mount_tree(const fs::path& node) const {
    const fs::path root = node / "root";
    mount({"tmpfs", root, plain_flags, "mode=755"});
    for (const auto* folder : {"proc", "sys", "dev", "run", "tmp", "scenario"}) {
        make_folder(root / folder, 0755);
    }
    for (const auto& item : tree_) {
        const std::string below = item.path.substr(1);
        std::error_code problem;
        if (item.kind == TreeItem::Kind::symlink) {
            make_link(root / below, item.target);
        } else if (fs::is_directory(item.path, problem)) {
            make_folder(root / below, owner_of(item.path));
            mount_item(node, item);
        } else {
            write_file(root / below, "", 0644);
            mount_item(node, item);
        }
    }
    make_folders(root / "var/log", 0755);
}

void RootFileSystem::mount_item(const fs::path& node, const TreeItem& item) const {
    const std::string below = item.path.substr(1);
    const fs::path target = node / "root" / below;
    if (item.kind == TreeItem::Kind::folder) return;
    if (item.kind == TreeItem::Kind::read_only) {
        bind_read_only(item.path, target);
        return;
    }
    const bool is_etc = below == "etc";
    std::string lower = item.path;
    if (item.kind == TreeItem::Kind::copied) lower = (stage_ / "copied" / below).string();
    if (is_etc) lower = fmt::format("{}:{}", (skeleton_ / "root/etc").string(), lower);
    make_folders((node / "upper" / below).parent_path(), 0755);
    try {
        mount_overlay(node, {lower, "upper/" + below, owner_of(item.path), below});
    } catch (const Error& failure) {
        if (is_etc) {
            throw Error{failure.what(),
                        "this kernel allows no overlay here: run with --time virtual, or see "
                        "`etimedout doctor`"};
        }
        // A file system that overlayfs does not take below it (its stack is two deep).
        bind_read_only(item.path, target);
    }
}

// The host's files under the node's own overlay. What its upper layer has in /etc stands before
// the host's of the same name, be that a link or not.
void RootFileSystem::mount_host_files(const fs::path& node, const NodeRootPlan& plan) const {
    make_folder(node / "upper", root_owner_);
    make_folder(node / "upper/etc", etc_owner_);
    for (const auto& file : own_files(plan)) {
        write_file(node / "upper/etc" / file.name, file.content, 0644);
    }
    if (kind_ == Kind::virtual_kernel) {
        mount_overlay(node, {(skeleton_ / "root").string() + ":/", "upper", root_owner_, ""});
    } else {
        mount_tree(node);
    }
}

void RootFileSystem::mount_scenario(const fs::path& node) const {
    try {
        mount_overlay(node, {scenario_.string(), "scenario", scenario_owner_, "scenario"});
    } catch (const Error&) {
        // Something is mounted inside the scenario's folder: then it can only be shown as it is.
        bind_read_only(scenario_, node / "root/scenario");
    }
}

// What a node has of its own or from process 1, and nothing of from the host.
void RootFileSystem::mount_own(const fs::path& node) const {
    const fs::path root = node / "root";
    bind("/proc", root / "proc");
    try {
        mount({"sysfs", root / "sys", plain_flags | MS_NOEXEC | MS_RDONLY, ""});
    } catch (const Error&) {
        // Where a container covers parts of /sys, the kernel allows no new one.
        bind_read_only("/sys", root / "sys");
    }
    bind(kind_ == Kind::virtual_kernel ? fs::path{"/dev"} : stage_ / "dev", root / "dev");
    mount_tmpfs(root / "dev/shm", "1777");
    mount_tmpfs(root / "tmp", "1777");
    mount_overlay(node, {(skeleton_ / "run").string(), "run", {0755}, "run"});
    mount_overlay(node, {(skeleton_ / "log").string(), "log", log_owner_, "var/log"});
}

void RootFileSystem::add_layer(const std::string& node, const std::string& at, int archive,
                               std::chrono::system_clock::time_point changed) {
    std::vector<Laid>& layers = layers_[node];
    const fs::path folder = stage_ / "layers" / node / std::to_string(layers.size());
    make_folders(folder.parent_path(), 0755);
    unpack_layer(archive, folder, changed);
    layers.push_back({folder, at});
}

// A path of a layer means what it means to the node's programs: a link on its way is the node's. So
// its folder is made, and it is laid there, when the node's root is the root.
void RootFileSystem::become_root_with_layers(const std::string& node, const fs::path& root) const {
    std::vector<std::pair<Fd, std::string>> picked;
    if (const auto found = layers_.find(node); found != layers_.end()) {
        for (const Laid& laid : found->second) picked.emplace_back(pick_up(laid.folder), laid.at);
    }
    become_root(root);
    for (const auto& [tree, at] : picked) {
        make_folders(at, 0755);
        put_down(tree, at);
    }
}

void RootFileSystem::become_node(const NodeRootPlan& plan) const {
    const fs::path node = stage_ / "nodes" / plan.name;
    for (const auto& folder : {node, node / "root", node / "work"}) make_folder(folder, 0755);
    mount_host_files(node, plan);
    mount_scenario(node);
    mount_own(node);
    become_root_with_layers(plan.name, node / "root");
    checked("set the host name", ::sethostname(plan.name.data(), plan.name.size()));
}

}  // namespace etimedout

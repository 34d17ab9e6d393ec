// The inside of a run: what process 1 of a world does, from its first mount to its last event.
#include "harness/run/world_main.hh"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <linux/reboot.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/expect/judge.hh"
#include "harness/observe/stall_meter.hh"
#include "harness/run/folder.hh"
#include "harness/run/observers.hh"
#include "harness/run/order.hh"
#include "harness/run/step_runner.hh"
#include "harness/run/world_log.hh"
#include "harness/scenario/parse.hh"
#include "simulator/base/timestamp.hh"
#include "simulator/net/firewall.hh"
#include "simulator/net/socket_lender.hh"
#include "simulator/node/layer.hh"
#include "simulator/node/users.hh"
#include "simulator/world/world.hh"

namespace etimedout {

namespace fs = std::filesystem;

namespace {

// What is sent last is still under way for a while; nobody who waits for a FIN minds this much.
constexpr Duration shortest_settle = 100ms;

// The run as the driver ordered it, read from the host's files before anything is mounted.
struct Order {
    RunOrder run;
    Scenario scenario;
    std::vector<Fd>
        layers{};  // files of the host, which nothing shows any more once a world has begun
};

Order read_order(const fs::path& folder) {
    Order order{read_run_order(read_whole_file(folder / run_files::order)), {}};
    ParseOptions options;
    options.variables = order.run.variables;
    options.set = order.run.set;
    auto parsed =
        parse_scenarios(read_whole_file(folder / run_files::scenario), order.run.file, options);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&parsed)) {
        throw Error{"the driver and the world read the scenario differently:\n" +
                    errors->front().render()};
    }
    order.scenario = std::move(std::get<std::vector<Scenario>>(parsed).at(order.run.row));
    for (const LaidLayer& layer : order.run.layers) {
        order.layers.emplace_back(
            checked("open " + layer.file, ::open(layer.file.c_str(), O_RDONLY | O_CLOEXEC)));
    }
    return order;
}

void lay(const Order& order, RootFileSystem& root) {
    const auto changed = parse_timestamp(order.scenario.start);
    for (std::size_t i = 0; i < order.layers.size(); ++i) {
        const LaidLayer& layer = order.run.layers[i];
        root.add_layer(layer.node, layer.at, order.layers[i].get(), changed);
    }
}

std::optional<FirewallBackend> backend_from(const std::string& name) {
    return from_word<FirewallBackend>(name);  // nothing for `auto`
}

// A virtual world's t = 0 is a fixed moment after its boot. What comes before takes an amount of
// virtual time that depends on the host: a folder of /var/log that its user may not read costs a
// microsecond. So the network is built from one fixed moment on, and the scenario begins at
// another; by then the kernel's timers are exact, too: before the first tick they wait for it.
constexpr Duration building_begins = -50ms;

WorldClock begin_clock(const std::string& kind) {
    if (kind != "virtual") return WorldClock{};
    const auto clock = WorldClock::since_boot(virtual_prelude);
    clock.sleep_until(building_begins);
    return clock;
}

const Preparation& preparation_of(const Scenario& scenario, const std::string& name) {
    for (const Preparation& preparation : scenario.preparations) {
        if (preparation.name == name) return preparation;
    }
    throw Error{fmt::format("no preparation is named {}", name)};
}

Fd new_layer(const fs::path& path) {
    return Fd{checked("create " + path.string(),
                      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644))};
}

// On a thread inside the node. A program that runs as some user could not make it itself.
void make_kept_folder(const Preparation& preparation) {
    const fs::path folder{preparation.keep};
    if (fs::is_directory(folder)) return;
    Owner owner;
    if (const auto& user = preparation.program.user) {
        const UserIds ids = resolve_user(*user).value();
        owner = {0755, ids.uid, ids.gid};
    }
    make_folders(folder.parent_path(), 0755);
    make_folder(folder, owner);
}

LinkBegin begin_of_link(const NamedLink& link, const LinkAddresses& addresses) {
    LinkBegin begin{.link = link.name, .from = link.spec.from, .to = link.spec.to};
    if (link.spec.port) begin.port = link.spec.port->number;
    if (link.spec.ip != IpVersion::v6) {
        begin.callers.push_back(addresses.near);
        begin.callees.push_back(addresses.far);
    }
    if (link.spec.ip != IpVersion::v4) {
        begin.callers.push_back(addresses.near6);
        begin.callees.push_back(addresses.far6);
    }
    return begin;
}

// Everything of one run inside, in the order of its lifetime.
class Inside {
public:
    Inside(Order order, const RootFileSystem& root, Fd borrower)
        : order_{std::move(order)},
          root_{root},
          outside_{std::move(borrower)},
          clock_{begin_clock(order_.run.clock)},
          log_{root.output() / run_files::raw_events} {}

    void run() {
        begin_log();
        watch_.emplace(clock_);
        watch_->at(order_.scenario.limit.virtual_time, [this] { give_up(); });
        try {
            if (order_.run.preparing) {
                prepare(*order_.run.preparing);
            } else {
                live();
            }
            finish({.reason = "ok"});
        } catch (const Error& error) {
            finish({.reason = "world", .message = error.what(), .advice = error.advice()});
        }
    }

private:
    // From here to the end of the scope there is a network.
    void live() {
        World world{{.topology = order_.scenario.topology,
                     .seed = order_.run.seed,
                     .firewall = backend_from(order_.run.firewall),
                     .outside = order_.run.external},
                    {.root = root_, .clock = clock_, .sink = log_, .outside = &outside_}};
        clock_.sleep_until(Duration{});
        std::optional<StallMeter> stalls;
        if (order_.run.clock == "real") stalls.emplace(clock_, log_);
        Observers observers{world, root_.output(), log_, clock_};
        world.start_programs();
        log_.flush();
        StepRunner steps{order_.scenario, order_.run, world, observers, log_, clock_};
        steps.run();
        settle(observers);
        observers.sample();
        world.testify();
        // The wire is not watched while programs are being ended: what they do then is not theirs.
        observers.finish();
    }

    // A world of one node, whose program ends, and whose folder is all that is of interest.
    void prepare(const PreparingOrder& asked) {
        const Preparation& what = preparation_of(order_.scenario, asked.name);
        const Fd file = new_layer(root_.output() / run_files::layer);
        NodeSpec node;
        node.process = what.program;
        World world{{.topology = {.nodes = {{what.name, std::move(node)}}},
                     .seed = order_.run.seed,
                     .firewall = backend_from(order_.run.firewall)},
                    {.root = root_, .clock = clock_, .sink = log_}};
        clock_.sleep_until(Duration{});
        run_in_node(world.node(what.name), [&what] { make_kept_folder(what); });
        world.start_programs();
        Program& program = *world.program(what.name);
        program.wait_until_ended(order_.scenario.limit.virtual_time);
        const int code = program.exit_code().value_or(-1);
        if (code != 0) {
            throw Error{fmt::format("`{}` ended with exit code {}", what.program.run, code),
                        "its own words are above; it must end with 0"};
        }
        program.stop();  // what it left running ends with it
        run_in_node(world.node(what.name), [&] { pack_layer(what.keep, asked.about, file.get()); });
    }

    // Goes on until what must not come had its time to come. Answers that come meanwhile, and late
    // attempts, begin that time anew.
    void settle(const Observers& observers) {
        const Scenario& scenario = order_.scenario;
        Settling settling = settling_of(scenario);
        settling.after_steps = std::max(settling.after_steps, shortest_settle);
        const Duration steps_end = clock_.now();
        const auto last_packet = [&](const std::string& link) {
            return observers.last_traffic(link);
        };
        // After its limit a world is taken to be stuck.
        const Duration limit = scenario.limit.virtual_time - shortest_settle;
        for (;;) {
            const Duration until = watched_until(settling, steps_end, last_packet, limit);
            if (until <= clock_.now()) return;
            clock_.sleep_until(until);
        }
    }

    void begin_log() {
        log_.put({Duration{}, LogBegin{.scenario = order_.scenario.name,
                                       .seed = std::to_string(order_.run.seed),
                                       .clock = order_.run.clock,
                                       .start = write_timestamp(clock_.wall_begin()),
                                       .variables = order_.scenario.variables}});
        const auto& links = order_.scenario.topology.links;
        for (std::size_t i = 0; i < links.size(); ++i) {
            log_.put({Duration{}, begin_of_link(links[i], LinkAddresses::of(i))});
        }
        log_.flush();  // no capture without the log that says when it began
    }

    // On the timers' thread, while the scenario is stuck: write what there is, and end at once.
    void give_up() {
        finish({.reason = "nothing_happens",
                .message = fmt::format("nothing happened any more: the scenario was not over at "
                                       "t={}",
                                       human(now())),
                .advice = "a call without a deadline, or a program that waits for ever? raise "
                          "`limit: {virtual: …}` if it needs longer"});
        power_off(order_.run.clock);
    }

    // Nothing is reported of before the beginning: what ends then ends at t = 0.
    Duration now() const { return std::max(clock_.now(), Duration{}); }

    std::string spinner(const std::string& otherwise) {
        std::string who = log_.shaken_loose();
        if (!who.empty()) return who;
        return otherwise.empty() ? "a program that a program started is spinning" : otherwise;
    }

    void finish(LogEnd end) {
        if (finished_.exchange(true)) return;
        // Whether the driver had to shake a spinning program loose decides what the run was.
        if (fs::exists(root_.output() / run_files::stalled)) {
            end = {.reason = "stands_still",
                   .message = fmt::format("virtual time stands still at t={}: {}", human(now()),
                                          spinner(end.message)),
                   .advice =
                       "a program that spins without ever sleeping stops the clock; run it "
                       "with `time: real`, or raise `limit: {real: …}`"};
        }
        log_.put({now(), std::move(end)});
        log_.flush();
    }

public:
    // A virtual world ends with its kernel; one in real time with its process 1.
    [[noreturn]] static void power_off(const std::string& clock) {
        if (clock == "virtual") ::reboot(LINUX_REBOOT_CMD_POWER_OFF);
        std::_Exit(EXIT_SUCCESS);
    }

private:
    Order order_;
    const RootFileSystem& root_;
    SocketBorrower outside_;
    WorldClock clock_;
    WorldLog log_;
    std::optional<Timers> watch_;
    std::atomic<bool> finished_{false};
};

}  // namespace

int world_main(const fs::path& folder, Fd borrower) {
    // Waits end when they should, and not up to 50 µs later.
    ::prctl(PR_SET_TIMERSLACK, 1);
    std::string clock = "virtual";
    try {
        Order order = read_order(folder);
        clock = order.run.clock;
        const WorldFolders folders{order.run.scenario_dir, folder};
        RootFileSystem root = clock == "virtual" ? RootFileSystem::enter_virtual(folders)
                                                 : RootFileSystem::enter_real(folders);
        lay(order, root);
        Inside inside{std::move(order), root, std::move(borrower)};
        inside.run();
        Inside::power_off(clock);
    } catch (const std::exception& error) {
        // No log could be written: the console is all that is left to say it on.
        fmt::print(stderr, "{}\n", error.what());
        std::fflush(stderr);
    }
    Inside::power_off(clock);
}

}  // namespace etimedout

// What faults decide, as plain data: engines act on these and never ask which fault it was.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"
#include "simulator/faults/flow.hh"

namespace etimedout {

// The spread of a jitter. Tables as in tc-netem(8).
enum class Distribution { uniform, normal, pareto, paretonormal };

template <>
struct Words<Distribution> {
    static constexpr std::array<std::pair<std::string_view, Distribution>, 4> words{
        {{"uniform", Distribution::uniform},
         {"normal", Distribution::normal},
         {"pareto", Distribution::pareto},
         {"paretonormal", Distribution::paretonormal}}};
};

// The four-state loss model's two-state special case (Gilbert 1960, Elliott 1963), as netem has it.
struct GilbertElliott {
    Probability to_bad;        // p: good -> bad, per packet
    Probability to_good;       // r: bad -> good, per packet
    Probability loss_in_bad;   // 1-h
    Probability loss_in_good;  // 1-k
    bool operator==(const GilbertElliott&) const = default;
};

// What happens to each packet of one direction. Plans of several faults on one link are merged by
// the engine: delays add, losses combine as independent chances, the lowest rate wins.
struct PacketPlan {
    Duration delay{};
    Duration jitter{};
    Distribution distribution = Distribution::uniform;
    Probability delay_correlation{};
    Probability loss{};
    Probability loss_correlation{};
    std::optional<GilbertElliott> bursts{};
    Probability duplicate{};
    Probability duplicate_correlation{};
    Probability corrupt{};
    Probability corrupt_correlation{};
    Probability reorder{};  // this share overtakes: sent at once, the rest waits `delay`
    Probability reorder_correlation{};
    std::uint32_t reorder_gap = 0;  // every gap-th packet overtakes; 0: by chance alone
    std::optional<Rate> rate{};
    std::optional<std::int64_t> queue{};  // packets waiting at the most; tail drop beyond
    bool operator==(const PacketPlan&) const = default;
};

// How a firewall refuses: with nothing, a TCP reset, or an ICMP destination unreachable
// (RFC 792 type 3; for IPv6 the nearest code of RFC 4443).
enum class Refusal {
    drop,
    tcp_reset,
    net_unreachable,
    host_unreachable,
    protocol_unreachable,
    port_unreachable,
    net_prohibited,
    host_prohibited,
    admin_prohibited
};

template <>
struct Words<Refusal> {
    static constexpr std::array<std::pair<std::string_view, Refusal>, 9> words{
        {{"drop", Refusal::drop},
         {"tcp_reset", Refusal::tcp_reset},
         {"net_unreachable", Refusal::net_unreachable},
         {"host_unreachable", Refusal::host_unreachable},
         {"protocol_unreachable", Refusal::protocol_unreachable},
         {"port_unreachable", Refusal::port_unreachable},
         {"net_prohibited", Refusal::net_prohibited},
         {"host_prohibited", Refusal::host_prohibited},
         {"admin_prohibited", Refusal::admin_prohibited}}};
};

struct FirewallPlan {
    Refusal refusal = Refusal::drop;
    bool operator==(const FirewallPlan&) const = default;
};

// The link's carrier: down for `down`, then up for `up`, and again; `up` zero means down for good.
struct CarrierPlan {
    Duration down{};
    Duration up{};
    bool operator==(const CarrierPlan&) const = default;
};

// What a server-side stream engine (stub or proxy) does with one connection or request.
struct Swallow {  // take everything, answer nothing, keep the connection open
    bool operator==(const Swallow&) const = default;
};
struct Dribble {  // answer late, and then in pieces
    Duration first_byte{};
    Duration between{};
    std::int64_t piece = 1;  // bytes
    bool operator==(const Dribble&) const = default;
};
struct Abort {  // RST
    bool operator==(const Abort&) const = default;
};
struct HangUp {  // FIN, without an answer
    bool operator==(const HangUp&) const = default;
};
struct Respond {  // answer a request with this instead
    std::int64_t status = 503;
    std::map<std::string, std::string> headers{};
    std::optional<std::string> body{};
    bool operator==(const Respond&) const = default;
};

// What an answer can be that is no HTTP (RFC 9112). The connection is closed behind each.
enum class Malformation {
    garbage,       // 256 bytes that are no text, where the status line should be
    status_line,   // a status that is no number (section 4)
    header,        // a line of the head without a colon (section 5)
    chunk,         // a chunk whose size is no hexadecimal number (section 7.1)
    length,        // two lengths that contradict each other (section 6.3)
    endless_head,  // 128 KiB of header lines, and no end of them
};

template <>
struct Words<Malformation> {
    static constexpr std::array<std::pair<std::string_view, Malformation>, 6> words{
        {{"garbage", Malformation::garbage},
         {"status_line", Malformation::status_line},
         {"header", Malformation::header},
         {"chunk", Malformation::chunk},
         {"length", Malformation::length},
         {"endless_head", Malformation::endless_head}}};
};

struct Malform {  // answer a request with what is no HTTP
    Malformation what = Malformation::garbage;
    bool operator==(const Malform&) const = default;
};

// What is done to the answer of an upstream. These have an effect only once there is an answer
// they can act on; see acts_on_answer().
struct DribbleHead {  // the head late and in pieces, the body behind it
    Duration first_byte{};
    Duration between{};
    std::int64_t piece = 1;  // bytes
    bool operator==(const DribbleHead&) const = default;
};
struct DribbleBody {  // the head at once, the body late and in pieces
    Duration first_byte{};
    Duration between{};
    std::int64_t piece = 1;  // bytes
    bool operator==(const DribbleBody&) const = default;
};
struct CutBody {  // end the connection when so many bytes of a longer body have passed
    std::int64_t after = 0;
    CutHow how = CutHow::fin;
    bool operator==(const CutBody&) const = default;
};
struct DribbleEvents {  // of an event stream: the first event so long after the head, others apart
    Duration first_event{};
    Duration between{};
    bool operator==(const DribbleEvents&) const = default;
};
struct StallEvents {  // of an event stream: so many events, then nothing, and nothing is closed
    std::int64_t after = 0;
    bool operator==(const StallEvents&) const = default;
};
struct CutEvents {  // of an event stream: so many events, then the end without an end marker
    std::int64_t after = 0;
    CutHow how = CutHow::fin;
    bool operator==(const CutEvents&) const = default;
};
struct InsertEvent {  // into an event stream, behind so many events
    std::int64_t after = 0;
    std::string data{};
    std::string event{};  // empty: no such line
    bool goes_on = false;
    bool operator==(const InsertEvent&) const = default;
};
using StreamPlan =
    std::variant<Swallow, Dribble, Abort, HangUp, Respond, Malform, DribbleHead, DribbleBody,
                 CutBody, DribbleEvents, StallEvents, CutEvents, InsertEvent>;

// Whether deciding is not yet acting: the plan waits for an answer that it applies to.
inline bool acts_on_answer(const StreamPlan& plan) {
    return std::holds_alternative<DribbleHead>(plan) || std::holds_alternative<DribbleBody>(plan) ||
           std::holds_alternative<CutBody>(plan) || std::holds_alternative<DribbleEvents>(plan) ||
           std::holds_alternative<StallEvents>(plan) || std::holds_alternative<CutEvents>(plan) ||
           std::holds_alternative<InsertEvent>(plan);
}

// What happens to a node: to its program, its sockets, or the settings of its kernel.
struct StopProgram {  // SIGSTOP; with `run`, it goes on for that long after each `stop`
    Duration stop{};
    Duration run{};
    bool operator==(const StopProgram&) const = default;
};
struct EndProgram {  // killed; started again when the fault is healed
    bool operator==(const EndProgram&) const = default;
};
struct LimitDescriptors {  // so many more than it has now, and then EMFILE
    std::int64_t leave = 0;
    bool operator==(const LimitDescriptors&) const = default;
};
struct FillAcceptQueue {         // nobody accepts, and the queue is full
    std::optional<Port> port{};  // nothing: that of the first link to the node
    bool operator==(const FillAcceptQueue&) const = default;
};
struct OccupyPorts {  // no port is left for connect() to choose
    bool operator==(const OccupyPorts&) const = default;
};
struct SetSysctl {  // of its network, until healed
    std::string name{};
    std::string value{};
    bool operator==(const SetSysctl&) const = default;
};
enum class SynCookies { off, on };
struct FillSynQueue {  // half-open connections, from where nobody answers, take all the room
    std::optional<Port> port{};
    SynCookies cookies = SynCookies::off;
    bool operator==(const FillSynQueue&) const = default;
};

// Response codes of DNS (RFC 1035 section 4.1.1, RFC 8914 names them so).
enum class DnsCode { noerror, formerr, servfail, nxdomain, notimp, refused };

template <>
struct Words<DnsCode> {
    static constexpr std::array<std::pair<std::string_view, DnsCode>, 6> words{
        {{"noerror", DnsCode::noerror},
         {"formerr", DnsCode::formerr},
         {"servfail", DnsCode::servfail},
         {"nxdomain", DnsCode::nxdomain},
         {"notimp", DnsCode::notimp},
         {"refused", DnsCode::refused}}};
};

// What can be wrong with an answer of DNS as a message.
enum class DnsMalformation {
    garbage,         // 64 bytes that are no message, behind the right id
    cut,             // the message ends in the middle of a record
    wrong_id,        // the answer to another query: whoever asked must ignore it
    wrong_question,  // the right id, and a name that was not asked for
    pointer_loop,    // a compressed name that points at itself (RFC 1035 section 4.1.4)
    no_answer,       // the query sent back as it was, the bit QR not set
};

template <>
struct Words<DnsMalformation> {
    static constexpr std::array<std::pair<std::string_view, DnsMalformation>, 6> words{
        {{"garbage", DnsMalformation::garbage},
         {"cut", DnsMalformation::cut},
         {"wrong_id", DnsMalformation::wrong_id},
         {"wrong_question", DnsMalformation::wrong_question},
         {"pointer_loop", DnsMalformation::pointer_loop},
         {"no_answer", DnsMalformation::no_answer}}};
};

// What a resolver does with a query.
struct DnsError {  // no records, and this code
    DnsCode code = DnsCode::servfail;
    bool operator==(const DnsError&) const = default;
};
struct DnsSilence {  // nothing; over TCP the connection stays open
    bool operator==(const DnsSilence&) const = default;
};
struct DnsDelay {  // the right answer, late
    Duration delay{};
    bool operator==(const DnsDelay&) const = default;
};
struct DnsAddresses {  // these, each to the queries of its type
    std::vector<std::string> addresses{};
    std::optional<Duration> ttl{};
    bool operator==(const DnsAddresses&) const = default;
};
struct DnsTruncate {  // over UDP no records and the bit TC: ask over TCP (RFC 7766)
    bool operator==(const DnsTruncate&) const = default;
};
struct DnsMalform {
    DnsMalformation what = DnsMalformation::garbage;
    bool operator==(const DnsMalform&) const = default;
};
struct DnsStale {  // as the records were when it was armed
    bool operator==(const DnsStale&) const = default;
};
struct DnsFlap {  // this code for `bad`, then the right answer for `good`, and again
    Duration bad{};
    Duration good{};
    DnsCode code = DnsCode::servfail;
    bool operator==(const DnsFlap&) const = default;
};
using ResolverPlan = std::variant<DnsError, DnsSilence, DnsDelay, DnsAddresses, DnsTruncate,
                                  DnsMalform, DnsStale, DnsFlap>;

// With what a worker of a server is kept busy.
enum class Occupation {
    connection,    // a connection that says nothing
    half_request,  // a request whose end never comes
    request,       // a request of some path, whose answer nobody reads
};

template <>
struct Words<Occupation> {
    static constexpr std::array<std::pair<std::string_view, Occupation>, 3> words{
        {{"connection", Occupation::connection},
         {"half_request", Occupation::half_request},
         {"request", Occupation::request}}};
};

struct OccupyWorkers {
    std::int64_t workers = 1;
    Occupation with = Occupation::half_request;
    std::string path{};
    std::optional<Port> port{};
    bool operator==(const OccupyWorkers&) const = default;
};
struct MoveListener {  // to where its callers do not look for it
    enum class To { nowhere, loopback, port };
    To to = To::nowhere;
    Port port{};  // where to is `port`
    bool operator==(const MoveListener&) const = default;
};
struct PileUpTimeWait {  // so many ports, and all in TIME-WAIT towards each callee
    std::int64_t ports = 1;
    bool operator==(const PileUpTimeWait&) const = default;
};
struct StopReading {  // nobody takes what arrives, so that receive windows close
    bool operator==(const StopReading&) const = default;
};
struct ForgetConnections {  // as after a power cut: those open are gone, without a word
    bool operator==(const ForgetConnections&) const = default;
};
struct LimitMemory {  // so much more than now, and then the kernel kills
    Bytes leave{};
    bool operator==(const LimitMemory&) const = default;
};
using NodePlan = std::variant<StopProgram, EndProgram, LimitDescriptors, FillAcceptQueue,
                              OccupyPorts, SetSysctl, FillSynQueue, OccupyWorkers, MoveListener,
                              PileUpTimeWait, StopReading, ForgetConnections, LimitMemory>;

// Whose link-layer address cannot be found out any more.
enum class NextHop {
    router,  // the caller asks for it, and its own kernel gives up
    callee   // the router asks for it, and says so by ICMP
};

template <>
struct Words<NextHop> {
    static constexpr std::array<std::pair<std::string_view, NextHop>, 2> words{
        {{"router", NextHop::router}, {"callee", NextHop::callee}}};
};

// What the caller's own routing table says of the callee (ip-route(8)).
enum class RouteKind { unreachable, prohibit, blackhole, none };

template <>
struct Words<RouteKind> {
    static constexpr std::array<std::pair<std::string_view, RouteKind>, 4> words{
        {{"unreachable", RouteKind::unreachable},
         {"prohibit", RouteKind::prohibit},
         {"blackhole", RouteKind::blackhole},
         {"none", RouteKind::none}}};
};

// What a firewall that keeps state does with packets of connections it does not know.
enum class UnknownFlow { drop, reset };

template <>
struct Words<UnknownFlow> {
    static constexpr std::array<std::pair<std::string_view, UnknownFlow>, 2> words{
        {{"drop", UnknownFlow::drop}, {"reset", UnknownFlow::reset}}};
};

// What is wrong with the way between two nodes: in the router's state, or in a routing table.
struct ForgetFlows {  // connections that were idle for so long
    Duration idle{};
    UnknownFlow with = UnknownFlow::drop;
    bool operator==(const ForgetFlows&) const = default;
};
struct FillFlowTable {  // there is no room to track another connection
    bool operator==(const FillFlowTable&) const = default;
};
struct ShrinkMtu {  // for what goes on from the router, which keeps that to itself
    std::int64_t mtu = 0;
    bool operator==(const ShrinkMtu&) const = default;
};
struct LoseNeighbour {
    NextHop which = NextHop::router;
    bool operator==(const LoseNeighbour&) const = default;
};
struct ChangeRoute {
    RouteKind to = RouteKind::unreachable;
    bool operator==(const ChangeRoute&) const = default;
};
using RouterPlan = std::variant<ForgetFlows, FillFlowTable, ShrinkMtu, LoseNeighbour, ChangeRoute>;

using Decision = std::variant<PacketPlan, FirewallPlan, CarrierPlan, RouterPlan, StreamPlan,
                              FlowPlan, DoorPlan, NodePlan, ResolverPlan>;

// What faults need to be there, in the words of the reference.
namespace needs_text {
inline constexpr std::string_view nothing = "nothing beyond a link";
inline constexpr std::string_view netem = "netem in the kernel; the virtual one has it";
inline constexpr std::string_view firewall =
    "nftables, or iptables and ipset, and their tools; the virtual kernel has both";
inline constexpr std::string_view proxy =
    "a kernel with TPROXY, for the link's proxy; the virtual one has it";
inline constexpr std::string_view program = "a node with a program of its own (`run`)";
inline constexpr std::string_view server = "a node that listens, with `run` or `stub`";
inline constexpr std::string_view stub = "a node with `stub`";
inline constexpr std::string_view resolver = "a resolver of the scenario (`resolvers`)";
}  // namespace needs_text

// Where a fault acts; the reference and the default of selectors follow from it.
enum class Layer { packet, firewall, stream, message, node, resolver };

template <>
struct Words<Layer> {
    static constexpr std::array<std::pair<std::string_view, Layer>, 6> words{
        {{"packet", Layer::packet},
         {"firewall", Layer::firewall},
         {"stream", Layer::stream},
         {"message", Layer::message},
         {"node", Layer::node},
         {"resolver", Layer::resolver}}};
};

}  // namespace etimedout

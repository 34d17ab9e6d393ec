// The names of Linux's network counters: a table, sorted.
#include "harness/expect/counter_names.hh"

#include <algorithm>
#include <array>

namespace etimedout {

namespace {

constexpr std::array<std::string_view, 321> names{
    "Icmp6InCsumErrors", "Icmp6InDestUnreachs", "Icmp6InEchoReplies", "Icmp6InEchos",
    "Icmp6InErrors", "Icmp6InGroupMembQueries", "Icmp6InGroupMembReductions",
    "Icmp6InGroupMembResponses", "Icmp6InMLDv2Reports", "Icmp6InMsgs",
    "Icmp6InNeighborAdvertisements", "Icmp6InNeighborSolicits", "Icmp6InParmProblems",
    "Icmp6InPktTooBigs", "Icmp6InRedirects", "Icmp6InRouterAdvertisements", "Icmp6InRouterSolicits",
    "Icmp6InTimeExcds", "Icmp6OutDestUnreachs", "Icmp6OutEchoReplies", "Icmp6OutEchos",
    "Icmp6OutErrors", "Icmp6OutGroupMembQueries", "Icmp6OutGroupMembReductions",
    "Icmp6OutGroupMembResponses", "Icmp6OutMLDv2Reports", "Icmp6OutMsgs",
    "Icmp6OutNeighborAdvertisements", "Icmp6OutNeighborSolicits", "Icmp6OutParmProblems",
    "Icmp6OutPktTooBigs", "Icmp6OutRateLimitHost", "Icmp6OutRedirects",
    "Icmp6OutRouterAdvertisements", "Icmp6OutRouterSolicits", "Icmp6OutTimeExcds",
    "IcmpInAddrMaskReps", "IcmpInAddrMasks", "IcmpInCsumErrors", "IcmpInDestUnreachs",
    "IcmpInEchoReps", "IcmpInEchos", "IcmpInErrors", "IcmpInMsgs", "IcmpInParmProbs",
    "IcmpInRedirects", "IcmpInSrcQuenchs", "IcmpInTimeExcds", "IcmpInTimestampReps",
    "IcmpInTimestamps", "IcmpOutAddrMaskReps", "IcmpOutAddrMasks", "IcmpOutDestUnreachs",
    "IcmpOutEchoReps", "IcmpOutEchos", "IcmpOutErrors", "IcmpOutMsgs", "IcmpOutParmProbs",
    "IcmpOutRateLimitGlobal", "IcmpOutRateLimitHost", "IcmpOutRedirects", "IcmpOutSrcQuenchs",
    "IcmpOutTimeExcds", "IcmpOutTimestampReps", "IcmpOutTimestamps", "Ip6FragCreates",
    "Ip6FragFails", "Ip6FragOKs", "Ip6InAddrErrors", "Ip6InBcastOctets", "Ip6InCEPkts",
    "Ip6InDelivers", "Ip6InDiscards", "Ip6InECT0Pkts", "Ip6InECT1Pkts", "Ip6InHdrErrors",
    "Ip6InMcastOctets", "Ip6InMcastPkts", "Ip6InNoECTPkts", "Ip6InNoRoutes", "Ip6InOctets",
    "Ip6InReceives", "Ip6InTooBigErrors", "Ip6InTruncatedPkts", "Ip6InUnknownProtos",
    "Ip6OutBcastOctets", "Ip6OutDiscards", "Ip6OutForwDatagrams", "Ip6OutMcastOctets",
    "Ip6OutMcastPkts", "Ip6OutNoRoutes", "Ip6OutOctets", "Ip6OutRequests", "Ip6OutTransmits",
    "Ip6ReasmFails", "Ip6ReasmOKs", "Ip6ReasmReqds", "Ip6ReasmTimeout", "IpDefaultTTL",
    "IpExtInBcastOctets", "IpExtInBcastPkts", "IpExtInCEPkts", "IpExtInCsumErrors",
    "IpExtInECT0Pkts", "IpExtInECT1Pkts", "IpExtInMcastOctets", "IpExtInMcastPkts",
    "IpExtInNoECTPkts", "IpExtInNoRoutes", "IpExtInOctets", "IpExtInTruncatedPkts",
    "IpExtOutBcastOctets", "IpExtOutBcastPkts", "IpExtOutMcastOctets", "IpExtOutMcastPkts",
    "IpExtOutOctets", "IpExtReasmOverlaps", "IpForwDatagrams", "IpForwarding", "IpFragCreates",
    "IpFragFails", "IpFragOKs", "IpInAddrErrors", "IpInDelivers", "IpInDiscards", "IpInHdrErrors",
    "IpInReceives", "IpInUnknownProtos", "IpOutDiscards", "IpOutNoRoutes", "IpOutRequests",
    "IpOutTransmits", "IpReasmFails", "IpReasmOKs", "IpReasmReqds", "IpReasmTimeout",
    "TcpActiveOpens", "TcpAttemptFails", "TcpCurrEstab", "TcpEstabResets", "TcpExtArpFilter",
    "TcpExtBeyondWindow", "TcpExtBusyPollRxPackets", "TcpExtDelayedACKLocked",
    "TcpExtDelayedACKLost", "TcpExtDelayedACKs", "TcpExtEmbryonicRsts", "TcpExtIPReversePathFilter",
    "TcpExtListenDrops", "TcpExtListenOverflows", "TcpExtLockDroppedIcmps", "TcpExtOfoPruned",
    "TcpExtOutOfWindowIcmps", "TcpExtPAWSActive", "TcpExtPAWSEstab", "TcpExtPAWSOldAck",
    "TcpExtPAWSTimewait", "TcpExtPFMemallocDrop", "TcpExtPruneCalled", "TcpExtRcvPruned",
    "TcpExtSyncookiesFailed", "TcpExtSyncookiesRecv", "TcpExtSyncookiesSent",
    "TcpExtTCPACKSkippedChallenge", "TcpExtTCPACKSkippedFinWait2", "TcpExtTCPACKSkippedPAWS",
    "TcpExtTCPACKSkippedSeq", "TcpExtTCPACKSkippedSynRecv", "TcpExtTCPACKSkippedTimeWait",
    "TcpExtTCPAOBad", "TcpExtTCPAODroppedIcmps", "TcpExtTCPAOGood", "TcpExtTCPAOKeyNotFound",
    "TcpExtTCPAORequired", "TcpExtTCPAbortFailed", "TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnData",
    "TcpExtTCPAbortOnLinger", "TcpExtTCPAbortOnMemory", "TcpExtTCPAbortOnTimeout",
    "TcpExtTCPAckCompressed", "TcpExtTCPAutoCorking", "TcpExtTCPBacklogCoalesce",
    "TcpExtTCPBacklogDrop", "TcpExtTCPChallengeACK", "TcpExtTCPDSACKIgnoredDubious",
    "TcpExtTCPDSACKIgnoredNoUndo", "TcpExtTCPDSACKIgnoredOld", "TcpExtTCPDSACKOfoRecv",
    "TcpExtTCPDSACKOfoSent", "TcpExtTCPDSACKOldSent", "TcpExtTCPDSACKRecv",
    "TcpExtTCPDSACKRecvSegs", "TcpExtTCPDSACKUndo", "TcpExtTCPDeferAcceptDrop",
    "TcpExtTCPDelivered", "TcpExtTCPDeliveredCE", "TcpExtTCPFastOpenActive",
    "TcpExtTCPFastOpenActiveFail", "TcpExtTCPFastOpenBlackhole", "TcpExtTCPFastOpenCookieReqd",
    "TcpExtTCPFastOpenListenOverflow", "TcpExtTCPFastOpenPassive", "TcpExtTCPFastOpenPassiveAltKey",
    "TcpExtTCPFastOpenPassiveFail", "TcpExtTCPFastRetrans", "TcpExtTCPFromZeroWindowAdv",
    "TcpExtTCPFullUndo", "TcpExtTCPHPAcks", "TcpExtTCPHPHits", "TcpExtTCPHystartDelayCwnd",
    "TcpExtTCPHystartDelayDetect", "TcpExtTCPHystartTrainCwnd", "TcpExtTCPHystartTrainDetect",
    "TcpExtTCPKeepAlive", "TcpExtTCPLossFailures", "TcpExtTCPLossProbeRecovery",
    "TcpExtTCPLossProbes", "TcpExtTCPLossUndo", "TcpExtTCPLostRetransmit", "TcpExtTCPMD5Failure",
    "TcpExtTCPMD5NotFound", "TcpExtTCPMD5Unexpected", "TcpExtTCPMTUPFail", "TcpExtTCPMTUPSuccess",
    "TcpExtTCPMemoryPressures", "TcpExtTCPMemoryPressuresChrono", "TcpExtTCPMigrateReqFailure",
    "TcpExtTCPMigrateReqSuccess", "TcpExtTCPMinTTLDrop", "TcpExtTCPOFODrop", "TcpExtTCPOFOMerge",
    "TcpExtTCPOFOQueue", "TcpExtTCPOrigDataSent", "TcpExtTCPPLBRehash", "TcpExtTCPPartialUndo",
    "TcpExtTCPPureAcks", "TcpExtTCPRcvCoalesce", "TcpExtTCPRcvCollapsed", "TcpExtTCPRcvQDrop",
    "TcpExtTCPRenoFailures", "TcpExtTCPRenoRecovery", "TcpExtTCPRenoRecoveryFail",
    "TcpExtTCPRenoReorder", "TcpExtTCPReqQFullDoCookies", "TcpExtTCPReqQFullDrop",
    "TcpExtTCPRetransFail", "TcpExtTCPSACKDiscard", "TcpExtTCPSACKReneging", "TcpExtTCPSACKReorder",
    "TcpExtTCPSYNChallenge", "TcpExtTCPSackFailures", "TcpExtTCPSackMerged",
    "TcpExtTCPSackRecovery", "TcpExtTCPSackRecoveryFail", "TcpExtTCPSackShiftFallback",
    "TcpExtTCPSackShifted", "TcpExtTCPSlowStartRetrans", "TcpExtTCPSpuriousRTOs",
    "TcpExtTCPSpuriousRtxHostQueues", "TcpExtTCPSynRetrans", "TcpExtTCPTSReorder",
    "TcpExtTCPTimeWaitOverflow", "TcpExtTCPTimeouts", "TcpExtTCPToZeroWindowAdv",
    "TcpExtTCPWantZeroWindowAdv", "TcpExtTCPWinProbe", "TcpExtTCPWqueueTooBig",
    "TcpExtTCPZeroWindowDrop", "TcpExtTSEcrRejected", "TcpExtTW", "TcpExtTWKilled",
    "TcpExtTWRecycled", "TcpExtTcpDuplicateDataRehash", "TcpExtTcpTimeoutRehash", "TcpInCsumErrors",
    "TcpInErrs", "TcpInSegs", "TcpMaxConn", "TcpOutRsts", "TcpOutSegs", "TcpPassiveOpens",
    "TcpRetransSegs", "TcpRtoAlgorithm", "TcpRtoMax", "TcpRtoMin", "Udp6IgnoredMulti",
    "Udp6InCsumErrors", "Udp6InDatagrams", "Udp6InErrors", "Udp6MemErrors", "Udp6NoPorts",
    "Udp6OutDatagrams", "Udp6RcvbufErrors", "Udp6SndbufErrors", "UdpIgnoredMulti",
    "UdpInCsumErrors", "UdpInDatagrams", "UdpInErrors", "UdpLite6InCsumErrors",
    "UdpLite6InDatagrams", "UdpLite6InErrors", "UdpLite6MemErrors", "UdpLite6NoPorts",
    "UdpLite6OutDatagrams", "UdpLite6RcvbufErrors", "UdpLite6SndbufErrors", "UdpLiteIgnoredMulti",
    "UdpLiteInCsumErrors", "UdpLiteInDatagrams", "UdpLiteInErrors", "UdpLiteMemErrors",
    "UdpLiteNoPorts", "UdpLiteOutDatagrams", "UdpLiteRcvbufErrors", "UdpLiteSndbufErrors",
    "UdpMemErrors", "UdpNoPorts", "UdpOutDatagrams", "UdpRcvbufErrors", "UdpSndbufErrors"};

static_assert(std::is_sorted(names.begin(), names.end()));

// Counted per ICMP type, and named only once one came: IcmpMsgInType3, Icmp6OutType135.
bool counts_a_type(std::string_view name) {
    for (const std::string_view prefix :
         {"IcmpMsgInType", "IcmpMsgOutType", "Icmp6InType", "Icmp6OutType"}) {
        if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
        const std::string_view type = name.substr(prefix.size());
        return std::all_of(type.begin(), type.end(), [](char c) { return c >= '0' && c <= '9'; });
    }
    return false;
}

}  // namespace

bool is_counter_name(std::string_view name) {
    return std::binary_search(names.begin(), names.end(), name) || counts_a_type(name);
}

std::vector<std::string_view> counter_names() { return {names.begin(), names.end()}; }

}  // namespace etimedout

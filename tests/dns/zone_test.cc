// Zone: the answers of a resolver with nothing wrong with it.
#include "simulator/dns/zone.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

ResolverSpec zone() {
    ResolverSpec made;
    made.records["api.example"].a = {"10.0.0.1", "10.0.0.2"};
    made.records["api.example"].ttl = 7s;
    made.records["alias.example"].cname = "API.example.";
    made.records["dangling.example"].cname = "nowhere.example";
    made.records["circle.example"].cname = "circle.example";
    made.records["deep.down.example"].aaaa = {"fd00::1"};
    made.records["*.wild.example"].a = {"10.0.0.9"};
    made.records["x.wild.example"].a = {"10.0.0.8"};
    made.records["gone.wild.example"] = {};
    made.records["srv.example"].srv = {"0 5 8080 api.example"};
    made.records["text.example"].txt = {"say \"hi\""};
    return made;
}

std::vector<std::string> data(const ZoneAnswer& answer) {
    std::vector<std::string> lines;
    for (const DnsRecord& record : answer.records) lines.push_back(record.type + " " + record.data);
    return lines;
}
using Lines = std::vector<std::string>;

TEST(Zone, AnswersWithAllRecordsOfTheTypeAndTheirTtl) {
    const ZoneAnswer answer = answer_of(zone(), "API.Example", "A");
    EXPECT_EQ(answer.code, DnsCode::noerror);
    EXPECT_EQ(data(answer), (Lines{"A 10.0.0.1", "A 10.0.0.2"}));
    EXPECT_EQ(answer.records.front().ttl, 7s);
    EXPECT_EQ(answer_of(zone(), "deep.down.example", "AAAA").records.front().ttl, 60s);
}

TEST(Zone, ANameWithoutThatTypeExistsAndHasNone) {
    const ZoneAnswer answer = answer_of(zone(), "api.example", "AAAA");
    EXPECT_EQ(answer.code, DnsCode::noerror);
    EXPECT_TRUE(answer.records.empty());
    EXPECT_EQ(answer.negative_ttl, 5s);
}

TEST(Zone, ANameAboveOthersExistsToo) {
    // RFC 8020: NXDOMAIN would deny deep.down.example as well.
    EXPECT_EQ(answer_of(zone(), "down.example", "A").code, DnsCode::noerror);
    EXPECT_EQ(answer_of(zone(), "up.example", "A").code, DnsCode::nxdomain);
}

TEST(Zone, SaysOfUnknownNamesWhatItWasToldTo) {
    ResolverSpec strict = zone();
    strict.unknown = UnknownName::refused;
    EXPECT_EQ(answer_of(zone(), "no.where", "A").code, DnsCode::nxdomain);
    EXPECT_EQ(answer_of(strict, "no.where", "A").code, DnsCode::refused);
}

TEST(Zone, FollowsAliasesAsFarAsItKnowsThem) {
    EXPECT_EQ(data(answer_of(zone(), "alias.example", "A")),
              (Lines{"CNAME api.example.", "A 10.0.0.1", "A 10.0.0.2"}));
    EXPECT_EQ(data(answer_of(zone(), "alias.example", "CNAME")), (Lines{"CNAME api.example."}));
    const ZoneAnswer dangling = answer_of(zone(), "dangling.example", "A");
    EXPECT_EQ(dangling.code, DnsCode::nxdomain);
    EXPECT_EQ(data(dangling), (Lines{"CNAME nowhere.example."}));
    EXPECT_EQ(answer_of(zone(), "circle.example", "A").records.size(), 9U);  // and then it gives up
}

TEST(Zone, WildcardsStandForWhatHasNoRecordsOfItsOwn) {
    EXPECT_EQ(data(answer_of(zone(), "any.wild.example", "A")), (Lines{"A 10.0.0.9"}));
    EXPECT_EQ(data(answer_of(zone(), "x.wild.example", "A")), (Lines{"A 10.0.0.8"}));
    EXPECT_EQ(answer_of(zone(), "gone.wild.example", "A").code, DnsCode::nxdomain);
}

TEST(Zone, WritesServicesAndTextsAsZoneFilesDo) {
    EXPECT_EQ(data(answer_of(zone(), "srv.example", "SRV")), (Lines{"SRV 0 5 8080 api.example."}));
    EXPECT_EQ(data(answer_of(zone(), "text.example", "TXT")), (Lines{"TXT \"say \\\"hi\\\"\""}));
}

TEST(Zone, OtherAddressesAnswerOnlyQueriesOfTheirType) {
    const std::vector<std::string> both{"192.0.2.1", "2001:db8::1"};
    EXPECT_EQ(data(answer_with(both, "n.example", "A", 1s)), (Lines{"A 192.0.2.1"}));
    EXPECT_EQ(data(answer_with(both, "n.example", "AAAA", 1s)), (Lines{"AAAA 2001:db8::1"}));
    EXPECT_TRUE(answer_with(both, "n.example", "MX", 1s).records.empty());
}

TEST(Zone, PatternsMatchNamesBelowThem) {
    EXPECT_TRUE(name_matches("a.example", "a.example"));
    EXPECT_FALSE(name_matches("a.example", "b.a.example"));
    EXPECT_TRUE(name_matches("*.example", "b.a.example"));
    EXPECT_FALSE(name_matches("*.example", "example"));
    EXPECT_TRUE(name_matches("*", "anything"));
}

TEST(Zone, SaysWhatIsWrongWithNamesAndRecords) {
    EXPECT_EQ(wrong_with_name("api.example."), "");
    EXPECT_EQ(wrong_with_name("*.example"), "");
    EXPECT_NE(wrong_with_name(""), "");
    EXPECT_NE(wrong_with_name("a..b"), "");
    EXPECT_NE(wrong_with_name("a b"), "");
    EXPECT_NE(wrong_with_name(std::string(64, 'a')), "");
    EXPECT_NE(wrong_with_name("a.*.b"), "");
    EXPECT_EQ(wrong_with_records({.a = {"10.0.0.256"}}), "`10.0.0.256` is no IPv4 address");
    EXPECT_NE(wrong_with_records({.aaaa = {"10.0.0.1"}}), "");
    EXPECT_NE(wrong_with_records({.srv = {"0 5 host.example"}}), "");
    EXPECT_NE(wrong_with_records({.a = {"10.0.0.1"}, .cname = "b.example"}), "");
    EXPECT_EQ(wrong_with_records({.srv = {"0 5 80 host.example"}}), "");
}

}  // namespace
}  // namespace etimedout

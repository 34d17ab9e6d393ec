// The whole proxy with its own engine: through the API to a connection that passes.
#include <atomic>
#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include "simulator/proxy/proxy_server.hh"
#include "tests/proxy/http_client.hh"

namespace etimedout::test {
namespace {

TEST(ProxyServer, BeginsWithTheProxiesOfItsFileAndPassesBytes) {
    // The API itself is the upstream: what comes through the proxy is the API's own answer.
    const std::string file = testing::TempDir() + "etimedout_proxies.yaml";
    std::ofstream{file} << "- {name: p, listen: '127.0.0.1:0', upstream: 'localhost:1'}\n";
    ProxyServerPlan plan;
    plan.host = "127.0.0.1";
    plan.port = 0;
    plan.config_file = file;
    plan.log_level = LogLevel::panic;
    plan.log_descriptor = -1;
    ProxyServer server{plan};
    std::atomic<bool> stop{false};
    server.run(stop, [&](const std::string& api) {
        HttpClient client{api};
        const auto updated = client.call("PATCH", "/proxies/p", "{\"upstream\":\"" + api + "\"}");
        ASSERT_EQ(updated.result_int(), 200U) << updated.body();
        const auto row = boost::json::parse(updated.body()).as_object();
        HttpClient through{std::string{row.at("listen").as_string()}};
        EXPECT_EQ(through.call("GET", "/version", "").body(), "{\"version\": \"2.12.0\"}\n");
        const auto connections = client.call("GET", "/connections", "");
        const auto list = boost::json::parse(connections.body()).as_array();
        ASSERT_EQ(list.size(), 1U);
        const auto id = list[0].as_object().at("id").to_number<std::int64_t>();
        EXPECT_EQ(client.call("DELETE", "/connections/" + std::to_string(id), "").result_int(),
                  204U);
        stop = true;
    });
    std::remove(file.c_str());
}

TEST(ProxyServer, AFileThatIsWrongIsLoggedAndTheServerStarts) {
    ProxyServerPlan plan;
    plan.port = 0;
    plan.config_file = "/nowhere/proxies.json";
    plan.log_level = LogLevel::panic;
    plan.log_descriptor = -1;
    ProxyServer server{plan};
    HttpClient client{server.api_address()};
    EXPECT_EQ(client.call("GET", "/proxies", "").body(), "{}");
}

}  // namespace
}  // namespace etimedout::test

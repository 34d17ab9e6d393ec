// Requests on a loopback socket and the answers to them, as text files; UPDATE_GOLDEN=1 rewrites.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "simulator/proxy/http_api.hh"
#include "tests/proxy/fake_engine.hh"
#include "tests/proxy/http_client.hh"

namespace etimedout::test {
namespace {

// `> METHOD TARGET BODY`, headers as `>: Name: value` before it; then what came back:
// `< STATUS content type, + nosniff, + id, + location`, and the body with its ends of lines as \n.
std::string shown(const HttpClient::Response& response) {
    std::string out = "< " + std::to_string(response.result_int());
    const std::string type{response["Content-Type"]};
    if (!type.empty()) out += " " + type;
    if (response["X-Content-Type-Options"] == "nosniff") out += " +nosniff";
    if (response["X-Toxiproxy-Request-Id"].size() == 20) out += " +id";
    if (!response["Location"].empty()) out += " +location " + std::string{response["Location"]};
    if (response.count("Allow") > 0) out += " +allow";
    out += "\n";
    if (response.body().empty()) return out;
    out += "< ";
    for (const char c : response.body()) {
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out + "\n";
}

std::string play(const std::string& script) {
    FakeEngine engine;
    ConnectionRow row;
    row.id = 7;
    row.proxy = "redis";
    row.number = 1;
    row.client = "127.0.0.1:5000";
    row.upstream = "127.0.0.1:6379";
    row.bytes_up = 3;
    row.held = 2;
    row.age = 1500ms;
    row.rules = {"slow#1"};
    engine.connections = {row};
    ProxyLog log{LogLevel::panic, -1};
    ProxySet proxies{engine.calls(), log};
    HttpApi api{{.host = "127.0.0.1", .port = 0, .metrics = MetricsEndpoint::absent}, proxies, log};
    HttpClient client{api.address()};

    std::istringstream lines{script};
    std::string out;
    std::string headers;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("< ")) continue;
        out += line + "\n";
        if (line.starts_with(">: ")) headers += line.substr(3) + "\r\n";
        if (!line.starts_with("> ")) continue;
        std::istringstream words{line.substr(2)};
        std::string method;
        std::string target;
        std::string body;
        words >> method >> target;
        std::getline(words >> std::ws, body);
        out += shown(client.call(method, target, body, headers));
        headers.clear();
    }
    return out;
}

std::string read(const std::filesystem::path& file) {
    std::ifstream stream{file};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, AnswersAreAsWritten) {
    const std::filesystem::path file = std::filesystem::path{GOLDEN_FOLDER} / GetParam();
    const std::string expected = read(file);
    ASSERT_FALSE(expected.empty()) << file;
    const std::string seen = play(expected);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream{file} << seen;
    EXPECT_EQ(seen, expected) << file;
}

std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{GOLDEN_FOLDER}) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    return info.param.substr(0, info.param.find('.'));
}

INSTANTIATE_TEST_SUITE_P(Proxy, Golden, testing::ValuesIn(files()), test_name);

}  // namespace
}  // namespace etimedout::test

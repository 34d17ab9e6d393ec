// The http call over TLS, against openssl's own server.
#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "simulator/node/child.hh"
#include "tests/call/callee.hh"

namespace etimedout {
namespace {

namespace fs = std::filesystem;

class TlsCallTest : public testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists("/usr/bin/openssl")) GTEST_SKIP() << "no openssl here: apt install openssl";
        folder_ = fs::temp_directory_path() / "etimedout-tls-XXXXXX";
        std::string name = folder_.string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        Child maker = openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
            "-keyout key -out cert -subj /CN=stranger -days 1 2>/dev/null");
        ASSERT_EQ(maker.wait_until(clock_, clock_.now() + 30s), 0);
    }
    ~TlsCallTest() override {
        if (!folder_.empty()) fs::remove_all(folder_);
    }
    Child openssl(const std::string& arguments) {
        SpawnPlan plan;
        plan.arguments = {"/bin/sh", "-c", "exec openssl " + arguments};
        plan.env = default_environment();
        plan.cwd = folder_.string();
        return Child{plan};
    }

    WorldClock clock_;
    CallState state_;
    fs::path folder_;
};

TEST_F(TlsCallTest, TheHandshakeIsAPhaseBetweenConnectionAndFirstByte) {
    // Nobody has signed the certificate, and it is for another name: any one will do.
    std::uint16_t port = 0;
    {
        const LocalPort free_now;
        port = free_now.port();
    }
    const Child server = openssl("s_server -key key -cert cert -www -quiet -accept 127.0.0.1:" +
                                 std::to_string(port) + " >/dev/null 2>&1");
    CallPlan probe = plan_to(port, TcpCall{});
    while (run_call(probe, clock_, state_).outcome == "connect_refused") {
        clock_.sleep_until(clock_.now() + 1ms);
        if (clock_.now() > 20s) GTEST_SKIP() << "openssl s_server does not come up";
    }
    HttpCall call;
    call.tls = true;
    const CallEnd end = run_call(plan_to(port, call), clock_, state_);
    EXPECT_EQ(end.outcome, "response") << end.detail;
    EXPECT_EQ(end.status, 200);
    ASSERT_TRUE(end.connect && end.tls && end.first_byte);
    EXPECT_LT(*end.connect, *end.tls);
    EXPECT_LE(*end.tls, *end.first_byte);
    EXPECT_LE(*end.first_byte, end.total);
}

}  // namespace
}  // namespace etimedout

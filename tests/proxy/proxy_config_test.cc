// The configuration file: the same in JSON and YAML, and mistakes shown where they stand.
#include <gtest/gtest.h>

#include "simulator/proxy/proxy_config.hh"

namespace etimedout {
namespace {

std::string complaint(const std::string& text, const std::string& file) {
    try {
        const ProxyConfig config{text, file};
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

std::string all(const std::vector<ProxyInput>& proxies) {
    std::vector<ProxyRow> rows;
    for (const ProxyInput& input : proxies) {
        rows.push_back({input.name, input.listen, input.upstream, input.enabled, input.toxics});
    }
    return to_json(rows);
}

constexpr std::string_view as_json = R"([
  {"name": "redis", "listen": "[::]:1", "upstream": "redis:6379",
   "toxics": [{"type": "latency", "attributes": {"latency": 100}, "toxicity": 0.5}]},
  {"name": "off", "listen": "127.0.0.1:2", "upstream": "x:1", "enabled": false}
])";
constexpr std::string_view as_yaml = R"(# what we need
- name: redis
  listen: "[::]:1"
  upstream: redis:6379
  toxics:
    - {type: latency, attributes: {latency: 100}, toxicity: 0.5}
- name: "off"
  listen: 127.0.0.1:2
  upstream: x:1
  enabled: false
)";

TEST(ProxyConfig, JsonAndYamlSayTheSame) {
    const ProxyConfig json{std::string{as_json}, "proxies"};
    const ProxyConfig yaml{std::string{as_yaml}, "proxies"};
    ASSERT_EQ(json.proxies().size(), 2U);
    EXPECT_EQ(json.proxies()[0].toxics.size(), 1U);
    EXPECT_EQ(all(json.proxies()), all(yaml.proxies()));
}

TEST(ProxyConfig, AnEmptyListIsNoMistakeAndAnEmptyJsonFileIs) {
    EXPECT_EQ(complaint("[]", "p.json"), "no error");
    EXPECT_EQ(complaint("", "p.yaml"), "no error");
    EXPECT_EQ(complaint("", "p.json"),
              "p.json:1:1: error: the text ends before the list of proxies does\n    \n    ^");
}

TEST(ProxyConfig, MistakesInYamlShowTheirPlace) {
    EXPECT_EQ(complaint("- name: é\n  upstream: u:1\n  toxics:\n  - {name: é, type: latenzy}\n",
                        "p.yaml"),
              "p.yaml:4:21: error: invalid toxic type at proxy 1\n"
              "      - {name: é, type: latenzy}\n"
              "                        ^");
    EXPECT_EQ(complaint("- upstream: u:1\n", "p.yaml"),
              "p.yaml:1:3: error: missing required field: name at proxy 1\n"
              "    - upstream: u:1\n"
              "      ^");
    EXPECT_EQ(complaint("- {name: a, upstream: u:1, enabled: 3}\n", "p.yaml"),
              "p.yaml:1:37: error: `enabled` must be true or false, not a whole number\n"
              "    - {name: a, upstream: u:1, enabled: 3}\n"
              "                                        ^");
    EXPECT_EQ(complaint("- &b x\n- *b\n", "p.yaml"),
              "p.yaml:2:3: error: aliases are not read here; write the value out\n"
              "    - *b\n"
              "      ^");
    EXPECT_EQ(complaint("- a: 1\n  a: 2\n", "p.yaml"),
              "p.yaml:2:3: error: the key `a` is there twice\n"
              "      a: 2\n"
              "      ^");
}

TEST(ProxyConfig, MistakesInJsonShowTheirPlace) {
    EXPECT_EQ(complaint("[\n {\"name\": \"a\", \"upstream\": \"u:1\", \"toxics\": [\n"
                        "  {\"type\": \"bandwidth\", \"attributes\": {\"rate\": -1}}]}]",
                        "p.json"),
              "p.json:3:48: error: `rate` must be from 0 to 1000000000000, not -1 at proxy 1\n"
              "      {\"type\": \"bandwidth\", \"attributes\": {\"rate\": -1}}]}]\n"
              "                                                   ^");
    EXPECT_EQ(complaint("[{\"name\" \"a\"}]", "p.json"),
              "p.json:1:10: error: not JSON: syntax error at byte 9\n"
              "    [{\"name\" \"a\"}]\n"
              "             ^");
}

TEST(ProxyConfig, NoControlCharacterIsShown) {
    // A NUL would end the message, and others move the cursor.
    EXPECT_EQ(complaint("- {\"a\\0\\e\": 1, \"a\\0\\e\": 2}", "p.yaml"),
              "p.yaml:1:16: error: the key `a??` is there twice\n"
              "    - {\"a\\0\\e\": 1, \"a\\0\\e\": 2}\n"
              "                   ^");
}

TEST(ProxyConfig, ALongLineIsShownAroundTheMistake) {
    const std::string text = complaint("[" + std::string(5000, ' ') + "7]", "p.json");
    EXPECT_LT(text.size(), 300U);
    EXPECT_TRUE(text.starts_with("p.json:1:5002: error:")) << text;
    EXPECT_TRUE(text.ends_with("^")) << text;
}

TEST(ProxyConfig, AFileThatIsNotThereSaysSo) {
    try {
        load_proxy_config("/nowhere/p.json");
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "/nowhere/p.json: cannot be read: No such file or directory");
    }
}

}  // namespace
}  // namespace etimedout

// vars, matrix, --var, ${…}, and dotted places that are set.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

using testing::HasSubstr;

constexpr std::string_view rest = R"(
nodes: {client: {}, server: {stub: http}}
links: {api: client -> server:80, again: client -> server:80}
steps:
  - call: {id: c, in: client, exec: "COMMAND"}
)";

// The command of a scenario with these lines at its top.
std::string command_of(std::string_view top, std::string_view command,
                       const ParseOptions& options = {}) {
    std::string text = "scenario: 1\nname: a\n" + std::string{top} + std::string{rest};
    text.replace(text.find("COMMAND"), 7, command);
    const Scenario scenario = scenario_of(text, options);
    if (scenario.steps.empty()) return {};
    return std::get<ExecCall>(std::get<CallStep>(scenario.steps[0].what).what).command;
}

TEST(Variables, AreMadeOfVariables) {
    // c needs b, which needs a; the order of declaration does not matter.
    EXPECT_EQ(command_of("vars: {c: \"<${b}>\", b: \"${a}${a}\", a: x}", "${c}"), "<xx>");
}

TEST(Variables, MayBeEmpty) {
    // Nothing behind the colon is a text of nothing.
    EXPECT_EQ(command_of("vars: {a: , b: ''}", "[${a}${b}]"), "[]");
}

TEST(Variables, AnEscapeIsLiteral) {
    // $${ is how a shell's own ${ is written; a lone $ is nothing special.
    EXPECT_EQ(command_of("vars: {a: x}", "echo $${HOME} $HOME $$ ${a}"), "echo ${HOME} $HOME $$ x");
}

TEST(Variables, AnEscapeInAVariableStaysLiteral) {
    // It is not expanded a second time where the variable is used.
    EXPECT_EQ(command_of("vars: {a: \"$${b}\", b: x}", "${a} ${b}"), "${b} x");
}

TEST(Variables, LinksAndNodesAreResolvedWhereverTheyStand) {
    // Through a variable as well; the second link between two nodes has a host of its own.
    EXPECT_EQ(command_of("vars: {where: \"${links.api.url}\"}", "${where}/x"),
              "http://server:80/x");
    EXPECT_EQ(command_of("", "${links.again.host} ${links.again.port} ${links.again.ip}"),
              "again 80 10.2.2.2");
    EXPECT_EQ(command_of("", "${nodes.client.ip} ${nodes.server.ip} ${nodes.client.name}"),
              "10.1.1.2 10.1.2.2 client");
}

TEST(Variables, TheScenarioFolderIsTheOneGiven) {
    // Inside a world it is always the same; ${ in a folder's name is not a variable.
    EXPECT_EQ(command_of("", "${scenario.dir}/run"), "/scenario/run");
    EXPECT_EQ(command_of("", "${scenario.dir}/run", {.scenario_dir = "/a ${b}"}), "/a ${b}/run");
}

TEST(Variables, AreOverriddenFromOutside) {
    // --var wins over vars, and may itself be made of variables.
    EXPECT_EQ(command_of("vars: {a: x, b: y}", "${a}", {.variables = {{"a", "<${b}>"}}}), "<y>");
}

TEST(Variables, AnUndeclaredOneFromOutsideIsAnError) {
    // A typing mistake on the command line would else change nothing, silently.
    const std::string text = "scenario: 1\nname: a\nvars: {time: 5s}\n" + std::string{rest};
    EXPECT_EQ(first_error(text, {.variables = {{"tiem", "1s"}}}),
              "3:1: --var tiem: the scenario declares no variable of this name");
}

TEST(Variables, PositionsStayThoseOfTheText) {
    // The value comes from line 3, the mistake is shown where it is used.
    const std::string text = around("  - wait: \"${t}\"\n");
    EXPECT_EQ(first_error("vars: {t: 5}\n" + text).substr(0, 6), "7:11: ");
}

TEST(Variables, AKeyMayBeOne) {
    // The route's path is a variable.
    const Scenario scenario = scenario_of(
        "scenario: 1\nname: a\nvars: {path: /pay}\n"
        "nodes: {client: {}, s: {stub: http, routes: {\"${path}\": {status: 201}}}}\n"
        "links: {api: client -> s:80}\nsteps: [wait: 1s]\n");
    EXPECT_EQ(scenario.topology.nodes[1].spec.stub->routes.at("/pay").status, 201);
}

TEST(Matrix, IsTheProductOfItsListsInTheirOrder) {
    // Two times three rows; the last list turns fastest.
    std::vector<std::string> titles;
    for (const Scenario& row :
         rows_of("matrix: {b: [1, 2], a: [x, y, z]}\n" + around("  - wait: 1s\n"))) {
        titles.push_back(row.row);
    }
    EXPECT_EQ(titles, (std::vector<std::string>{"b=1, a=x", "b=1, a=y", "b=1, a=z", "b=2, a=x",
                                                "b=2, a=y", "b=2, a=z"}));
}

TEST(Matrix, MayBeAListOfRows) {
    // Rows that belong together: a kind of fault and the status that follows from it.
    const auto rows = rows_of(
        "matrix:\n  - {kind: silent, status: 504}\n  - {kind: reset, status: 502}\n" +
        around("  - fault: {link: api, kind: \"${kind}\"}\n  - call: {id: c, link: api, get: /}\n",
               "  - {at: c, status: \"${status}\"}\n"));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1].row, "kind=reset");  // which tells the rows apart
    EXPECT_EQ(rows[1].expectations[0].status->at_least, 502);
}

TEST(Matrix, AValueFromOutsideReplacesItsList) {
    // Three rows become one.
    const auto rows = rows_of("matrix: {n: [1, 2, 3]}\n" + around("  - wait: \"${n}s\"\n"),
                              {.variables = {{"n", "7"}}});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(std::get<WaitStep>(rows[0].steps[0].what).time, 7s);
}

// The titles of a matrix's rows, in their order.
std::vector<std::string> titles_of(const std::string& matrix, const ParseOptions& options = {}) {
    std::vector<std::string> titles;
    for (const Scenario& row : rows_of(matrix + around("  - wait: 1s\n"), options)) {
        titles.push_back(row.row);
    }
    return titles;
}

TEST(Matrix, ARowShowsNoMoreThanTellsItApart) {
    // `b` alone leaves two rows together, which `c` splits; `a` is the same in all, `d` too late.
    EXPECT_EQ(titles_of("matrix:\n  - {a: 0, b: 1, c: x, d: 7}\n  - {a: 0, b: 1, c: y, d: 8}\n"
                        "  - {a: 0, b: 2, c: x, d: 9}\n"),
              (std::vector<std::string>{"b=1, c=x", "b=1, c=y", "b=2, c=x"}));
    EXPECT_EQ(titles_of("matrix: {a: [1], b: [2]}\n"), std::vector<std::string>{"a=1"});
}

TEST(Matrix, ARowMayHaveAName) {
    // The name says what is special; a row without one is told apart by its values.
    EXPECT_EQ(titles_of("matrix:\n  - {name: the client is first, t: 1s}\n  - {t: 5s}\n"),
              (std::vector<std::string>{"the client is first", "t=5s"}));
}

TEST(Matrix, LongValuesAreCutAndThoseAlikeAreNumbered) {
    // Both begin with the same 40 letters.
    const std::string long_text(50, 'x');
    EXPECT_EQ(titles_of("matrix: {a: [" + long_text + "y, " + long_text + "z, short]}\n"),
              (std::vector<std::string>{"a=#1", "a=#2", "a=short"}));
    EXPECT_EQ(titles_of("matrix: {a: [" + long_text + "y, short]}\n")[0],
              "a=" + std::string(40, 'x') + "…");
}

TEST(Matrix, AValueMayBeAMapOrAList) {
    // ${answer} alone is the map itself; what is inside is expanded as well.
    const auto rows = rows_of(
        "scenario: 1\nname: a\nvars: {code: 503}\n"
        "matrix:\n"
        "  answer:\n"
        "    - {status: \"${code}\", headers: {Retry-After: 1}}\n"
        "    - {silent: true}\n"
        "nodes:\n  client: {}\n  s: {stub: http, routes: {/pay: \"${answer}\"}}\n"
        "links: {api: client -> s:80}\nsteps: [wait: 1s]\n");
    ASSERT_EQ(rows.size(), 2U);
    const auto route = [&](std::size_t row) {
        return rows[row].topology.node("s")->stub->routes.at("/pay");
    };
    EXPECT_EQ(route(0).status, 503);
    EXPECT_EQ(route(0).headers.at("Retry-After"), "1");
    EXPECT_TRUE(route(1).silent);
    EXPECT_EQ(rows[0].row, "answer=status: ${code}");
    EXPECT_EQ(rows[1].row, "answer=silent: true");
    EXPECT_EQ(rows[0].variables.at("answer"), "{status: \"503\", headers: {Retry-After: 1}}");
}

TEST(Matrix, AListOfStepsMayBeAValue) {
    // A row can do other things, not only the same with other numbers; lists alike are numbered.
    const auto rows = rows_of(
        "scenario: 1\nname: a\n"
        "matrix: {what: [[wait: 1s], [wait: 1s, wait: 2s]]}\n"
        "nodes: {client: {}}\nsteps: ${what}\n");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].steps.size(), 1U);
    EXPECT_EQ(rows[1].steps.size(), 2U);
    EXPECT_EQ(rows[1].row, "what=#2");
}

TEST(Matrix, AMapFromOutsideReplacesAMap) {
    // --var reads YAML where the scenario has a map.
    const std::string text =
        "scenario: 1\nname: a\nvars: {answer: {status: 200}}\n"
        "nodes: {client: {}, s: {stub: http, routes: {/: \"${answer}\"}}}\n"
        "links: {api: client -> s:80}\nsteps: [wait: 1s]\n";
    const Scenario scenario = scenario_of(text, {.variables = {{"answer", "{status: 418}"}}});
    EXPECT_EQ(scenario.topology.node("s")->stub->routes.at("/").status, 418);
}

TEST(Variables, MapsThatMultiplyAreStopped) {
    // Ten times ten times … : 10^7 nodes from eight lines.
    std::string text = "scenario: 1\nname: a\nvars:\n  v0: [a, b]\n";
    for (int i = 1; i < 9; ++i) {
        text += fmt::format("  v{}: [", i);
        for (int k = 0; k < 10; ++k) text += fmt::format("\"${{v{}}}\", ", i - 1);
        text += "]\n";
    }
    text += "nodes: {client: {}}\nsteps: \"${v8}\"\n";
    EXPECT_TRUE(has_error(text, "variables expand to too much text"));
}

TEST(Set, ReplacesThePlaceWithTheLongestKey) {
    // The sysctl's name has dots of its own.
    const std::string text =
        "scenario: 1\nname: a\n"
        "nodes: {client: {sysctl: {net.ipv4.tcp_syn_retries: 2}}, s: {stub: http}}\n"
        "links: {api: client -> s:80}\nsteps: [wait: 1s]\n";
    const auto sysctl = [&](const ParseOptions& options) {
        return scenario_of(text, options).topology.nodes[0].spec.sysctl;
    };
    EXPECT_EQ(sysctl({.set = {{"nodes.client.sysctl.net.ipv4.tcp_syn_retries", "5"}}})
                  .at("net.ipv4.tcp_syn_retries"),
              "5");
    EXPECT_EQ(sysctl({.set = {{"nodes.client.sysctl.net.ipv4.tcp_retries2", "3"}}})
                  .at("net.ipv4.tcp_retries2"),
              "3");
}

TEST(Set, AddsKeysThatAreNotThere) {
    // The node has neither limits nor sysctls yet.
    const Scenario scenario = scenario_of(around("  - wait: 1s\n"),
                                          {.set = {{"nodes.other.limits.fds", "64"},
                                                   {"nodes.client.sysctl.net.core.somaxconn", "8"},
                                                   {"nodes.server.routes./pay", "{status: 500}"}}});
    EXPECT_EQ(scenario.topology.node("other")->process->limits.fds, 64);
    EXPECT_EQ(scenario.topology.node("client")->sysctl.at("net.core.somaxconn"), "8");
    EXPECT_EQ(scenario.topology.node("server")->stub->routes.at("/pay").status, 500);
}

TEST(Set, FindsStepsByNumberAndById) {
    // By number the step, by id the map the id stands in, or the step where the next name is one.
    const std::string text = around("  - wait: 1s\n  - call: {id: c, link: api, get: /}\n");
    const auto call = [&](const ParseOptions& options) {
        return std::get<CallStep>(scenario_of(text, options).steps[1].what);
    };
    EXPECT_EQ(call({.set = {{"steps.1.call.deadline", "5s"}}}).deadline, 5s);
    EXPECT_EQ(call({.set = {{"steps.c.deadline", "6s"}}}).deadline, 6s);
    EXPECT_EQ(call({.set = {{"steps.c.call.deadline", "7s"}}}).deadline, 7s);
    EXPECT_EQ(
        std::get<WaitStep>(scenario_of(text, {.set = {{"steps.0.wait", "9s"}}}).steps[0].what).time,
        9s);
}

TEST(Set, ReachesVariablesBeforeTheyAreUsed) {
    // A counter-example may change what everything else follows from.
    const Scenario scenario = scenario_of("vars: {t: 1s}\n" + around("  - wait: \"${t}\"\n"),
                                          {.set = {{"vars.t", "8s"}}});
    EXPECT_EQ(std::get<WaitStep>(scenario.steps[0].what).time, 8s);
}

TEST(Set, PlacesThatAreNotThereAreErrors) {
    // A place nobody reaches would make a counter-example the scenario itself.
    const std::string text = around("  - call: {id: c, link: api, get: /}\n");
    EXPECT_THAT(first_error(text, {.set = {{"steps.7.wait", "1s"}}}),
                HasSubstr("there is no item 7"));
    EXPECT_THAT(first_error(text, {.set = {{"steps.d.deadline", "1s"}}}),
                HasSubstr("no item has the id `d`"));
    EXPECT_THAT(first_error(text, {.set = {{"name.first", "x"}}}), HasSubstr("has no parts"));
    EXPECT_THAT(first_error(text, {.set = {{"nodes..x", "1"}}}), HasSubstr("a name is missing"));
    EXPECT_THAT(first_error(text, {.set = {{"name", "{a: [}"}}}), HasSubstr("is not a value"));
}

}  // namespace
}  // namespace etimedout

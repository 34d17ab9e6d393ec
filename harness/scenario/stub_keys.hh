// The keys of a node that is a stub: what it answers, and how it treats connections.
#pragma once

#include <optional>

#include "harness/scenario/table.hh"
#include "simulator/stub/spec.hh"

namespace etimedout {

// A stub as its keys are read; what it becomes follows when all are known.
struct StubDraft {
    std::optional<StubKind> stub_kind{};
    std::optional<Port> port{};
    StubSpec upstream{};
};

const Table<StubDraft>& stub_table();

// Whether a key means something to a stub of this kind; an error where it does not.
bool check_stub_key(Reading& reading, const YamlNode& key, StubKind kind);

// What must hold between the keys of one stub.
void check_stub(Reading& reading, const YamlNode& node, const StubDraft& draft);

}  // namespace etimedout

// Carries out what a user wants of a running proxy server, and prints what came of it.
#pragma once

#include "harness/toxiproxy/client_plan.hh"

namespace etimedout {

// Prints to standard output. Throws ApiRefusal with the server's own message, Error where none is
// reached or a file cannot be read.
void run_client(const ClientPlan& plan);

}  // namespace etimedout

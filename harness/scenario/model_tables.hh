// The keys of an expectation that are models, and what each of them wants.
#pragma once

#include <vector>

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// `retries`, which is listed among the facts of a link.
KeySpec<Expectation> retries_key();

// `stream` with its short forms, and all other models.
void add_model_keys(std::vector<KeySpec<Expectation>>& keys);

// What a model names must be there, and it must expect something; errors where not.
bool check_models(Reading& reading, const YamlNode& node, const Expectation& expectation);

}  // namespace etimedout

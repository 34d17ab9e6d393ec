// The JSON Schema of a scenario: from forms to draft-07.
#include "harness/scenario/json_schema.hh"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "harness/scenario/calls.hh"
#include "harness/scenario/document.hh"
#include "harness/scenario/expectations.hh"
#include "harness/scenario/faults.hh"
#include "harness/scenario/preparations.hh"
#include "harness/scenario/resolvers.hh"
#include "harness/scenario/steps.hh"
#include "harness/scenario/topology.hh"

namespace etimedout {

namespace {

namespace json = boost::json;

constexpr std::string_view variable = "\\$\\{";

json::value schema_of(const Form& form);

json::object reference(std::string_view name) {
    return {{"$ref", fmt::format("#/definitions/{}", name)}};
}

// A number, or a text that becomes one when its variables are expanded.
json::object number_schema(const Form& form) {
    json::object number{{"type", form.json_type}};
    const auto limit = [&](const char* key, const std::string& text) {
        const auto value = Scalar<double>::parse(text);
        if (!value) return;
        if (form.json_type == "integer") {
            number[key] = static_cast<std::int64_t>(*value);
        } else {
            number[key] = *value;
        }
    };
    limit("minimum", form.lowest);
    limit("maximum", form.highest);
    const json::object text{{"type", "string"}, {"pattern", variable}};
    return {{"anyOf", json::array{number, text}}};
}

json::object scalar_schema(const Form& form) {
    if (form.json_type == "integer" || form.json_type == "number" || form.json_type == "boolean") {
        return number_schema(form);
    }
    if (form.json_type == "quantity") return {{"type", "string"}};
    if (form.pattern.empty()) return {{"type", json::array{"string", "number", "boolean", "null"}}};
    json::object schema{{"type", "string"}};
    // "2" is a count, and a number in YAML.
    if (form.name == "count") schema["type"] = json::array{"string", "integer"};
    schema["pattern"] = fmt::format("{}|{}", form.pattern, variable);
    return schema;
}

json::object words_schema(const Form& form) {
    json::array words;
    for (const std::string& word : form.words) {
        // `scenario: 1` is a number in YAML.
        if (const auto number = Scalar<std::int64_t>::parse(word)) words.emplace_back(*number);
        words.emplace_back(word);
    }
    const json::object text{{"type", "string"}, {"pattern", variable}};
    return {{"anyOf", json::array{json::object{{"enum", words}}, text}}};
}

json::object object_schema(const Form& form) {
    json::object properties;
    json::array required;
    for (const KeyForm& key : form.keys) {
        json::value value = schema_of(key.form);
        std::string doc = key.doc;
        if (!key.where.empty()) doc += fmt::format(" (at {})", key.where);
        if (!key.initial.empty()) doc += fmt::format("; by default {}", key.initial);
        json::object described;
        // Draft-07 ignores what stands beside a $ref.
        if (value.is_object() && value.get_object().contains("$ref")) {
            described["allOf"].emplace_array().push_back(value);
        } else if (value.is_object()) {
            described = value.get_object();
        }
        described["description"] = doc;
        properties[key.name] = described;
        if (key.required) required.emplace_back(key.name);
    }
    json::object schema{{"type", "object"}, {"properties", properties}};
    if (!required.empty()) schema["required"] = required;
    schema["additionalProperties"] = false;
    return schema;
}

json::value schema_of(const Form& form) {
    switch (form.kind) {
        case Form::Kind::scalar:
            return scalar_schema(form);
        case Form::Kind::words:
            return words_schema(form);
        case Form::Kind::list:
            return json::object{{"type", "array"}, {"items", schema_of(form.of.front())}};
        case Form::Kind::map:
            return json::object{{"type", "object"},
                                {"additionalProperties", schema_of(form.of.front())}};
        case Form::Kind::object:
            return object_schema(form);
        case Form::Kind::named:
            return reference(form.name);
        case Form::Kind::either:
            break;
    }
    json::array any;
    for (const Form& part : form.of) any.push_back(schema_of(part));
    if (any.empty()) return json::object{};
    return json::object{{"anyOf", any}};
}

void write(const json::value& value, std::size_t indent, std::string& out) {
    const std::string inner(indent + 2, ' ');
    const std::string outer(indent, ' ');
    if (value.is_object() && !value.get_object().empty()) {
        out += "{\n";
        bool first = true;
        for (const auto& [key, member] : value.get_object()) {
            if (!first) out += ",\n";
            first = false;
            out += inner + json::serialize(json::value(json::string(key))) + ": ";
            write(member, indent + 2, out);
        }
        out += "\n" + outer + "}";
        return;
    }
    const bool flat =
        !value.is_array() || value.get_array().empty() || value.get_array().front().is_primitive();
    if (flat) {
        out += json::serialize(value);
        return;
    }
    out += "[\n";
    bool first = true;
    for (const json::value& item : value.get_array()) {
        if (!first) out += ",\n";
        first = false;
        out += inner;
        write(item, indent + 2, out);
    }
    out += "\n" + outer + "]";
}

// `node: {}` may also be written with nothing behind the colon.
json::value or_nothing(const json::value& schema) {
    return json::object{{"anyOf", json::array{schema, json::object{{"type", "null"}}}}};
}

}  // namespace

std::string json_schema() {
    json::object schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                        {"title", "etimedout scenario"}};
    for (const auto& [key, value] : object_schema(scenario_form())) schema[key] = value;
    schema["definitions"] = json::object{{"node", or_nothing(schema_of(node_form()))},
                                         {"link", schema_of(link_form())},
                                         {"resolver", or_nothing(schema_of(resolver_form()))},
                                         {"preparation", schema_of(preparation_form())},
                                         {"step", schema_of(step_form())},
                                         {"fault", schema_of(fault_form())},
                                         {"call", schema_of(call_form())},
                                         {"expectation", schema_of(expectation_form())}};
    std::string text;
    write(schema, 0, text);
    return text + "\n";
}

}  // namespace etimedout

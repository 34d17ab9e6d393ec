// A model's answer to one request, in the wire formats of OpenAI and Anthropic: what is sent, and
// when.
#include "simulator/stub/llm.hh"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "simulator/base/rng.hh"

namespace etimedout {

namespace json = boost::json;

namespace {

enum class Dialect { openai, anthropic };

constexpr std::string_view chat_path = "/v1/chat/completions";
constexpr std::string_view messages_path = "/v1/messages";
constexpr std::string_view models_path = "/v1/models";

std::string json_text(const json::value& value) { return json::serialize(value); }

// An event as it goes over the wire (HTML Standard, 9.2.5).
std::string event_of(Dialect dialect, std::string_view name, const json::value& data) {
    if (dialect == Dialect::openai) return fmt::format("data: {}\n\n", json_text(data));
    return fmt::format("event: {}\ndata: {}\n\n", name, json_text(data));
}

// What a request asks for.
struct Wish {
    std::string model{};
    bool stream = false;
    bool usage = false;  // OpenAI's stream_options.include_usage
    std::optional<std::int64_t> longest{};
    std::int64_t prompt_tokens = 0;
};

// All of one answer's parts, for one dialect.
class Speaker {
public:
    Speaker(const StubLlm& model, const LlmRequest& request, Dialect dialect)
        : model_{model},
          request_{request},
          dialect_{dialect},
          chance_{request.seed, fmt::format("stub/{}/request/{}", request.stub, request.number)} {}

    LlmAnswer answer();

private:
    std::string id(std::string_view prefix, int digits);
    json::object error_body(std::int64_t status, std::string_view type, std::string_view message);
    std::string type_of(std::int64_t status) const;
    LlmAnswer failure(std::int64_t status, std::string_view message);
    LlmAnswer refusal(const LlmRefusal& refusal);
    std::optional<LlmAnswer> understand(Wish& wish);
    LlmAnswer stream(const Wish& wish);
    LlmAnswer at_once(const Wish& wish);
    void begin(LlmAnswer& answer, const Wish& wish);
    void finish(LlmAnswer& answer, const Wish& wish, bool cut_short);
    json::object chunk(json::object delta, json::value finish_reason);
    void say(std::string_view event, const json::value& data);
    Duration pause(Duration mean);
    std::string token(std::int64_t number) const { return fmt::format(" {}", number); }

    const StubLlm& model_;
    const LlmRequest& request_;
    Dialect dialect_;
    Rng chance_;
    std::string id_{};
    std::string name_{};     // of the model, as the request calls it
    std::string pending_{};  // events of the piece that is being made
};

std::string Speaker::id(std::string_view prefix, int digits) {
    static constexpr std::string_view letters =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text{prefix};
    for (int i = 0; i < digits; ++i) text += letters.at(chance_.below(letters.size()));
    return text;
}

std::string Speaker::type_of(std::int64_t status) const {
    if (dialect_ == Dialect::openai) {
        if (status == 429) return "requests";
        return status < 500 ? "invalid_request_error" : "server_error";
    }
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 529:
            return "overloaded_error";
        default:
            return status < 500 ? "invalid_request_error" : "api_error";
    }
}

json::object Speaker::error_body(std::int64_t status, std::string_view type,
                                 std::string_view message) {
    if (dialect_ == Dialect::openai) {
        json::value code = nullptr;
        if (status == 429) code = "rate_limit_exceeded";
        return {
            {"error", {{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}}}};
    }
    return {{"type", "error"}, {"error", {{"type", type}, {"message", message}}}};
}

LlmAnswer Speaker::failure(std::int64_t status, std::string_view message) {
    LlmAnswer answer;
    answer.status = status;
    answer.headers["Content-Type"] = "application/json";
    answer.pieces = {{{}, json_text(error_body(status, type_of(status), message))}};
    return answer;
}

LlmAnswer Speaker::refusal(const LlmRefusal& refusal) {
    LlmAnswer answer = failure(refusal.status, refusal.status == 429   ? "Rate limit reached"
                                               : refusal.status >= 500 ? "Overloaded"
                                                                       : "Turned away");
    if (refusal.retry_after) {
        using namespace std::chrono;
        answer.headers["Retry-After"] =
            fmt::format("{}", ceil<seconds>(*refusal.retry_after).count());
        answer.headers["retry-after-ms"] =
            fmt::format("{}", ceil<milliseconds>(*refusal.retry_after).count());
    }
    return answer;
}

const json::value* member(const json::object& object, std::string_view name) {
    return object.if_contains(json::string_view{name.data(), name.size()});
}

bool is_true(const json::value* value) {
    return value != nullptr && value->if_bool() && *value->if_bool();
}

// Nothing, or what is wrong with the request.
std::optional<LlmAnswer> Speaker::understand(Wish& wish) {
    boost::system::error_code error;
    const json::value parsed = json::parse(request_.body, error);
    const json::object* object = error ? nullptr : parsed.if_object();
    if (object == nullptr) return failure(400, "We could not parse the JSON body of your request.");
    const json::value* model = member(*object, "model");
    if (model == nullptr || !model->is_string()) return failure(400, "model: field required");
    wish.model = model->as_string().c_str();
    const json::value* messages = member(*object, "messages");
    if (messages == nullptr || !messages->is_array() || messages->as_array().empty()) {
        return failure(400, "messages: field required");
    }
    wish.stream = is_true(member(*object, "stream"));
    if (const json::value* options = member(*object, "stream_options")) {
        if (const json::object* fields = options->if_object()) {
            wish.usage = is_true(member(*fields, "include_usage"));
        }
    }
    for (const std::string_view name : {"max_completion_tokens", "max_tokens"}) {
        const json::value* longest = member(*object, name);
        if (longest == nullptr || longest->is_null() || wish.longest) continue;
        if (!longest->is_int64() || longest->as_int64() < 1) {
            return failure(400, fmt::format("{}: a whole number of at least 1 is wanted", name));
        }
        wish.longest = longest->as_int64();
    }
    if (dialect_ == Dialect::anthropic && !wish.longest) {
        return failure(400, "max_tokens: field required");
    }
    // About four characters a token, as the providers' guides say.
    wish.prompt_tokens = static_cast<std::int64_t>(json_text(*messages).size() + 3) / 4;
    return std::nullopt;
}

LlmAnswer Speaker::answer() {
    if (request_.body.size() >= longest_prompt) return failure(413, "Request too large");
    id_ = dialect_ == Dialect::openai ? id("chatcmpl-", 29) : id("msg_01", 22);
    if (model_.refuse && request_.number <= model_.refuse->first) return refusal(*model_.refuse);
    Wish wish;
    if (auto wrong = understand(wish)) return *wrong;
    name_ = wish.model;
    return wish.stream ? stream(wish) : at_once(wish);
}

Duration Speaker::pause(Duration mean) {
    if (model_.jitter <= Duration::zero()) return mean;
    const double offset =
        (2 * chance_.next_double() - 1) * static_cast<double>(model_.jitter.count());
    return std::max(mean + Duration{static_cast<std::int64_t>(offset)}, Duration::zero());
}

void Speaker::say(std::string_view event, const json::value& data) {
    pending_ += event_of(dialect_, event, data);
}

json::object Speaker::chunk(json::object delta, json::value finish_reason) {
    json::object choice{{"index", 0},
                        {"delta", std::move(delta)},
                        {"logprobs", nullptr},
                        {"finish_reason", std::move(finish_reason)}};
    return {{"id", id_},
            {"object", "chat.completion.chunk"},
            {"created", request_.wall_clock},
            {"model", name_},
            {"choices", json::array{std::move(choice)}}};
}

// What comes before the first token; Anthropic's with the head, OpenAI's with that token.
void Speaker::begin(LlmAnswer& answer, const Wish& wish) {
    if (dialect_ == Dialect::openai) {
        say("", chunk({{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}}, nullptr));
        return;
    }
    json::object usage{{"input_tokens", wish.prompt_tokens}, {"output_tokens", 1}};
    say("message_start", {{"type", "message_start"},
                          {"message",
                           {{"id", id_},
                            {"type", "message"},
                            {"role", "assistant"},
                            {"model", name_},
                            {"content", json::array{}},
                            {"stop_reason", nullptr},
                            {"stop_sequence", nullptr},
                            {"usage", std::move(usage)}}}});
    say("content_block_start", {{"type", "content_block_start"},
                                {"index", 0},
                                {"content_block", {{"type", "text"}, {"text", ""}}}});
    say("ping", {{"type", "ping"}});
    answer.pieces.push_back({{}, std::exchange(pending_, {})});
}

void Speaker::finish(LlmAnswer& answer, const Wish& wish, bool cut_short) {
    const auto said =
        static_cast<std::int64_t>(std::min(wish.longest.value_or(model_.tokens), model_.tokens));
    if (dialect_ == Dialect::openai) {
        say("", chunk({}, cut_short ? "length" : "stop"));
        if (wish.usage) {
            json::object last = chunk({}, nullptr);
            last["choices"] = json::array{};
            last["usage"] = {{"prompt_tokens", wish.prompt_tokens},
                             {"completion_tokens", said},
                             {"total_tokens", wish.prompt_tokens + said}};
            say("", last);
        }
        pending_ += "data: [DONE]\n\n";
    } else {
        say("content_block_stop", {{"type", "content_block_stop"}, {"index", 0}});
        say("message_delta",
            {{"type", "message_delta"},
             {"delta",
              {{"stop_reason", cut_short ? "max_tokens" : "end_turn"}, {"stop_sequence", nullptr}}},
             {"usage", {{"output_tokens", said}}}});
        say("message_stop", {{"type", "message_stop"}});
    }
    answer.pieces.push_back({{}, std::exchange(pending_, {})});
}

LlmAnswer Speaker::stream(const Wish& wish) {
    LlmAnswer answer;
    answer.streams = true;
    answer.head_wait = model_.head;
    answer.headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                      {"Cache-Control", "no-cache"}};
    if (model_.comments) {
        answer.comment = dialect_ == Dialect::openai
                             ? std::string{": keep-alive\n\n"}
                             : event_of(dialect_, "ping", {{"type", "ping"}});
    }
    const std::int64_t length = std::min(wish.longest.value_or(model_.tokens), model_.tokens);
    const std::int64_t said = std::min(model_.stop_after.value_or(length), length);
    answer.whole = said == length && !model_.stop_after;
    answer.end = model_.end;
    begin(answer, wish);
    for (std::int64_t number = 1; number <= said; ++number) {
        const Duration wait = pause(number == 1 ? model_.first_token : model_.between);
        if (dialect_ == Dialect::openai) {
            say("", chunk({{"content", token(number)}}, nullptr));
        } else {
            say("content_block_delta",
                {{"type", "content_block_delta"},
                 {"index", 0},
                 {"delta", {{"type", "text_delta"}, {"text", token(number)}}}});
        }
        answer.pieces.push_back({wait, std::exchange(pending_, {})});
    }
    if (answer.whole) {
        finish(answer, wish, length < model_.tokens);
    } else if (model_.end == LlmEnd::error) {
        say("error", error_body(500, model_.error, "Overloaded"));
        const Duration wait = said == 0 ? pause(model_.first_token) : Duration::zero();
        answer.pieces.push_back({wait, std::exchange(pending_, {})});
        answer.whole = true;  // as a body: the stream ends in good order behind the error
    }
    return answer;
}

LlmAnswer Speaker::at_once(const Wish& wish) {
    const std::int64_t length = std::min(wish.longest.value_or(model_.tokens), model_.tokens);
    const std::int64_t said = std::min(model_.stop_after.value_or(length), length);
    Duration needed = model_.head;
    std::string text;
    for (std::int64_t number = 1; number <= said; ++number) {
        needed += pause(number == 1 ? model_.first_token : model_.between);
        text += token(number);
    }
    LlmAnswer answer;
    if (model_.stop_after && model_.end == LlmEnd::error) {
        answer = failure(
            model_.error == "overloaded_error" && dialect_ == Dialect::anthropic ? 529 : 500,
            "Overloaded");
        answer.head_wait = needed;
        return answer;
    }
    answer.head_wait = needed;
    answer.headers["Content-Type"] = "application/json";
    answer.whole = !model_.stop_after;
    answer.end = model_.end;
    if (!answer.whole) return answer;
    const bool cut_short = length < model_.tokens;
    json::object body;
    if (dialect_ == Dialect::openai) {
        json::object message{{"role", "assistant"}, {"content", text}, {"refusal", nullptr}};
        json::object choice{{"index", 0},
                            {"message", std::move(message)},
                            {"logprobs", nullptr},
                            {"finish_reason", cut_short ? "length" : "stop"}};
        body = {{"id", id_},
                {"object", "chat.completion"},
                {"created", request_.wall_clock},
                {"model", name_},
                {"choices", json::array{std::move(choice)}},
                {"usage",
                 {{"prompt_tokens", wish.prompt_tokens},
                  {"completion_tokens", said},
                  {"total_tokens", wish.prompt_tokens + said}}}};
    } else {
        json::object content{{"type", "text"}, {"text", text}};
        body = {{"id", id_},
                {"type", "message"},
                {"role", "assistant"},
                {"model", name_},
                {"content", json::array{std::move(content)}},
                {"stop_reason", cut_short ? "max_tokens" : "end_turn"},
                {"stop_sequence", nullptr},
                {"usage", {{"input_tokens", wish.prompt_tokens}, {"output_tokens", said}}}};
    }
    answer.pieces = {{{}, json_text(body)}};
    return answer;
}

LlmAnswer plain_failure(std::int64_t status, std::string_view message) {
    LlmAnswer answer;
    answer.status = status;
    answer.headers["Content-Type"] = "application/json";
    answer.pieces = {{{},
                      json_text({{"error",
                                  {{"message", message},
                                   {"type", "invalid_request_error"},
                                   {"param", nullptr},
                                   {"code", nullptr}}}})}};
    return answer;
}

LlmAnswer models(const StubLlm& model, std::int64_t wall_clock) {
    LlmAnswer answer;
    answer.headers["Content-Type"] = "application/json";
    json::object entry{{"id", model.model},
                       {"object", "model"},
                       {"created", wall_clock},
                       {"owned_by", "etimedout"}};
    answer.pieces = {
        {{}, json_text({{"object", "list"}, {"data", json::array{std::move(entry)}}})}};
    return answer;
}

}  // namespace

bool asks_for_answer(const RequestHead& head) {
    return head.method == "POST" && (head.path() == chat_path || head.path() == messages_path);
}

LlmAnswer answer_of(const StubLlm& model, const LlmRequest& request) {
    const std::string_view path = request.head.path();
    const std::string_view wanted = path == models_path ? "GET" : "POST";
    if (path != models_path && path != chat_path && path != messages_path) {
        return plain_failure(404, fmt::format("Unknown request URL: {} {}", request.head.method,
                                              request.head.target));
    }
    if (request.head.method != wanted) {
        LlmAnswer answer = plain_failure(405, fmt::format("Not allowed: {}", request.head.method));
        answer.headers["Allow"] = wanted;
        return answer;
    }
    if (path == models_path) return models(model, request.wall_clock);
    const Dialect dialect = path == chat_path ? Dialect::openai : Dialect::anthropic;
    return Speaker{model, request, dialect}.answer();
}

}  // namespace etimedout

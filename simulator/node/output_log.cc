// OutputLog: what one program says, as bounded log lines; LineSplitter: bytes to lines.
#include "simulator/node/output_log.hh"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "simulator/node/text.hh"

namespace etimedout {

void LineSplitter::feed(std::string_view bytes, const Take& take) {
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        // One more byte than is shown, so that the cut can respect UTF-8 and "\r".
        const std::size_t room = longest_line + 4 - std::min(line_.size(), longest_line + 4);
        const std::size_t kept = std::min(end, room);
        line_.append(bytes.substr(0, kept));
        dropped_ += end - kept;
        begun_ = true;
        if (end == bytes.size()) return;
        end_line(take);
        bytes.remove_prefix(end + 1);
    }
}

void LineSplitter::finish(const Take& take) {
    if (begun_) end_line(take);
}

void LineSplitter::end_line(const Take& take) {
    if (dropped_ == 0 && line_.ends_with('\r')) line_.pop_back();
    const std::string_view shown = cut_text(line_, longest_line);
    const std::uint64_t missing = dropped_ + line_.size() - shown.size();
    if (missing == 0) {
        take(shown);
    } else {
        take(fmt::format("{} … ({} more bytes)", shown, missing));
    }
    line_.clear();
    dropped_ = 0;
    begun_ = false;
}

void OutputLog::await(std::string text, std::function<void()> on_match) {
    const std::lock_guard lock{mutex_};
    awaited_ = std::move(text);
    on_match_ = std::move(on_match);
}

void OutputLog::line(std::string_view source, std::string_view text) {
    std::function<void()> matched;
    {
        const std::lock_guard lock{mutex_};
        if (on_match_ && text.find(awaited_) != std::string_view::npos) {
            matched = std::exchange(on_match_, nullptr);
        }
        last_.emplace_back(text.substr(0, 500));
        if (last_.size() > kept_lines) last_.pop_front();
        if (count_ < most_lines) {
            ++count_;
            sink_.put({clock_.now(), LogLine{node_, std::string{source}, std::string{text}}});
        } else {
            ++left_out_;
        }
    }
    if (matched) matched();
}

void OutputLog::finish() {
    const std::lock_guard lock{mutex_};
    if (left_out_ == 0) return;
    sink_.put(
        {clock_.now(), LogLine{node_, "etimedout",
                               fmt::format("{} more lines left out: a program's log ends after {}",
                                           std::exchange(left_out_, 0), most_lines)}});
}

std::string OutputLog::last_lines() const {
    const std::lock_guard lock{mutex_};
    std::string text;
    for (const auto& line : last_) text += fmt::format("  {}\n", line);
    return text;
}

}  // namespace etimedout

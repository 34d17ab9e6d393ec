// The failure screen, put together from a judgement and its log.
#include "harness/report/screen.hh"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/expect/log_index.hh"
#include "harness/expect/measure.hh"
#include "harness/report/moments.hh"

namespace etimedout {

namespace {

constexpr std::size_t most_facts = 3;
constexpr std::size_t most_moments = 14;
constexpr std::size_t most_log_lines = 6;
constexpr std::size_t log_lines_per_node = 3;
constexpr std::size_t most_output_lines = 12;

class Screen {
public:
    Screen(const ScenarioResult& result, const ConsoleStyle& style, ScreenTitle with_title)
        : result_{result},
          style_{style},
          with_title_{with_title},
          log_{result.scenario, result.log} {
        for (const Finding& finding : result.judgement.findings) {
            if (finding.verdict != Verdict::pass) missed_.push_back(&finding);
        }
        // What decides comes first; expectations stay in their order.
        std::stable_sort(missed_.begin(), missed_.end(), [](const Finding* a, const Finding* b) {
            return a->verdict != b->verdict && graver(a->verdict, b->verdict) == a->verdict;
        });
    }

    std::string draw() {
        if (with_title_ == ScreenTitle::shown) title();
        run_problem();
        faults();
        facts();
        // A run that broke before its first step has no story, but words of its own.
        if (!result_.log.empty()) picture();
        process_logs();
        program_output();
        footer();
        std::string text;
        for (const std::string& line : lines_) text += line + "\n";
        return text;
    }

private:
    void add(std::string line) { lines_.push_back(std::move(line)); }
    void blank() {
        if (!lines_.empty() && !lines_.back().empty()) add({});
    }
    std::string inked_text(const std::string& text, Ink ink) const {
        return inked(text, ink, style_.color);
    }
    void heading(const std::string& text, const std::string& more = {}) {
        blank();
        std::string line = "  " + inked_text(text, Ink::bold);
        if (!more.empty()) line += "  " + inked_text(more, Ink::dim);
        add(std::move(line));
    }
    // A label, and text that is wrapped beside it.
    void entry(const std::string& label, const std::string& text, Ink ink = Ink::plain,
               std::size_t indent = 4) {
        if (text.empty()) return;
        constexpr std::size_t label_width = 10;
        const std::size_t width = style_.columns - indent - label_width;
        std::string head = padded(label, label_width);
        for (const std::string& line : wrapped(text, width)) {
            add(std::string(indent, ' ') + head + inked_text(line, ink));
            head = std::string(label_width, ' ');
        }
    }

    void title() {
        const Verdict verdict = result_.judgement.verdict;
        add(fmt::format("{}  {}", inked_text(std::string{word_of(verdict)}, ink_of(verdict)),
                        inked_text(one_line(result_.scenario.name, 200), Ink::bold)));
    }

    void run_problem() {
        const Judgement& judgement = result_.judgement;
        if (judgement.run_problem.empty()) return;
        heading("The run itself went wrong");
        entry("what", judgement.run_problem, Ink::bad);
        entry("advice", judgement.run_advice);
    }

    void faults() {
        for (const FaultReport& fault : result_.judgement.faults) {
            if (fault.verdict == Verdict::pass) continue;
            // In a run that broke, that a fault was never reached is no news.
            if (!result_.judgement.run_problem.empty()) continue;
            heading("A fault met nothing");
            entry(std::string{word_of(fault.verdict)}, fault.message, Ink::bad);
        }
    }

    void facts() {
        // What was missed in a run that broke may be a consequence of that: it is only named.
        const bool broken = !result_.judgement.run_problem.empty();
        std::size_t shown = 0;
        std::size_t expectation = own_finding;
        std::vector<std::string> others;
        for (const Finding* finding : missed_) {
            if (broken && finding->verdict == Verdict::error) continue;
            if (broken || shown == most_facts) {
                others.push_back(fmt::format("{} (line {})", finding->fact, finding->where.line));
                continue;
            }
            if (shown == 0 || finding->index != expectation) {
                blank();
                const Where& where = finding->where;
                add(fmt::format("  {}:{}:{}", result_.scenario.file, where.line, where.column));
                if (!finding->expectation.empty()) {
                    add("  " +
                        inked_text(one_line(finding->expectation, style_.columns - 2), Ink::bold));
                }
            }
            expectation = finding->index;
            fact(*finding, shown == 0);
            ++shown;
        }
        if (others.empty()) return;
        entry("and also", fmt::format("{} missed", fmt::join(others, ", ")));
    }

    // The first one tells everything; the others what was expected and observed.
    void fact(const Finding& finding, bool in_full) {
        constexpr std::size_t indent = 4;
        std::string expected = finding.expected;
        if (!finding.window.empty()) expected += fmt::format("  ({})", finding.window);
        add(std::string(indent, ' ') + inked_text(finding.fact, Ink::bold));
        entry("expected", expected, Ink::plain, indent + 2);
        std::string observed = finding.observed;
        if (!finding.missed_by.empty()) observed += fmt::format("  ({})", finding.missed_by);
        entry(finding.verdict == Verdict::error ? "error" : "observed", observed,
              ink_of(finding.verdict), indent + 2);
        entry("because", finding.because, Ink::plain, indent + 2);
        entry("advice", finding.advice, Ink::plain, indent + 2);
        if (!in_full) return;
        constexpr std::size_t few = 3;
        for (std::size_t i = 0; i < std::min(few, finding.evidence.size()); ++i) {
            entry(i == 0 ? "evidence" : "", one_line(finding.evidence[i], style_.columns - 18),
                  Ink::dim, indent + 2);
        }
    }

    Focus focus() const {
        if (!missed_.empty() && missed_.front()->verdict != Verdict::error &&
            result_.judgement.run_problem.empty()) {
            return focus_of(log_, *missed_.front());
        }
        // An error of the run: everything that happened.
        Finding all;
        for (const NamedLink& link : result_.scenario.topology.links)
            all.links.push_back(link.name);
        if (!missed_.empty() && result_.judgement.run_problem.empty()) {
            if (!missed_.front()->links.empty()) all.links = missed_.front()->links;
            all.call = missed_.front()->call;
            all.at = missed_.front()->at;
        }
        return focus_of(log_, all);
    }

    void picture() {
        const Focus where = focus();
        const auto moments = moments_of(log_, where, most_moments);
        if (moments.empty()) return;
        std::vector<std::string> arrows;
        for (const std::string& name : where.links) {
            if (const LinkSpec* link = log_.link_spec(name)) {
                arrows.push_back(fmt::format("{}: {} → {}", name, link->from, link->to));
            }
        }
        heading("What happened",
                one_line(fmt::format("{}", fmt::join(arrows, ", ")), style_.columns - 20));
        const auto lines = picture_of(log_, where, moments, style_.columns);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const bool quiet =
                moments[i].kind == MomentKind::silence || moments[i].kind == MomentKind::omitted;
            add(inked_text(lines[i], quiet ? Ink::dim : Ink::plain));
        }
    }

    // The last words of the programs at the ends of the links in the picture.
    void process_logs() {
        const Focus where = focus();
        std::set<std::string> near;
        for (const std::string& name : where.links) {
            if (const LinkSpec* link = log_.link_spec(name)) {
                near.insert(link->from);
                near.insert(link->to);
            }
        }
        std::size_t room = lines_.size() + 4 < style_.lines ? style_.lines - lines_.size() - 4 : 0;
        room = std::min(room, most_log_lines);
        for (const NamedNode& node : result_.scenario.topology.nodes) {
            const auto& all = log_.lines_of(node.name);
            if (!near.contains(node.name) || all.empty() || room < 2) continue;
            auto end = std::find_if(all.begin(), all.end(), [&](const At<LogLine>& line) {
                return line.t > where.window.to;
            });
            // What it wrote in that time, or if nothing, the last it wrote at all before.
            auto first = std::find_if(all.begin(), end, [&](const At<LogLine>& line) {
                return line.t >= where.window.from;
            });
            if (first == end) first = all.begin();
            if (first == end) continue;
            const auto most = static_cast<std::ptrdiff_t>(std::min(room - 1, log_lines_per_node));
            const auto begin = end - first > most ? end - most : first;
            heading(fmt::format("{} wrote", node.name));
            for (auto line = begin; line != end; ++line) {
                const double seconds = std::chrono::duration<double>(line->t).count();
                add(one_line(fmt::format("{:>9.3f}s  {}", seconds, line->what->text),
                             style_.columns));
            }
            room -= std::min(room, static_cast<std::size_t>(end - begin) + 1);
        }
    }

    void program_output() {
        if (result_.judgement.verdict != Verdict::error || result_.program_output.empty()) return;
        std::vector<std::string> output = wrapped(result_.program_output, 4096);
        while (!output.empty() && output.back().empty()) output.pop_back();
        if (output.empty()) return;
        heading("The world wrote");
        const std::size_t skip =
            output.size() > most_output_lines ? output.size() - most_output_lines : 0;
        if (skip > 0) add(fmt::format("    … {} lines before that …", skip));
        for (std::size_t i = skip; i < output.size(); ++i) {
            add("    " + one_line(output[i], style_.columns - 4));
        }
    }

    // Never cut: they are to be copied.
    void footer() {
        blank();
        if (!result_.repeat_command.empty()) {
            add(fmt::format("  again    {}", inked_text(result_.repeat_command, Ink::bold)));
        }
        if (!result_.kept_in.empty()) add(fmt::format("  kept in  {}", result_.kept_in));
    }

    const ScenarioResult& result_;
    const ConsoleStyle& style_;
    ScreenTitle with_title_;
    LogIndex log_;
    std::vector<const Finding*> missed_;
    std::vector<std::string> lines_;
};

}  // namespace

std::string failure_screen(const ScenarioResult& result, const ConsoleStyle& style,
                           ScreenTitle title) {
    const Verdict verdict = result.judgement.verdict;
    if (verdict == Verdict::pass || verdict == Verdict::skipped) return {};
    return Screen{result, style, title}.draw();
}

}  // namespace etimedout

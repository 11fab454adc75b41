#include "common/render/render_terminal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/document/judge.hpp"
#include "common/render/heatmap.hpp"
#include "common/render/roofline.hpp"
#include "common/render/side_by_side.hpp"
#include "common/render/text_layout.hpp"

namespace {

constexpr std::string_view green = "\x1b[32m", red = "\x1b[31m", bold = "\x1b[1m", dim = "\x1b[2m";

// Text, and the escape code that colours it. The layout counts the columns of the text only.
struct Span {
    std::string text;
    std::string_view style = {};
};

class TerminalRenderer {
  public:
    TerminalRenderer(const Terminal& terminal, const torch::PrintOptions& options)
        : terminal_(terminal), options_(options) {}

    std::vector<std::string> render(const Document& document, const std::string& closing) {
        const Chapter& chapter = document.chapter;
        line(styled(bold, say(fmt::format("{}  {}", numbered_kind(document), chapter.title))));
        prose(chapter.letters + ". Read along in chapters/" + chapter.folder + "/.", "");
        for (const auto& part : document.parts) {
            if (const auto* section = std::get_if<Section>(&part)) draw(*section, chapter.number);
            if (const auto* step = std::get_if<Step>(&part)) {
                draw(*step);
                pieces_.push_back(std::exchange(text_, ""));
            }
        }
        line();
        line(rule(terminal_.width));
        prose(closing, "");
        if (pieces_.empty()) pieces_.emplace_back();
        pieces_.back() += text_;
        return std::move(pieces_);
    }

  private:
    // ━━ 3.5  Masking future words ━━━━━━━━━━━━━━ chapter 3 ━━
    void draw(const Section& section, int chapter) {
        const std::string number = section.number.empty() ? "" : section.number + "  ";
        const std::string title = say(number + section.title);
        const std::string where = fmt::format("chapter {}", chapter);
        const std::size_t taken = columns(title) + where.size() + 8;
        line();
        line();
        if (taken > terminal_.width) {
            line(fmt::format("{} {}", rule(2), styled(bold, title)));
        } else {
            line(fmt::format("{} {} {} {} {}", rule(2), styled(bold, title), rule(terminal_.width - taken),
                             where, rule(2)));
        }
    }

    void draw(const Step& step) {
        const std::string title = say(step.title);
        const std::string source = step.source.empty() ? "" : "[" + step.source + "]";
        line();
        line_with_ends(fmt::format("{:>2}  ", ++step_number_), {title, bold}, {source, dim});
        prose(step.text);
        for (const Block& block : step.blocks) {
            line();
            std::visit([this](const auto& some_block) { draw(some_block); }, block);
        }
    }

    void draw(const Formula& formula) { prose(formula.text, "        "); }

    void draw(const Note& note) { prose(note.text); }

    // The name with its letters and its shape, then the tensor at the left margin, where a reader can copy
    // it.
    void draw(const Shown& shown) {
        std::string name = shown.name;
        if (const auto* tensor = std::get_if<AnyTensor>(&shown.value); tensor && !tensor->shape.empty()) {
            name += fmt::format(" ({}) = {}", fmt::join(shown.axes, ", "), to_string(tensor->shape));
        }
        Span cell;
        if (shown.cell)
            cell.text = shown.cell->number == 0 ? "PyTorch" : fmt::format("cell {}", shown.cell->number);
        if (shown.verdict) {
            cell.text += say(shown.verdict->reproduced ? "  ✓" : "  ✗");
            cell.style = shown.verdict->reproduced ? green : red;
        }
        line_with_ends("    ", {say(name), {}}, cell);
        line(value_text(shown, options_));
        if (shown.verdict && !shown.verdict->reproduced) prose("✗ " + shown.verdict->difference);
    }

    // Each column is as wide as its widest entry; numbers are aligned to the right.
    void draw(const Table& table) {
        std::vector<std::size_t> widths;
        for (std::size_t column = 0; column < table.header.size(); ++column) {
            std::size_t width = columns(say(table.header[column]));
            for (const auto& row : table.rows) width = std::max(width, columns(say(row.at(column))));
            widths.push_back(width);
        }
        const auto draw_row = [&](const std::vector<std::string>& row) {
            std::string text = "    ";
            for (std::size_t column = 0; column < row.size(); ++column) {
                const std::string entry = say(row[column]);
                text += (column == 0 ? pad_right(entry, widths[column])
                                     : "   " + pad_left(entry, widths[column]));
            }
            line(text);
        };
        draw_row(table.header);
        std::vector<std::string> rules;
        for (const std::size_t width : widths) rules.push_back(rule(width, "─"));
        draw_row(rules);
        for (const auto& row : table.rows) draw_row(row);
    }

    void draw(const Heatmap& heatmap) {
        prose(heatmap.title);
        for (const std::string& row : draw_heatmap(heatmap, terminal_)) line(row);
    }

    void draw(const HeatmapPair& pair) {
        for (const std::string& row : draw_heatmaps(pair, terminal_)) line(row);
    }

    // Beside each other, or one below the other if there is no room.
    void draw(const ShownPair& pair) {
        const std::vector<std::string> rows = draw_side_by_side(pair, terminal_, options_);
        if (rows.empty()) {
            draw(pair.left);
            line();
            draw(pair.right);
        }
        for (const std::string& row : rows) line(row);
    }

    void draw(const Code& code) {
        for (const std::string& text : code.lines) {
            const std::string_view style = text.starts_with('-') ? red : text.starts_with('+') ? green : "";
            line("    " + styled(style, say(text)));
        }
    }

    void draw(const Roofline& roofline) {
        prose(roofline.title);
        for (const std::string& row : draw_roofline(roofline, terminal_)) line(row);
        line();
        draw(roofline_legend(roofline));
    }

    // `left` after `indent`, and `right` at the right margin, or on the next line if there is no room.
    void line_with_ends(const std::string& indent, const Span& left, const Span& right) {
        const std::size_t taken = columns(indent) + columns(left.text) + columns(right.text);
        const std::string start = indent + styled(left.style, left.text);
        if (right.text.empty()) {
            line(start);
        } else if (taken + 2 <= terminal_.width) {
            line(start + std::string(terminal_.width - taken, ' ') + styled(right.style, right.text));
        } else {
            line(start);
            line(std::string(columns(indent), ' ') + styled(right.style, right.text));
        }
    }

    void prose(const std::string& text, const std::string& indent = "    ") {
        for (const std::string& wrapped : wrap(say(text), terminal_.width - columns(indent)))
            line(indent + wrapped);
    }

    void line(const std::string& text = "") { text_ += text + "\n"; }

    [[nodiscard]] std::string rule(std::size_t width, const std::string& stroke = "━") const {
        std::string drawn;
        for (std::size_t i = 0; i < width; ++i) drawn += say(stroke);
        return drawn;
    }

    [[nodiscard]] std::string say(const std::string& text) const {
        return terminal_.unicode ? text : to_ascii(text);
    }

    [[nodiscard]] std::string styled(std::string_view style, const std::string& text) const {
        if (terminal_.colors == Colors::none || style.empty() || text.empty()) return text;
        return fmt::format("{}{}\x1b[0m", style, text);
    }

    const Terminal& terminal_;
    const torch::PrintOptions& options_;
    std::vector<std::string> pieces_;
    std::string text_;  // the current piece
    int step_number_ = 0;
};

}  // namespace

std::string render_terminal(const Document& document, const Terminal& terminal,
                            const torch::PrintOptions& options, const std::string& closing) {
    return fmt::format("{}", fmt::join(render_steps(document, terminal, options, closing), ""));
}

std::vector<std::string> render_steps(const Document& document, const Terminal& terminal,
                                      const torch::PrintOptions& options, const std::string& closing) {
    return TerminalRenderer(terminal, options).render(document, closing);
}

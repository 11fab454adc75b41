#include "common/render/page/render_html.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "common/document/judge.hpp"
#include "common/render/page/escape.hpp"
#include "common/render/page/mathml.hpp"
#include "common/render/page/page_frame.hpp"
#include "common/render/page/roofline_svg.hpp"
#include "common/render/page/tensor_data.hpp"
#include "common/render/roofline.hpp"

namespace {

// The number of words on each axis of a heatmap; of a longer text the page shows only the beginning.
constexpr std::size_t most_words = 64;

std::string data_script(const std::string& kind, const std::string& json) {
    return fmt::format("<script type=\"application/json\" class=\"{}\">{}</script>\n", kind, json);
}

std::string json_list(const std::vector<std::string>& words) {
    std::vector<std::string> strings;
    for (const std::string& word : words) strings.push_back(json_string(word));
    return fmt::format("[{}]", fmt::join(strings, ","));
}

// The words of the tokens, for the axes T and S, from the walk's first heatmap.
std::vector<std::string> words_of(const Document& document) {
    for (const auto& part : document.parts) {
        const auto* step = std::get_if<Step>(&part);
        if (!step) continue;
        for (const Block& block : step->blocks) {
            if (const auto* heatmap = std::get_if<Heatmap>(&block)) return heatmap->words;
            if (const auto* pair = std::get_if<HeatmapPair>(&block)) return pair->left.words;
        }
    }
    return {};
}

// The first `most_words` rows and columns.
AnyTensor beginning(const AnyTensor& weights) {
    const auto& all = std::get<std::vector<float>>(weights.values);
    const std::size_t columns = weights.shape.at(1);
    const std::size_t rows_kept = std::min(weights.shape.at(0), most_words),
                      columns_kept = std::min(columns, most_words);
    std::vector<float> kept;
    for (std::size_t row = 0; row < rows_kept; ++row) {
        for (std::size_t column = 0; column < columns_kept; ++column)
            kept.push_back(all[row * columns + column]);
    }
    return {{rows_kept, columns_kept}, std::move(kept)};
}

// Text between two backticks becomes <code>. An odd number of backticks stays as it is.
std::string prose(const std::string& text) {
    const bool paired = std::count(text.begin(), text.end(), '`') % 2 == 0;
    std::string html;
    bool in_code = false;
    for (const char character : escape_html(text)) {
        if (character == '`' && paired) {
            in_code = !in_code;
            html += in_code ? "<code>" : "</code>";
        } else {
            html += character;
        }
    }
    return html;
}

class HtmlRenderer {
  public:
    explicit HtmlRenderer(const torch::PrintOptions& options) : options_(options) {}

    std::string render(const Document& document, const std::string& closing) {
        const Chapter& chapter = document.chapter;
        const std::string title = fmt::format("{}: {}", numbered_kind(document), chapter.title);
        add("<a class=\"skip\" href=\"#steps\">Skip to the steps</a>\n");
        add("<header class=\"masthead\"><p>A walkthrough of attention</p><h1>{}</h1></header>\n",
            escape_html(title));
        add("<div class=\"columns\">\n<aside>\n");
        contents(document);
        add("<p class=\"letters\">{}. Read along in <code>chapters/<wbr>{}/</code></p>\n</aside>\n",
            escape_html(chapter.letters), escape_html(chapter.folder));
        add("<main id=\"steps\" data-precision=\"{}\" tabindex=\"-1\">\n", options_.precision);
        add("{}", data_script("words", json_list(words_of(document))));
        steps(document);
        add("</main>\n</div>\n<footer><p class=\"closing\">{}</p></footer>\n", escape_html(closing));
        return page_frame(title, text_);
    }

  private:
    // Sections and their steps, as links.
    void contents(const Document& document) {
        add("<nav aria-label=\"Contents\"><details open><summary>Contents</summary>\n");
        int number = 0;
        bool list_open = false;
        for (const auto& part : document.parts) {
            if (const auto* section = std::get_if<Section>(&part)) {
                if (list_open) add("</ol>\n");
                add("<p>{}</p>\n", section_title(*section));
                list_open = false;
            } else {
                if (!list_open) add("<ol start=\"{}\">\n", number + 1);
                list_open = true;
                ++number;
                add("<li><a href=\"#{}\">{}</a></li>\n", number, escape_html(std::get<Step>(part).title));
            }
        }
        if (list_open) add("</ol>\n");
        add("</details></nav>\n");
    }

    // Every section contains its steps; steps before the first section get a section without a title.
    void steps(const Document& document) {
        bool section_open = false;
        int number = 0;
        for (const auto& part : document.parts) {
            const auto* section = std::get_if<Section>(&part);
            if (section || !section_open) {
                if (section_open) add("</section>\n");
                add("<section class=\"part\">\n");
                section_open = true;
            }
            if (section) {
                add("<h2>{}</h2>\n", section_title(*section));
            } else {
                draw(std::get<Step>(part), ++number);
            }
        }
        if (section_open) add("</section>\n");
    }

    static std::string section_title(const Section& section) {
        if (section.number.empty()) return escape_html(section.title);
        return fmt::format("<span class=\"number\">{}</span> {}", escape_html(section.number),
                           escape_html(section.title));
    }

    void draw(const Step& step, int number) {
        add("<article class=\"step\" id=\"{0}\" aria-labelledby=\"title-{0}\">\n", number);
        add("<h3 id=\"title-{0}\" tabindex=\"-1\"><span class=\"number\">{0}</span> {1}</h3>\n", number,
            escape_html(step.title));
        add("<p>{}</p>\n", prose(step.text));
        shown_.clear();
        // Consecutive tensors stand side by side where there is room.
        bool row_open = false;
        for (const Block& block : step.blocks) {
            const bool is_tensor = std::holds_alternative<Shown>(block);
            if (is_tensor != row_open) add(is_tensor ? "<div class=\"tensors\">\n" : "</div>\n");
            row_open = is_tensor;
            std::visit([this](const auto& some_block) { draw(some_block); }, block);
        }
        if (row_open) add("</div>\n");
        if (!step.source.empty())
            add("<p class=\"source\">Source: <code>{}</code></p>\n", escape_html(step.source));
        add("</article>\n");
    }

    void draw(const Formula& formula) { add("<div class=\"formulas\">{}</div>\n", to_mathml(formula.text)); }

    void draw(const Note& note) { add("<p class=\"note\">{}</p>\n", prose(note.text)); }

    // The name, its letters and its shape; the data; and PyTorch's print, which readers see if the browser
    // runs no scripts.
    void draw(const Shown& shown) {
        const auto* tensor = std::get_if<AnyTensor>(&shown.value);
        add("<figure class=\"tensor\">\n<figcaption><code class=\"name\">{}</code>", escape_html(shown.name));
        if (tensor && !tensor->shape.empty()) {
            add(" <span class=\"shape\">({}) = {}</span>",
                escape_html(fmt::format("{}", fmt::join(shown.axes, ", "))), to_string(tensor->shape));
        }
        verdict(shown);
        add("</figcaption>\n");
        if (tensor && tensor->size() > 0) {
            add("{}", data_script("data", tensor_data(shown.name, *tensor, shown.axes, options_)));
            shown_.push_back(tensor);
        }
        const std::string print = escape_html(value_text(shown, options_));
        add(tensor
                ? "<details class=\"print\" open><summary>as PyTorch prints it</summary><pre>{}</pre></details>\n"
                : "<p class=\"size\"><code>{}</code></p>\n",
            print);
        add("</figure>\n");
    }

    void verdict(const Shown& shown) {
        if (!shown.cell) return;
        const std::string where =
            shown.cell->number == 0 ? "PyTorch" : fmt::format("cell {}", shown.cell->number);
        if (!shown.verdict) {
            add(" <span class=\"verdict\">{}</span>", where);
        } else if (shown.verdict->reproduced) {
            add(" <span class=\"verdict agrees\">{} <b aria-hidden=\"true\">✓</b>"
                "<span class=\"unseen\">: reproduced to the byte</span></span>",
                where);
        } else {
            add(" <span class=\"verdict differs\">{} <b aria-hidden=\"true\">✗</b>"
                "<span class=\"unseen\">: differs:</span> {}</span>",
                where, escape_html(shown.verdict->difference));
        }
    }

    void draw(const Table& table) {
        add("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table class=\"plain\"><thead><tr>",
            escape_html(fmt::format("Table: {}", fmt::join(table.header, ", "))));
        for (const std::string& title : table.header) add("<th scope=\"col\">{}</th>", escape_html(title));
        add("</tr></thead>\n<tbody>\n");
        for (const auto& row : table.rows) {
            for (std::size_t column = 0; column < row.size(); ++column) {
                add(column == 0 ? "<tr><th scope=\"row\">{}</th>" : "<td>{}</td>", escape_html(row[column]));
            }
            add("</tr>\n");
        }
        add("</tbody></table></div>\n");
    }

    // Arcs between words, and a table of the weights unless the step has already shown the same numbers.
    void draw(const Heatmap& heatmap) {
        const bool repeated = std::any_of(shown_.begin(), shown_.end(), [&](const AnyTensor* tensor) {
            return tensor->shape == heatmap.weights.shape && tensor->values == heatmap.weights.values;
        });
        const std::vector<std::string> words(
            heatmap.words.begin(),
            heatmap.words.begin() + static_cast<std::ptrdiff_t>(std::min(heatmap.words.size(), most_words)));
        const torch::PrintOptions everything{.threshold = torch::PrintOptions::no_threshold};
        add("<figure class=\"heatmap\"{}>\n<figcaption>{}", repeated ? " data-repeated" : "",
            escape_html(heatmap.title));
        if (heatmap.words.size() > most_words)
            add(" (The first {} words of {}.)", most_words, heatmap.words.size());
        add("</figcaption>\n{}{}</figure>\n", data_script("words", json_list(words)),
            data_script("data", tensor_data("weights", beginning(heatmap.weights), {"T", "T"}, everything)));
    }

    // Two tables that fit beside each other.
    void draw(const HeatmapPair& pair) {
        add("<div class=\"tensors pair\">\n");
        for (const Heatmap* heatmap : {&pair.left, &pair.right}) {
            draw(Shown{heatmap->title, beginning(heatmap->weights), {"T", "S"}, {}, {}});
        }
        add("</div>\n");
    }

    void draw(const ShownPair& pair) {
        add("<div class=\"tensors pair\">\n");
        draw(pair.left);
        draw(pair.right);
        add("</div>\n");
    }

    void draw(const Code& code) {
        add("<pre class=\"code\">{}</pre>\n", escape_html(fmt::format("{}", fmt::join(code.lines, "\n"))));
    }

    // The table has the same numbers for readers who do not see the picture.
    void draw(const Roofline& roofline) {
        add("<figure class=\"roofline\">\n<figcaption>{}</figcaption>\n{}", escape_html(roofline.title),
            roofline_svg(roofline));
        draw(roofline_legend(roofline));
        add("</figure>\n");
    }

    template <class... Arguments>
    void add(std::string_view format, const Arguments&... arguments) {
        text_ += fmt::format(fmt::runtime(format), arguments...);
    }

    const torch::PrintOptions& options_;
    std::string text_;
    std::vector<const AnyTensor*> shown_;  // of the current step
};

}  // namespace

std::string render_html(const Document& document, const torch::PrintOptions& options,
                        const std::string& closing) {
    torch::PrintOptions shorter = options;
    std::string page = HtmlRenderer(shorter).render(document, closing);
    for (const std::size_t threshold : {std::size_t{1000}, std::size_t{100}}) {
        if (page.size() <= largest_page) break;
        shorter.threshold = std::min(options.threshold, threshold);
        page = HtmlRenderer(shorter).render(document, closing);
    }
    return page;
}

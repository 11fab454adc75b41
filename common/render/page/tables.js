// Tables from the tensors' data: colours, words on the axes, a switch for heads and batches, and a button
// that copies.
"use strict";

// An element with attributes and children; texts become text, never HTML.
function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

const dataOf = (element, kind) => JSON.parse(element.querySelector(`script.${kind}`).textContent);
const words =
    document.querySelector("#steps > script.words") ? dataOf(document.querySelector("#steps"), "words") : [];

// --- which axes of a tensor make a table

const switchable = ["B", "H", "H_kv"];
const axisWords = {
    B: "sequence",
    H: "head",
    H_kv: "key/value head",
    T: "token",
    S: "token",
    P: "position",
    max_seq: "place"
};

// The last two axes that are neither heads nor sequences become rows and columns; the others get a switch.
function layout(tensor) {
    const axes = tensor.axes.map((_, axis) => axis);
    const tooMany = Math.max(axes.length - 2, 0);
    const named = axes.filter(axis => switchable.includes(tensor.axes[axis]));
    const first = axes.filter(axis => !named.includes(axis));
    const switched = [...named, ...first].slice(0, tooMany).sort((a, b) => a - b);
    return {switched, rest: axes.filter(axis => !switched.includes(axis))};
}

// The page knows the words of the first sequence only.
function wordAt(tensor, axis, position, sequence) {
    const fits =
        ["T", "S"].includes(tensor.axes[axis]) && tensor.shape[axis] === words.length && sequence === 0;
    return fits ? words[position] : "";
}

// An index in words: "head 1, from token 3 to token 0", "token 2, column 5".
function indexInWords(tensor, index) {
    const batch = tensor.axes.indexOf("B");
    const sequence = batch < 0 ? 0 : index[batch];
    const last = index.length - 1;
    const isToken = axis => ["T", "S"].includes(tensor.axes[axis]);
    const fromTo = isToken(last) && tensor.axes.slice(0, last).some((_, axis) => isToken(axis));
    return index
        .map((position, axis) => {
            const word = wordAt(tensor, axis, position, sequence);
            const name = axisWords[tensor.axes[axis]] || (axis === last ? "column" : "row");
            const direction = fromTo && isToken(axis) ? (axis === last ? "to " : "from ") : "";
            return `${direction}${name} ${position}${word ? ` “${word}”` : ""}`;
        })
        .join(", ")
        .replace(", to ", " to ");
}

// --- tables

// One table: the axes in `rest` are rows and columns, the others are fixed at `fixed` (axis -> place).
function makeTable(tensor, fixed, rest, precision) {
    const shown = tensor.shown(precision);
    const shade = tensor.numbers ? shader(tensor.numbers, theme()) : () => null;
    const [down, across] = rest.length > 1 ? rest : [null, rest[0]];
    const batch = tensor.axes.indexOf("B");
    const sequence = batch < 0 ? 0 : tensor.at[batch][fixed.get(batch) ?? 0];

    const header = (axis, place, scope) => {
        const position = tensor.at[axis][place];
        const cell = make("th", {scope}, make("span", {class: "index"}, String(position)));
        const word = wordAt(tensor, axis, position, sequence);
        if (word) cell.append(" ", make("span", {class: "word"}, word));
        return cell;
    };
    // A gap "…" stands before a place that does not follow the previous one.
    const afterGap = (axis, place) => place > 0 && tensor.at[axis][place] !== tensor.at[axis][place - 1] + 1;
    const gap = () => make("td", {class: "gap"}, "…");

    const corner = make("th", {class: "corner"});
    if (down !== null) corner.append(make("span", {}, `${tensor.axes[down]}\u00a0↓`));
    corner.append(make("span", {}, `${tensor.axes[across]}\u00a0→`));
    const head = make("tr", {}, corner);
    tensor.at[across].forEach((_, place) => {
        if (afterGap(across, place)) head.append(gap());
        head.append(header(across, place, "col"));
    });

    const body = make("tbody");
    const rows = down === null ? [0] : tensor.at[down].map((_, place) => place);
    rows.forEach(row => {
        if (down !== null && afterGap(down, row)) {
            body.append(make("tr", {class: "gap"}, ...Array.from(head.children, () => gap())));
        }
        const line = make(
            "tr", {}, down === null ? make("th", {scope: "row", class: "corner"}) : header(down, row, "row"));
        tensor.at[across].forEach((_, column) => {
            if (afterGap(across, column)) line.append(gap());
            const at = new Map([...fixed, [down, row], [across, column]]);
            const places = tensor.axes.map((_, axis) => at.get(axis));
            const flat = tensor.flat(places);
            const cell = make("td", {tabindex: "-1"}, shown[flat]);
            cell.element = {tensor, flat, index: places.map((place, axis) => tensor.at[axis][place])};
            if (tensor.numbers) {
                paint(cell, shade(tensor.numbers[flat]));
                if (!Number.isFinite(tensor.numbers[flat])) cell.className = "no-number";
            }
            line.append(cell);
        });
        body.append(line);
    });
    body.querySelector("td[tabindex]").tabIndex = 0;

    const slice =
        tensor.axes.map((_, axis) => (rest.includes(axis) ? ":" : tensor.at[axis][fixed.get(axis)]));
    const name = rest.length < tensor.axes.length ? `${tensor.name}[${slice.join(", ")}]` : tensor.name;
    const caption = make("caption", {class: "unseen"}, name);
    const table = make("table", {class: "grid", role: "grid"}, caption, make("thead", {}, head), body);
    const scroll = make("div", {class: "scroll"}, table);
    if (rest.length === tensor.axes.length) return scroll;
    // The name stands above the table: inside it, a long name would widen the columns.
    return make("div", {}, make("code", {class: "slice", "aria-hidden": "true"}, name), scroll);
}

// A table of one cell, for a tensor without axes.
function makeScalar(tensor, precision) {
    const cell = make("td", {tabindex: "0"}, tensor.shown(precision)[0]);
    cell.element = {tensor, flat: 0, index: []};
    return make(
        "table", {class: "grid", role: "grid"}, make("caption", {class: "unseen"}, tensor.name),
        make("tbody", {}, make("tr", {}, cell)));
}

// All combinations of places on the axes in `axes`; an axis whose place is chosen has only that one.
function combinations(tensor, axes, chosen) {
    return axes.reduce((all, axis) => {
        const places =
            chosen.get(axis) === "all" ? tensor.at[axis].map((_, place) => place) : [chosen.get(axis)];
        return all.flatMap(fixed => places.map(place => new Map([...fixed, [axis, place]])));
    }, [new Map()]);
}

let figureCount = 0;

// The tables of one figure with their switches. A new precision or theme calls `draw` again.
class TensorFigure {
    constructor(figure, tensor) {
        this.tensor = tensor;
        this.tables = make("div", {class: "tables"});
        const {switched, rest} = layout(tensor);
        this.switched = switched;
        this.rest = rest;
        this.chosen = new Map(switched.map(axis => [axis, 0]));
        this.number = ++figureCount;

        // The switches stand above the tables; the copy button and PyTorch's print stand below.
        const switches =
            switched.filter(axis => tensor.at[axis].length > 1).map(axis => this.makeSwitch(axis));
        const print = figure.querySelector("details.print");
        if (!print) {
            figure.append(this.tables);
            return;
        }
        print.open = false;
        if (switches.length > 0) print.before(make("div", {class: "switches"}, ...switches));
        print.before(
            this.tables, make("div", {class: "tools"}, this.makeCopyButton(), print.cloneNode(true)));
        print.remove();
    }

    makeCopyButton() {
        const copy = make("button", {type: "button", class: "copy"}, "Copy as torch.tensor");
        copy.addEventListener("click", () => copyText(this.tensor.asPython(), copy));
        copy.disabled = this.tensor.isAbbreviated;
        if (copy.disabled) copy.title = "Only the edges of this tensor are on the page";
        return copy;
    }

    // Radio buttons for 0, 1, 2 and "all", or a list if there are many.
    makeSwitch(axis) {
        const {tensor} = this;
        const name = axisWords[tensor.axes[axis]] || tensor.axes[axis];
        const options = tensor.at[axis].map((position, place) => [String(position), place]);
        if (!tensor.isAbbreviated && tensor.texts.length <= 1000) options.push(["all", "all"]);
        const choose = value => {
            this.chosen.set(axis, value);
            this.draw();
        };
        const field = make("fieldset", {}, make("legend", {}, name));
        if (options.length > 9) {
            const select = make(
                "select", {"aria-label": name},
                ...options.map(([label], i) => make("option", {value: i}, label)));
            select.addEventListener("change", () => choose(options[select.value][1]));
            field.append(select);
            return field;
        }
        options.forEach(([label, value], i) => {
            const radio = make("input", {type: "radio", name: `switch-${this.number}-${axis}`, value: label});
            radio.checked = i === 0;
            radio.addEventListener("change", () => choose(value));
            field.append(make("label", {}, radio, make("span", {}, label)));
        });
        return field;
    }

    draw() {
        const precision = currentPrecision();
        if (this.tensor.shape.length === 0) {
            this.tables.replaceChildren(makeScalar(this.tensor, precision));
            return;
        }
        const tables = combinations(this.tensor, this.switched, this.chosen)
                           .map(fixed => makeTable(this.tensor, fixed, this.rest, precision));
        this.tables.replaceChildren(...tables);
    }
}

// --- copying

async function copyText(text, button) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // For older browsers, and for pages without permission to use the clipboard.
        const area = make("textarea");
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
        button.focus();
    }
    const label = button.textContent;
    button.textContent = "Copied";
    button.disabled = true;
    setTimeout(() => {
        button.textContent = label;
        button.disabled = false;
    }, 1200);
}

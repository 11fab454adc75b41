// The cell reader: one line at the bottom of the window with the exact value of the cell that has the pointer
// or the keyboard's focus.
"use strict";

const reader = make("output", {class: "reader", "aria-live": "polite", hidden: ""});
document.body.append(reader);
let litCells = [];

function unlight() {
    for (const cell of litCells) cell.classList.remove("lit", "lit-row", "lit-column");
    litCells = [];
    reader.hidden = true;
}

function light(cell) {
    unlight();
    const add = (some, style) => {
        some.classList.add(style);
        litCells.push(some);
    };
    for (const other of cell.parentElement.children) add(other, "lit-row");
    for (const row of cell.closest("table").rows)
        if (row.cells[cell.cellIndex]) add(row.cells[cell.cellIndex], "lit-column");
    add(cell, "lit");

    const {tensor, flat, index} = cell.element;
    const item = tensor.item(flat);
    reader.hidden = false;
    reader.replaceChildren(
        make(
            "span", {class: "where"},
            make("code", {}, index.length ? `${tensor.name}[${index.join(", ")}]` : tensor.name),
            ` ${indexInWords(tensor, index)}`),
        make("span", {class: "value"}, tensor.exact(flat)),
        item === "" || item === tensor.exact(flat) ? "" : make("span", {class: "item"}, `item() ${item}`));
}

const cellOf = target => {
    const cell = target instanceof Element ? target.closest("table.grid td") : null;
    return cell && cell.element ? cell : null;
};

// Inside a table the arrow keys move from cell to cell; the Tab key stops at only one of its cells.
function moveInTable(event) {
    const cell = cellOf(event.target);
    if (!cell) return;
    const rows = [...cell.closest("tbody").rows].filter(row => row.className !== "gap");
    const cells = row => [...row.cells].filter(cellOf);
    const row = rows.indexOf(cell.parentElement), column = cells(cell.parentElement).indexOf(cell);
    const moves = {
        ArrowUp: [row - 1, column],
        ArrowDown: [row + 1, column],
        ArrowLeft: [row, column - 1],
        ArrowRight: [row, column + 1],
        Home: [row, 0],
        End: [row, cells(cell.parentElement).length - 1],
    };
    if (event.key === "Escape") cell.blur();
    if (!(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const [toRow, toColumn] = moves[event.key];
    const next = rows[toRow] && cells(rows[toRow])[toColumn];
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
}

const main = document.querySelector("#steps");
if (main) {
    main.addEventListener(
        "mouseover", event => (cellOf(event.target) ? light(cellOf(event.target)) : unlight()));
    main.addEventListener("mouseleave", unlight);
    main.addEventListener(
        "focusin", event => (cellOf(event.target) ? light(cellOf(event.target)) : unlight()));
    main.addEventListener("focusout", unlight);
    main.addEventListener("keydown", moveInTable);
}

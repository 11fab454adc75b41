// The whole page: one step at a time or all steps, digits, light and dark colours, printing.
"use strict";

// --- the reader's choices, which the other chapters' pages see where the browser allows it

function remember(name, value) {
    try {
        localStorage.setItem("walk-" + name, value);
    } catch { /* the browser allows no storage */
    }
}
function remembered(name) {
    try {
        return localStorage.getItem("walk-" + name);
    } catch {
        return null;
    }
}

// --- controls

const steps = [...document.querySelectorAll("article.step")];
const slider = make("input", {
    type: "range",
    min: "0",
    max: String(Math.max(9, main ? main.dataset.precision : 0)),
    id: "digits",
    "aria-label": "digits after the point"
});
slider.value = main ? main.dataset.precision : 4;
const digits = make("output", {"for": "digits"}, slider.value);
function currentPrecision() { return Number(slider.value); }

const button = (label, title, act) => {
    const element = make("button", {type: "button", title, "aria-label": title}, label);
    element.addEventListener("click", act);
    return element;
};
const place = make("output", {class: "place"});
const previous = button("←", "Previous step (left arrow or k)", () => go(current - 1));
const next = button("→", "Next step (right arrow or j)", () => go(current + 1));
const all = button("All steps", "All steps on one page (a)", () => showAll(!showingAll));
const lamp = button("", "", () => setTheme(theme() === "dark" ? "light" : "dark"));
lamp.className = "lamp";

const controls = make("div", {class: "controls", role: "group", "aria-label": "Steps and settings"}, lamp);
document.querySelector(".masthead").append(controls);
if (steps.length > 0) {
    controls.prepend(
        make("span", {class: "stepper"}, previous, place, next, all),
        make("label", {class: "digits", "for": "digits"}, make("span", {}, "digits "), slider, digits));
    const keys =
        "Keys: ← → or k j step by step, a all steps; inside a table the arrows go from cell to cell, " +
        "Esc leaves it.";
    document.querySelector("footer").append(make("p", {class: "keys"}, keys));
}

// --- tensors and arcs

const figures = [...document.querySelectorAll("figure.tensor, figure.heatmap")].flatMap(figure => {
    if (!figure.querySelector("script.data")) return [];
    const tensor = new Tensor(dataOf(figure, "data"));
    const drawn = [];
    if (figure.className === "heatmap") drawn.push(new Arcs(figure, tensor, dataOf(figure, "words")));
    if (!("repeated" in figure.dataset)) drawn.push(new TensorFigure(figure, tensor));
    return drawn;
});
const drawAll = () => figures.forEach(figure => figure.draw());
const drawArcs = () => figures.filter(figure => figure instanceof Arcs).forEach(arcs => arcs.draw());

slider.addEventListener("input", () => {
    digits.textContent = slider.value;
    drawAll();
});
window.addEventListener("resize", drawArcs);

// --- the stepper; the address says which step it is: #5, #all

let current = 1;
let showingAll = false;

// Long contents scroll in their own box, which shows the current step.
function scrollContentsTo(link) {
    const box = document.querySelector("aside");
    const above = link.offsetTop - box.scrollTop;
    if (above < 0 || above + link.offsetHeight > box.clientHeight)
        box.scrollTop = link.offsetTop - box.clientHeight / 2;
}

function update() {
    steps.forEach((step, i) => step.classList.toggle("current", i + 1 === current));
    document.querySelectorAll("section.part")
        .forEach(part => part.classList.toggle("current", part.querySelector(".current") !== null));
    document.documentElement.classList.toggle("one-step", !showingAll && steps.length > 0);
    document.querySelectorAll("nav a").forEach((link, i) => {
        if (i + 1 === current) {
            link.setAttribute("aria-current", "step");
            scrollContentsTo(link);
        } else {
            link.removeAttribute("aria-current");
        }
    });
    place.textContent = `${current} / ${steps.length}`;
    previous.disabled = current === 1;
    next.disabled = current === steps.length;
    all.setAttribute("aria-pressed", showingAll);
    unlight();
    drawArcs();
}

// Goes to a step and sets the focus of the keyboard and of the screen reader on its title.
function go(step) {
    if (step < 1 || step > steps.length) return;
    current = step;
    history.replaceState(null, "", "#" + step);
    update();
    const title = steps[step - 1].querySelector("h3");
    title.focus({preventScroll: true});
    if (showingAll)
        title.scrollIntoView();
    else
        window.scrollTo(0, 0);
}

function showAll(whether) {
    showingAll = whether;
    history.replaceState(null, "", whether ? "#all" : "#" + current);
    update();
    if (whether) steps[current - 1].scrollIntoView();
}

// Shows the step of the address (#5), or all steps (#all).
function followAddress() {
    const wanted = location.hash.slice(1);
    if (wanted === "all") showingAll = true;
    const step = Number(wanted);
    if (Number.isInteger(step) && step >= 1 && step <= steps.length)
        go(step);
    else
        update();
}
window.addEventListener("hashchange", followAddress);

document.addEventListener("keydown", event => {
    const typing = event.target instanceof Element &&
        event.target.closest("input, select, textarea, pre, [role=region]");
    if (typing || event.ctrlKey || event.altKey || event.metaKey || steps.length === 0) return;
    if (event.key === "ArrowRight" || event.key === "j") go(current + 1);
    if (event.key === "ArrowLeft" || event.key === "k") go(current - 1);
    if (event.key === "a") showAll(!showingAll);
});

// The contents are open beside the steps, and closed above the steps where the window is narrow.
const contents = document.querySelector("nav details");
const wide = window.matchMedia("(min-width: 64rem)");
if (contents) {
    const fit = () => {
        contents.open = wide.matches;
    };
    fit();
    wide.addEventListener("change", fit);
    contents.addEventListener("click", event => {
        if (event.target.closest("a")) fit();
    });
}

// --- light and dark

function setTheme(chosen) {
    chosenTheme = chosen;
    if (chosen) remember("theme", chosen);
    showTheme();
}
function showTheme() {
    document.documentElement.dataset.theme = theme();
    const other = theme() === "dark" ? "light" : "dark";
    lamp.replaceChildren(
        other === "dark" ? "☾" : "☀", make("span", {}, other === "dark" ? " Dark" : " Light"));
    lamp.title = `Switch to ${other} colours`;
    lamp.setAttribute("aria-label", lamp.title);
    drawAll();
}
systemIsDark.addEventListener("change", showTheme);

// Printed pages have light colours.
let themeOnScreen = null;
window.addEventListener("beforeprint", () => {
    themeOnScreen = chosenTheme;
    chosenTheme = "light";
    document.documentElement.classList.remove("one-step");
    document.documentElement.classList.add("on-paper");
    showTheme();
});
window.addEventListener("afterprint", () => {
    chosenTheme = themeOnScreen;
    document.documentElement.classList.remove("on-paper");
    showTheme();
    update();
});

const choice = remembered("theme");
if (choice === "light" || choice === "dark") chosenTheme = choice;
document.documentElement.classList.add("alive");
showTheme();
followAddress();

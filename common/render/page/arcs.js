// The attention of one word: arcs from it to all words. The larger the weight, the wider the arc.
"use strict";

function svg(tag, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
}

class Arcs {
    constructor(figure, tensor, wordList) {
        this.tensor = tensor;
        this.columns = tensor.shape[1];
        this.picture = svg("svg", {"aria-hidden": "true"});
        this.words = wordList.map((word, i) => this.makeWord(word, i));
        this.stage =
            make("div", {class: "stage"}, this.picture, make("div", {class: "words"}, ...this.words));
        this.saying = make("p", {class: "saying", "aria-live": "polite"});
        figure.querySelector("figcaption").after(make("div", {class: "scroll"}, this.stage), this.saying);
        this.chosen = this.words.length - 1;
    }

    makeWord(word, i) {
        const button = make(
            "button", {type: "button"}, make("span", {class: "word"}, word), make("span", {class: "share"}));
        for (const happening of ["mouseenter", "focus", "click"]) {
            button.addEventListener(happening, () => {
                this.chosen = i;
                this.draw();
            });
        }
        return button;
    }

    weight(column) { return this.tensor.numbers[this.chosen * this.columns + column]; }

    draw() {
        if (this.stage.offsetWidth === 0) return;  // its step is not visible; drawn when it is
        const middle = button => button.offsetLeft + button.offsetWidth / 2;
        const width = this.stage.scrollWidth, height = 150;
        this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
        this.picture.setAttribute("width", width);
        this.picture.setAttribute("height", height);
        const largest =
            Math.max(...this.words.map((_, column) => this.weight(column)).filter(Number.isFinite), 1e-30);

        // Half ellipses, the longest as high as the picture, and a loop for the weight on the word itself.
        const start = middle(this.words[this.chosen]);
        const farthest = Math.max(...this.words.map(button => Math.abs(middle(button) - start)), 1);
        const flatness = Math.min(1, (height - 10) / (farthest / 2));
        const arcs = this.words.map((button, column) => {
            const share = this.weight(column) / largest;
            const end = middle(button), radius = Math.abs(end - start) / 2;
            const path = column === this.chosen ?
                `M ${start - 5} ${height} C ${start - 40} ${height - 60}, ${start + 40} ${height - 60}, ${
                    start + 5} ${height}` :
                `M ${start} ${height} A ${radius} ${radius * flatness} 0 0 ${end > start ? 1 : 0} ${end} ${
                    height}`;
            button.classList.toggle("chosen", column === this.chosen);
            button.setAttribute("aria-pressed", column === this.chosen);
            button.lastChild.textContent = this.weight(column) > 0 ? this.weight(column).toFixed(2) : "–";
            return share > 0 ?
                svg("path", {d: path, "stroke-width": 1 + 9 * share, opacity: 0.25 + 0.75 * share}) :
                "";
        });
        this.picture.replaceChildren(...arcs);

        const taken =
            this.words.map((button, column) => [button.firstChild.textContent, this.weight(column)]);
        const most = taken.filter(([, weight]) => weight > 0).sort((a, b) => b[1] - a[1]).slice(0, 3);
        const own = this.words[this.chosen].firstChild.textContent;
        this.saying.textContent = most.length === 0 ?
            `“${own}” attends to no word.` :
            `“${own}” attends most to ${
                most.map(([word, weight]) => `“${word}” (${weight.toFixed(2)})`).join(", ")}.`;
    }
}

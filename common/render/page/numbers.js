// The numbers of one tensor: as the page shows them, in all their digits, and as Python code.
"use strict";

const special = {
    inf: Infinity,
    "-inf": -Infinity,
    nan: NaN
};
const toNumber = text => (text in special ? special[text] : Number(text));

// The format that PyTorch chooses for the numbers of one tensor: whole, fixed or scientific.
function numberStyle(numbers, precision) {
    const sizes = numbers.filter(number => Number.isFinite(number) && number !== 0).map(Math.abs);
    const largest = Math.max(...sizes), smallest = Math.min(...sizes);
    const whole = sizes.every(Number.isInteger);
    const wide = largest / smallest > 1000 || largest > 1e8 || (!whole && smallest < 1e-4);
    return number => {
        if (Number.isNaN(number)) return "nan";
        if (!Number.isFinite(number)) return number < 0 ? "-inf" : "inf";
        if (sizes.length > 0 && wide)
            return number.toExponential(precision).replace(/e([+-])(\d)$/, "e$10$2");
        if (sizes.length === 0 || whole) return number.toFixed(0) + ".";
        return number.toFixed(precision);
    };
}

// A tensor with its values as texts and as numbers.
class Tensor {
    constructor(data) {
        Object.assign(this, data);
        this.texts = this.values.split(" ");
        this.visible = this.at.map(positions => positions.length);
        this.isAbbreviated = this.at.some((positions, axis) => positions.length < this.shape[axis]);
        if (this.type === "float32") this.numbers = this.texts.map(text => Math.fround(toNumber(text)));
        if (this.type === "int64") this.numbers = this.texts.map(Number);
        if (this.type === "bool") this.numbers = this.texts.map(text => (text === "True" ? 1 : 0));
    }

    shown(precision) {
        if (this.type === "float32") return this.numbers.map(numberStyle(this.numbers, precision));
        if (this.type !== "complex64") return this.texts;
        const parts = this.texts.map(text => text.split(",").map(part => Math.fround(toNumber(part))));
        const real = numberStyle(parts.map(part => part[0]), precision);
        const imaginary = numberStyle(parts.map(part => part[1]), precision);
        return parts.map(
            ([a, b]) => real(a) + (imaginary(b).startsWith("-") ? "" : "+") + imaginary(b) + "j");
    }

    // The index in `texts` of the element at these places among the visible ones.
    flat(places) { return places.reduce((flat, place, axis) => flat * this.visible[axis] + place, 0); }

    // The value in all its digits, and the result of Python's item(), which converts a float32 to a double.
    exact(flat) {
        if (this.type === "complex64") return this.texts[flat].replace(",", " + ").replace("+ -", "- ") + "j";
        return this.texts[flat];
    }
    item(flat) {
        if (this.type !== "float32" || !Number.isFinite(this.numbers[flat])) return "";
        return String(this.numbers[flat]);
    }

    asPython() {
        const float = text => (text in special ? `float("${text}")` : text);
        const value = text => {
            if (this.type === "complex64") return `complex(${text.split(",").map(float).join(", ")})`;
            return this.type === "float32" ? float(text) : text;
        };
        const nested = (axis, flat) => {
            if (axis === this.shape.length) return value(this.texts[flat]);
            const parts =
                this.at[axis].map((_, place) => nested(axis + 1, flat * this.visible[axis] + place));
            const between = axis + 1 === this.shape.length ? ", " :
                                                             ",\n" +
                    " ".repeat("torch.tensor(".length + axis + 1);
            return `[${parts.join(between)}]`;
        };
        return `torch.tensor(${nested(0, 0)}, dtype=torch.${this.type})`;
    }
}

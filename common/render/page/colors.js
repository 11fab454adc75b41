// From a number to a colour. Two maps, both safe for colour-blind readers: blue to orange through paper for
// numbers of both signs, and one hue from pale to deep for numbers from zero up.
"use strict";

const colorMaps = {
    light: {
        bothSigns: ["#2a6fb5", "#a3c6e8", "#ffffff", "#f6c08b", "#d9701c"],
        fromZero: ["#ffffff", "#d5eeec", "#94d0cf", "#43a0a6", "#0d6470"],
    },
    dark: {
        bothSigns: ["#8abcf2", "#38628f", "#161b22", "#86501f", "#f2a65f"],
        fromZero: ["#161b22", "#173d42", "#1c656b", "#359da1", "#a2e4dc"],
    },
};

const channels = color => [1, 3, 5].map(start => parseInt(color.slice(start, start + 2), 16));

// The colour at `place`, 0 to 1, of a map.
function colorAt(map, place) {
    const position = place * (map.length - 1);
    const below = Math.min(Math.floor(position), map.length - 2);
    const from = channels(map[below]), to = channels(map[below + 1]);
    return from.map((channel, i) => Math.round(channel + (to[i] - channel) * (position - below)));
}

// Black or white, whichever is easier to read (WCAG's contrast; the better of the two is never below 4.5).
function inkOn(color) {
    const linear =
        color.map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000" : "#fff";
}

// How the cells of one tensor are coloured: a function from a number to a colour, or to null for none.
function shader(numbers, theme) {
    const finite = numbers.filter(Number.isFinite);
    const largest = Math.max(...finite.map(Math.abs), 0);
    if (largest === 0) return () => null;
    const bothSigns = finite.some(number => number < 0);
    const map = colorMaps[theme][bothSigns ? "bothSigns" : "fromZero"];
    return number => {
        if (!Number.isFinite(number)) return null;
        return colorAt(map, bothSigns ? (number / largest + 1) / 2 : number / largest);
    };
}

function paint(cell, color) {
    cell.style.backgroundColor = color ? `rgb(${color})` : "";
    cell.style.color = color ? inkOn(color) : "";
}

// null where the reader has not chosen: then the system decides.
let chosenTheme = null;
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

function theme() { return chosenTheme || (systemIsDark.matches ? "dark" : "light"); }

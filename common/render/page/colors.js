// Colours for numbers. Both maps are safe for colour-blind readers: from blue to orange for numbers of both
// signs, and one hue from pale to deep for numbers of 0 and more.
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

// The colour of a map at `place`, from 0 to 1.
function colorAt(map, place) {
    const position = place * (map.length - 1);
    const below = Math.min(Math.floor(position), map.length - 2);
    const from = channels(map[below]), to = channels(map[below + 1]);
    return from.map((channel, i) => Math.round(channel + (to[i] - channel) * (position - below)));
}

// Black or white, whichever has the higher contrast (WCAG's formula; it is never below 4.5).
function inkOn(color) {
    const linear =
        color.map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000" : "#fff";
}

// The colours of one tensor's cells: a function from a number to a colour, or to null for no colour.
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

// null if the reader has not chosen: then the system's setting decides.
let chosenTheme = null;
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

function theme() { return chosenTheme || (systemIsDark.matches ? "dark" : "light"); }

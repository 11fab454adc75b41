#!/usr/bin/python3
"""Makes docs/images/page.png and docs/images/terminal.png from what the programs in build/bin write today.

Needs Debian's chromium, chromium-driver and python3-selenium, and for the fonts of our pictures fonts-inter,
fonts-dejavu and fonts-lmodern. Run it from anywhere, after ./walk 3.
"""

import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "tests" / "pages"))
from browser import Browser

program = root / "build" / "bin" / "03_causal_mask_and_dropout"
images = root / "docs" / "images"

TERMINAL = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; background: #11151c; }}
.window {{ display: inline-block; padding: 18px 26px 22px; color: #d7dde5; }}
.window {{ font: 16px/1.35 "DejaVu Sans Mono", monospace; }}
pre {{ margin: 0; font: inherit; }}
</style><div class="window"><pre>{}</pre></div>"""


def color_of(number):
    """One of a terminal's 256 colours; all that our programs use are in the cube or at its ends."""
    if number < 16:
        return "#fff" if number else "#000"
    levels = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "rgb({}, {}, {})".format(levels[number // 36], levels[number // 6 % 6], levels[number % 6])


def style_of(codes):
    """The CSS of an escape code such as "1" or "48;2;68;1;84;38;5;231"."""
    styles = {
        "1": "font-weight: bold; color: #fff",
        "2": "color: #8b96a5",
        "31": "color: #ff8a80",
        "32": "color: #7fd3a0",
    }
    if codes in styles:
        return styles[codes]
    css = []
    red_green_blue = re.search(r"48;2;(\d+);(\d+);(\d+)", codes)
    if red_green_blue:
        css.append("background: rgb({}, {}, {})".format(*red_green_blue.groups()))
    ink = re.search(r"38;5;(\d+)$", codes)
    if ink:
        css.append("color: " + color_of(int(ink.group(1))))
    if not css:
        raise ValueError(f"an escape code that this script does not know: {codes}")
    return "; ".join(css)


def to_html(text):
    """Text with a terminal's escape codes as HTML."""
    parts = re.split(r"\x1b\[([\d;]*)m", text)
    page, is_open = html.escape(parts[0]), False
    for codes, following in zip(parts[1::2], parts[2::2]):
        page += "</span>" if is_open else ""
        is_open = codes != "0"
        page += f'<span style="{style_of(codes)}">' if is_open else ""
        page += html.escape(following)
    return page + ("</span>" if is_open else "")


def terminal_picture(browser, folder):
    """What a terminal of 24-bit colour shows of ./walk 3, scrolled to steps 5 and 6."""
    output = subprocess.run(
        [program, "--color", "always"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLORTERM": "truecolor", "LANG": "C.UTF-8"},
    ).stdout
    lines = output.splitlines()
    title = lambda number: next(i for i, line in enumerate(lines) if line.startswith(f"{number:2}  "))
    shown = lines[title(5) : title(7) - 1]
    page = folder / "terminal.html"
    page.write_text(TERMINAL.format(to_html("\n".join(shown))))
    browser.window(1000, 1000)
    browser.open(page)
    browser.find_element("css selector", ".window").screenshot(str(images / "terminal.png"))


def page_picture(browser, folder):
    """The page of chapter 3 at its mask, with a cell under the pointer."""
    page = folder / "page.html"
    subprocess.run([program, "--html", page], capture_output=True, check=True)
    browser.window(1200, 830)
    browser.media(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    browser.open(page, "#5")
    browser.js(
        "document.querySelectorAll('article.current td')[13]"
        ".dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))"
    )
    browser.save_screenshot(str(images / "page.png"))


def main():
    images.mkdir(exist_ok=True)
    browser = Browser()
    try:
        with tempfile.TemporaryDirectory() as folder:
            terminal_picture(browser, pathlib.Path(folder))
            page_picture(browser, pathlib.Path(folder))
    finally:
        browser.quit()
    for name in ("page.png", "terminal.png"):
        print(f"wrote docs/images/{name} ({(images / name).stat().st_size // 1000} KB)")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""The pages of all chapters in a real browser, as people use them: page_test.py FOLDER_OF_PROGRAMS

Needs Debian's chromium, chromium-driver and python3-selenium.
"""

import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser

programs = (
    pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
)
chapters = sorted(path.name for path in programs.iterdir() if re.match(r"\d\d_", path.name))

# Contrast of number and cell in every table, as WCAG counts it; the smallest.
SMALLEST_CONTRAST = """
const luminance = text => text.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
let smallest = 21;
for (const cell of document.querySelectorAll('table.grid td')) {
    if (cell.className.includes('gap') || cell.className.includes('no-number')) continue;
    const style = getComputedStyle(cell);
    const [a, b] = [luminance(style.color), luminance(style.backgroundColor)].sort((x, y) => y - x);
    smallest = Math.min(smallest, (a + 0.05) / (b + 0.05));
}
return smallest;"""

# Scroll bars inside the page: downwards anywhere in the steps, sideways in elements that match a selector.
SCROLL_BARS = """
const scrolls = overflow => overflow === 'auto' || overflow === 'scroll';
const down = [...document.querySelectorAll('main *')].filter(element =>
    scrolls(getComputedStyle(element).overflowY) && element.scrollHeight > element.clientHeight);
const sideways = [...document.querySelectorAll(arguments[0])].filter(element =>
    scrolls(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth);
return [...down, ...sideways].map(element =>
    `step ${element.closest('article').id}: ${element.className} ${element.textContent.trim()}`);"""


def run(program, *arguments, folder=None):
    return subprocess.run([programs / program, *arguments], cwd=folder, capture_output=True, text=True)


def read_safetensors(path):
    """name -> (shape, values), of float32 tensors."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = entry["data_offsets"]
            tensors[name] = entry["shape"], list(struct.unpack(f"<{(end - start) // 4}f", body[start:end]))
    return tensors


def on_every_page(address=""):
    """A test that is run on each chapter's page."""

    def decorate(test):
        def all_chapters(self):
            for number in range(1, len(chapters) + 1):
                with self.subTest(chapter=number):
                    self.setUp()
                    self.open(number, address)
                    test(self)

        return all_chapters

    return decorate


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        for chapter in chapters:
            made = run(
                chapter,
                "--html",
                cls.folder / f"{chapter}.html",
                "--save",
                cls.folder / f"{chapter}.safetensors",
            )
            assert made.returncode == 0, made.stderr
        cls.browser = Browser()
        cls.browser.execute_cdp_cmd(
            "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        )

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.temporary.cleanup()

    def setUp(self):
        self.browser.window(1300, 900)
        self.browser.media(prefers_color_scheme="light")
        self.browser.get("about:blank")

    def open(self, number, address=""):
        self.browser.open(self.folder / f"{chapters[number - 1]}.html", address)
        self.browser.js("try { localStorage.clear() } catch {}")

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def press(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def hover(self, element):
        self.browser.js("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.browser).move_to_element(element).perform()

    def visible_steps(self):
        return self.browser.js(
            "return [...document.querySelectorAll('article')].filter(a => a.offsetHeight).map(a => a.id)"
        )

    def assert_quiet(self):
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.asked_for(), [])

    # --- every chapter

    @on_every_page()
    def test_keys_walk_through_every_step_and_nothing_is_fetched(self):
        steps = self.browser.js("return steps.length")
        self.assertGreater(steps, 3)
        for step in range(1, steps + 1):
            self.assertEqual(self.visible_steps(), [str(step)])
            self.assertEqual(self.browser.js("return place.textContent"), f"{step} / {steps}")
            if step > 1:
                self.assertTrue(self.browser.current_url.endswith(f"#{step}"))
                self.assertEqual(self.browser.js("return document.activeElement.id"), f"title-{step}")
            self.press(Keys.ARROW_RIGHT if step % 2 else "j")
        self.assertEqual(self.visible_steps(), [str(steps)])  # the last one stays
        self.press(Keys.ARROW_LEFT, "k")
        self.assertEqual(self.visible_steps(), [str(steps - 2)])
        self.assert_quiet()

    @on_every_page("#all")
    def test_every_number_is_the_one_pytorch_prints(self):
        self.browser.js(
            "document.querySelectorAll('.switches input[value=all]').forEach(input => input.click())"
        )
        compared = 0
        for figure in self.find_all("figure.tensor"):
            cells, print_, name = self.browser.js(
                "const [figure] = arguments; const text = element => element.textContent;"
                "return [[...figure.querySelectorAll('td')].map(text), text(figure.querySelector('pre') || figure),"
                " text(figure.querySelector('.name'))]",
                figure,
            )
            number = r"-?(?:inf|nan|True|False|\d[\d.]*(?:e[+-]\d+)?(?:[+-]\d[\d.]*(?:e[+-]\d+)?j)?)"
            printed = re.findall(number, print_.partition("tensor(")[2])
            shown = [cell for cell in cells if cell != "…"]
            self.assertEqual(sorted(shown), sorted(printed), name)
            compared += len(shown)
        self.assertGreater(compared, 50)

    def assert_not_sideways(self, where):
        self.assertLessEqual(
            *self.browser.js("return [document.documentElement.scrollWidth, window.innerWidth]"), where
        )

    @on_every_page()
    def test_no_page_scrolls_sideways(self):
        for width in (1280, 400):
            self.browser.window(width, 800)
            for step in [*range(1, self.browser.js("return steps.length") + 1), "all"]:
                self.browser.js("location.hash = '#' + arguments[0]; followAddress()", step)
                self.assert_not_sideways(f"step {step} at {width} pixels")
        # What is wider scrolls in its own box, and can be read there.
        self.assertTrue(
            self.browser.js(
                "return [...document.querySelectorAll('table.grid')]"
                ".every(table => table.closest('.scroll') || table.offsetWidth < 400)"
            )
        )

    @on_every_page("#all")
    def test_nothing_has_a_scroll_bar_that_it_does_not_need(self):
        # Formulas fit at 1280 pixels. What may scroll sideways must not scroll down as well, by a pixel or two.
        for width, sideways in ((1280, ".formulas"), (400, ":not(*)")):
            self.browser.window(width, 900)
            self.assertEqual(self.browser.js(SCROLL_BARS, sideways), [], f"{width} pixels")

    @on_every_page("#all")
    def test_a_finger_finds_its_target(self):
        self.browser.window(400, 800)
        self.browser.js("contents.open = true")
        self.assertEqual(
            self.browser.js(
                "return [...document.querySelectorAll('button, input, select, summary, nav a, fieldset label')]"
                ".filter(element => element.offsetHeight > 0 && element.offsetHeight < 24)"
                ".map(element => element.outerHTML)"
            ),
            [],
        )

    @on_every_page("#all")
    def test_numbers_are_readable_on_their_colours_light_and_dark(self):
        for scheme in ("light", "dark"):
            self.browser.media(prefers_color_scheme=scheme)  # the page follows while it is open
            self.assertEqual(self.browser.js("return document.documentElement.dataset.theme"), scheme)
            self.assertGreaterEqual(self.browser.js(SMALLEST_CONTRAST), 4.5)
            dark_paper = (
                self.browser.js("return getComputedStyle(document.body).backgroundColor") == "rgb(14, 18, 24)"
            )
            self.assertEqual(dark_paper, scheme == "dark")
        self.assert_quiet()

    @on_every_page("#all")
    def test_a_screen_reader_finds_its_way(self):
        ids = self.browser.js("return [...document.querySelectorAll('[id]')].map(element => element.id)")
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(self.browser.js("return document.querySelectorAll('h1').length"), 1)
        self.assertTrue(
            self.browser.js(
                "return [...document.querySelectorAll('section.part')].every(part =>"
                " part.firstElementChild.tagName === 'H2' && part.querySelector('h3'))"
            )
        )
        self.assertTrue(
            self.browser.js(
                "return [...document.querySelectorAll('table.grid')].every(table =>"
                " table.caption.textContent && table.querySelectorAll('[tabindex=\"0\"]').length === 1)"
            )
        )
        nodes = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        spoken = {
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
        }
        roles = {role for role, _ in spoken}
        self.assertLessEqual(
            {"heading", "navigation", "main", "grid", "gridcell", "columnheader", "MathMLMath", "slider"},
            roles,
        )
        self.assertFalse(
            [
                pair
                for pair in spoken
                if pair[0] in ("button", "slider", "grid", "radio", "link") and not pair[1].strip()
            ]
        )
        # The first stop of the Tab key leads past everything.
        self.browser.js("document.activeElement.blur(); window.getSelection().removeAllRanges()")
        skip = self.find("a.skip")
        self.browser.js("arguments[0].focus()", skip)
        self.assertGreaterEqual(skip.rect["x"], 0)
        self.assertEqual(
            self.browser.js("return document.querySelector('a, button, input, [tabindex=\"0\"]').className"),
            "skip",
        )

    @on_every_page("#2")
    def test_on_paper_all_steps_are_there_and_no_controls(self):
        self.browser.media(prefers_color_scheme="dark")
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.browser.js("window.dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(len(self.visible_steps()), self.browser.js("return steps.length"))
        self.assertFalse(
            self.browser.js(
                "return [...document.querySelectorAll('.controls, aside, .tools, .switches')]"
                ".some(element => element.offsetHeight)"
            )
        )
        self.assertEqual(self.browser.js("return document.documentElement.dataset.theme"), "light")
        self.browser.js("window.dispatchEvent(new Event('afterprint'))")
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        self.assertEqual(self.visible_steps(), ["2"])

    def test_stripes_do_not_make_a_printed_page_large(self):
        self.open(3)
        pdf = self.browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
        self.assertLess(len(pdf), 2_000_000)  # in base64

    def test_long_contents_show_the_current_step(self):
        self.browser.window(1280, 600)
        self.open(7)
        for step in (self.browser.js("return steps.length"), 1):
            self.browser.js("go(arguments[0])", step)
            link, box = self.find("nav a[aria-current]").rect, self.find("aside").rect
            self.assertGreaterEqual(link["y"], box["y"])
            self.assertLessEqual(link["y"] + link["height"], box["y"] + box["height"])

    def test_without_scripts_the_prints_are_there(self):
        self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.browser.get(f"file://{self.folder}/{chapters[2]}.html")
            self.assertIn("tensor([[0.2899,   -inf,", self.find("main").text)
            self.assertEqual(len([step for step in self.find_all("article") if step.is_displayed()]), 15)
        finally:
            self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    # --- one page closely: chapter 3, whose numbers everybody knows

    def test_a_cell_under_the_pointer_says_its_exact_value_and_lights_its_row_and_column(self):
        self.open(3, "#5")
        cell = self.find_all("article.current table.grid td")[6]  # row 1, column 0
        self.hover(cell)
        said = self.find("output.reader").text
        value = read_safetensors(self.folder / f"{chapters[2]}.safetensors")["masked"][1][6]
        self.assertIn("masked[1, 0]", said)
        self.assertIn("from token 1 “journey” to token 0 “Your”", said)
        self.assertIn(repr(value), said)  # the float32 as Python's double
        shortest = float(self.find(".reader .value").text)
        self.assertEqual(struct.pack("f", shortest), struct.pack("f", value))
        self.assertEqual(len(self.find_all("td.lit")), 1)
        self.assertEqual(len(self.find_all(".lit-row")), 7)
        self.assertEqual(len(self.find_all(".lit-column")), 7)
        self.hover(self.find("h1"))
        self.assertEqual(self.find_all(".lit, .lit-row, .lit-column"), [])
        self.assertFalse(self.find("output.reader").is_displayed())

    def test_the_keyboard_goes_from_cell_to_cell_and_not_to_the_next_step(self):
        self.open(3, "#5")
        self.browser.js("document.querySelector('article.current td').focus()")
        self.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
        self.assertIn("masked[2, 1]", self.find("output.reader").text)
        self.assertEqual(self.find("output.reader").get_attribute("aria-live"), "polite")
        self.assertEqual(self.visible_steps(), ["5"])
        self.press(Keys.END)
        self.assertIn("-inf", self.find("output.reader").text)
        outline = self.browser.js("return getComputedStyle(document.activeElement).outlineWidth")
        self.assertEqual(outline, "3px")
        self.press(Keys.ESCAPE, Keys.ARROW_RIGHT)
        self.assertEqual(self.visible_steps(), ["6"])

    def test_buttons_contents_and_address(self):
        self.open(3)
        self.find("[title^='Next']").click()
        self.assertEqual(self.visible_steps(), ["2"])
        self.find("[title^='Previous']").click()
        self.assertEqual(self.visible_steps(), ["1"])
        self.find("nav a[href='#9']").click()
        # The browser announces the new address a moment after the click.
        WebDriverWait(self.browser, 5).until(lambda browser: self.visible_steps() == ["9"])
        self.assertEqual(self.find("nav a[aria-current]").text, "Does the mask leak? Change one token")
        self.press("a")
        self.assertEqual(len(self.visible_steps()), 15)
        self.assertTrue(self.browser.current_url.endswith("#all"))
        self.press("a")
        self.assertEqual(self.visible_steps(), ["9"])
        for strange in ("#0", "#16", "#-1", "#1.5", "#<img src=x>", "#title-3", "#%"):
            self.open(3, strange)
            self.assertEqual(self.visible_steps(), ["1"], strange)
            self.assert_quiet()

    def test_the_slider_shows_more_digits(self):
        self.open(3, "#1")
        cell = lambda: self.find("article.current td").text
        self.assertEqual(cell(), "0.1921")
        slider = self.find("input[type=range]")
        slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.assertRegex(cell(), r"^0\.192\d{3}$")
        slider.send_keys(Keys.HOME)
        self.assertEqual(cell(), "0")
        self.assertEqual(self.visible_steps(), ["1"])  # the arrows were the slider's

    def test_a_copied_tensor_is_the_tensor(self):
        class Torch:
            float32, int64, bool, complex64 = "float32", "int64", "bool", "complex64"

            @staticmethod
            def tensor(values, dtype):
                flat = lambda v: sum((flat(x) for x in v), []) if isinstance(v, list) else [v]
                return dtype, flat(values)

        for number, name in ((3, "masked"), (5, "attn_scores"), (3, "context_vecs")):
            self.open(number, "#all")
            figure = next(
                figure
                for figure in self.find_all("figure.tensor")
                if figure.find_element(By.CSS_SELECTOR, ".name").text == name
            )
            self.browser.js("arguments[0].scrollIntoView({block: 'center'})", figure)
            button = figure.find_element(By.CSS_SELECTOR, "button.copy")
            button.click()
            copied = self.browser.execute_async_script(
                "navigator.clipboard.readText().then(arguments[0], arguments[0])"
            )
            self.assertTrue(copied.startswith("torch.tensor("), copied)
            dtype, values = eval(copied, {"torch": Torch, "float": float})
            self.assertEqual(dtype, "float32")
            expected = read_safetensors(self.folder / f"{chapters[number - 1]}.safetensors")[name][1]
            self.assertEqual(
                struct.pack(f"{len(values)}f", *values), struct.pack(f"{len(expected)}f", *expected)
            )
            self.assertEqual(button.text, "Copied")

    def test_arcs_show_where_a_word_attends(self):
        self.open(3, "#6")
        words = self.find_all("article.current .stage button")
        self.assertEqual(
            [word.find_element(By.CLASS_NAME, "word").text for word in words],
            ["Your", "journey", "starts", "with", "one", "step"],
        )
        for i, word in enumerate(words):
            self.hover(word)
            self.assertEqual(len(self.find_all("article.current .stage path")), i + 1)  # the mask
        self.hover(words[1])
        self.assertIn("“journey” attends most to “Your” (0.55), “journey” (0.45).", self.find(".saying").text)
        words[0].send_keys(Keys.NULL)  # by keyboard
        self.assertEqual(len(self.find_all("article.current .stage path")), 1)

    def test_light_and_dark_by_hand_is_remembered(self):
        self.open(3)
        lamp = self.find("[title='Switch to dark colours']")
        lamp.click()
        self.assertEqual(self.browser.js("return document.documentElement.dataset.theme"), "dark")
        self.browser.refresh()
        self.assertEqual(self.browser.js("return document.documentElement.dataset.theme"), "dark")
        self.find("[title='Switch to light colours']").click()
        self.assertEqual(self.browser.js("return document.documentElement.dataset.theme"), "light")
        self.browser.js("localStorage.clear()")

    def test_nothing_moves_for_who_wants_it_so(self):
        moving = (
            "return [...document.querySelectorAll('*')].some(element =>"
            " getComputedStyle(element).transitionDuration.split(', ').some(time => time !== '0s'))"
        )
        self.browser.media(prefers_reduced_motion="reduce")
        self.open(3, "#6")
        self.assertFalse(self.browser.js(moving))
        self.browser.media(prefers_reduced_motion="no-preference")
        self.open(3, "#6")
        self.assertTrue(self.browser.js(moving))  # the question can be answered with yes

    # --- heads and batches

    def test_a_switch_shows_another_head(self):
        self.open(5, "#all")
        tensors = read_safetensors(self.folder / f"{chapters[4]}.safetensors")
        shape, values = tensors["attn_scores"]
        self.assertEqual(len(shape), 4)
        size = shape[2] * shape[3]
        figure = next(
            figure
            for figure in self.find_all("figure.tensor")
            if figure.find_element(By.CSS_SELECTOR, ".name").text == "attn_scores"
        )
        shown = lambda: [float(cell.text) for cell in figure.find_elements(By.CSS_SELECTOR, "td")]
        for head in range(shape[1]):
            self.browser.js(
                "arguments[0].click()", figure.find_element(By.CSS_SELECTOR, f"input[value='{head}']")
            )
            expected = values[head * size : (head + 1) * size]
            for one, other in zip(shown(), expected, strict=True):
                self.assertAlmostEqual(one, other, delta=0.00006)
            self.assertEqual(
                figure.find_element(By.CLASS_NAME, "slice").text, f"attn_scores[0, {head}, :, :]"
            )
        cell = figure.find_element(By.TAG_NAME, "td")
        self.hover(cell)
        self.assertIn(f"sequence 0, head {head}, from token 0 to token 0", self.find("output.reader").text)

        # By keyboard; the arrow keys belong to the switch while it has the focus.
        radio = figure.find_element(By.CSS_SELECTOR, "input[value='0']")
        self.browser.js("arguments[0].click(); arguments[0].focus()", radio)
        self.press(Keys.ARROW_RIGHT)
        self.assertEqual(figure.find_element(By.CLASS_NAME, "slice").text, "attn_scores[0, 1, :, :]")
        self.browser.js("arguments[0].click()", figure.find_element(By.CSS_SELECTOR, "input[value='all']"))
        self.assertEqual(len(shown()), len(values))

    # --- what comes from outside

    def own_page(self, tokens, rows=None, *options):
        rows = rows or len(tokens.split())
        (self.folder / "x.csv").write_text(
            "\n".join("1,0.5,-2" if i % 2 else "0,3,1" for i in range(rows)) + "\n"
        )
        made = run(
            chapters[2],
            "--input",
            "x.csv",
            "--tokens",
            tokens,
            "--html",
            "own.html",
            *options,
            folder=self.folder,
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        self.browser.open(self.folder / "own.html", "#all")

    def test_hostile_words_are_words(self):
        hostile = [
            "<img/src=x/onerror=window.ran=1>",
            "<script>window.ran=1</script>",
            "</script><script>window.ran=1</script>",
            '"onmouseover=window.ran=1',
            "'--><svg/onload=window.ran=1>",
            "<!--",
            "&lt;b&gt;",
            "]]>",
            "\\u003c",
            "ünï\u202etxt",
        ]
        self.own_page(" ".join(hostile))
        self.assertEqual(
            [
                button.find_element(By.CLASS_NAME, "word").get_attribute("textContent")
                for button in self.find_all(".stage button")
            ],
            # A character that would reverse the text after it is replaced.
            [word.replace("\u202e", "?") for word in hostile],
        )
        for cell in self.find_all("table.grid td, .stage button"):
            self.browser.js(
                "arguments[0].dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));"
                "arguments[0].dispatchEvent(new MouseEvent('mouseenter'))",
                cell,
            )
        self.assertIsNone(self.browser.js("return window.ran || null"))
        self.assertEqual(self.find_all("img, svg[onload], iframe"), [])
        self.assert_quiet()

    def test_hostile_words_could_not_run_even_unescaped(self):
        """The page's second wall: with a hole cut into the first one, its policy still holds."""
        page = (self.folder / f"{chapters[2]}.html").read_text()
        hole = (
            "<img src='http://127.0.0.1:9/x' onerror='window.ran=1'><script>window.ran=1</script>"
            "<svg onload='window.ran=1'></svg><link rel=stylesheet href='http://127.0.0.1:9/x.css'>"
            "<iframe src='http://127.0.0.1:9/'></iframe><form id=f action='http://127.0.0.1:9/'></form>"
        )
        (self.folder / "hole.html").write_text(page.replace("<main", hole + "<main"))
        self.browser.open(self.folder / "hole.html")
        self.assertEqual(len(self.find_all("img[onerror]")), 1)  # the hole is there
        self.assertIsNone(self.browser.js("return window.ran || null"))
        self.assertGreaterEqual(len(self.browser.complaints()), 4)  # and each was refused

        # The same page without its policy: the test would have seen it.
        unguarded = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("<main", hole + "<main")
        (self.folder / "hole.html").write_text(unguarded)
        self.browser.open(self.folder / "hole.html")
        self.assertEqual(self.browser.js("return window.ran"), 1)
        self.assertTrue(self.browser.asked_for())

    def test_long_texts_fit_and_many_words_scroll_in_their_own_box(self):
        self.own_page("x" * 300 + " " + " ".join(f"w{i}" for i in range(80)))
        self.browser.window(400, 800)
        self.browser.js("window.dispatchEvent(new Event('resize'))")
        # A word and its weight stand in two lines.
        self.assertLess(max(line.rect["height"] for line in self.find_all(".stage button span")), 35)
        self.browser.js("document.querySelector('.stage button').dispatchEvent(new MouseEvent('mouseenter'))")
        self.assertIn("x" * 300, self.find(".saying").text)
        self.assertLessEqual(self.browser.js("return document.documentElement.scrollWidth"), 400)
        self.assertIn("The first 64 words of 81.", self.find(".heatmap figcaption").text)
        self.assertLess(os.path.getsize(self.folder / "own.html"), 2_000_000)
        self.assertTrue(self.find("button.copy[disabled]"))  # 81 x 81 has only its edges here
        self.assertTrue(self.find_all("td.gap"))
        self.assert_quiet()

    def test_numbers_that_are_none(self):
        (self.folder / "odd.csv").write_text("nan,inf,-inf\n1e38,-1e38,1e-38\n0,0,0\n")
        made = run(chapters[0], "--input", "odd.csv", "--html", "odd.html", folder=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.browser.open(self.folder / "odd.html", "#all")
        self.assertEqual([cell.text for cell in self.find_all("td")[:3]], ["nan", "inf", "-inf"])
        self.assertEqual(len(self.find_all("figure.tensor:first-child td.no-number")[:3]), 3)
        self.hover(self.find_all("td")[5])
        self.assertEqual(self.find(".reader .value").text, "1e-38")
        self.assert_quiet()

    def test_the_index_leads_to_every_chapter(self):
        arguments = sum(([f"{chapter}.html", f"<b>{chapter}", "7 of 7 & more"] for chapter in chapters), [])
        made = run("html_index", self.folder / "index.html", *arguments)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.browser.open(self.folder / "index.html")
        self.assert_quiet()
        for width, list_width in ((1280, 1100), (400, 340)):
            self.browser.window(width, 800)
            self.assertGreaterEqual(self.find(".chapters").rect["width"], list_width)
            self.assert_not_sideways(f"the index at {width} pixels")
        links = self.find_all(".chapters a")
        self.assertEqual(
            [link.find_element(By.TAG_NAME, "strong").text for link in links],
            [f"<b>{chapter}" for chapter in chapters],
        )
        links[2].click()
        self.assertEqual(self.find("h1").text, "Chapter 3: Causal mask and dropout")


if __name__ == "__main__":
    unittest.main(verbosity=1)

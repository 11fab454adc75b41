"""A headless Chromium that keeps account of what it does: its console, and every address it asks for."""

import json
import os
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.service import Service


class Browser(webdriver.Chrome):
    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ["--headless=new", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]:
            options.add_argument(argument)
        if os.geteuid() == 0:  # in a container; Chromium's sandbox refuses root
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        super().__init__(service=Service(shutil.which("chromedriver")), options=options)
        self.set_script_timeout(10)

    def window(self, width, height, scale=1):
        """The size of the page's window, to the pixel."""
        self.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False},
        )

    def media(self, **features):
        """As in media(prefers_color_scheme="dark")."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": named})
        # The page hears of it with its next picture.
        self.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def js(self, script, *arguments):
        return self.execute_script(script, *arguments)

    def open(self, path, address=""):
        """Opens a file afresh and forgets what was logged before."""
        self.get("about:blank")
        self.get_log("browser"), self.get_log("performance")
        self.get("file://" + str(path) + address)

    def complaints(self):
        """What the console said: errors, warnings, and what the page's policy kept from running."""
        return [
            entry["message"] for entry in self.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
        ]

    def asked_for(self):
        """Every address that was asked for since `open`, also in vain, without the page itself."""
        addresses = []
        for entry in self.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                parameters = message["params"]
                addresses.append(
                    parameters["request"]["url"] if "request" in parameters else parameters["url"]
                )
        entries = self.js("return performance.getEntriesByType('resource').map(entry => entry.name)")
        page = self.current_url.split("#")[0]
        return [
            address
            for address in addresses + entries
            if address.split("#")[0] != page and not address.startswith("about:")
        ]

"""A browser that opens pages as a reader does, and how well what it shows can be read."""

import shutil
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_BROWSER, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
HAS_BROWSER = bool(_BROWSER and _DRIVER)
SCHEMES = ["light", "dark"]
#: The least contrast of a text that is seen with what is behind it, and that text (WCAG 2.2, 1.4.3).
LEAST_CONTRAST = """
const parts = colour => colour.match(/[\\d.]+/g).map(Number);
const light = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const behind = element => {
    for (; element; element = element.parentElement) {
        const [r, g, b, a = 1] = parts(getComputedStyle(element).backgroundColor);
        if (a === 1) return [r, g, b];
        if (a !== 0) throw new Error("half transparent");
    }
    throw new Error("no background");
};
let least = [99, ""];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.tagName === "STYLE") continue;
    const [one, other] = [luminance(parts(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < least[0]) least = [contrast, walker.currentNode.data];
}
return least;
"""


def start_browser() -> Chrome:
    """A browser without a window, which notes what it requests."""
    options = ChromeOptions()
    options.binary_location = str(_BROWSER)
    # A container's root has no sandbox, and little shared memory.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    return Chrome(options=options, service=Service(_DRIVER))


def open_markup(
    browser: Chrome, path: Path, markup: str | None, scheme: str = "light", width: int = 900
) -> Chrome:
    """Open markup from a file, in a window of some width."""
    assert markup is not None
    path.write_text(markup, encoding="utf8")
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.set_window_size(width, 800)
    browser.get(path.as_uri())
    return browser

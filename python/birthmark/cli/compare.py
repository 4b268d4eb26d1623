"""`birthmark compare`: which passages two files share, without an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from birthmark.cli.common import JsonOption, atomic_output, plain
from birthmark.cli.index import alignment_rows, print_queries
from birthmark.errors import Error

if TYPE_CHECKING:
    from birthmark.alignment import Alignment
    from birthmark.alignment_picture import Pair

Query = Annotated[str, typer.Argument(metavar="A", help="The file in question.", show_default=False)]
Reference = Annotated[str, typer.Argument(metavar="B", help="The recording that it may hold.", show_default=False)]
Picture = Annotated[
    Path | None,
    typer.Option("--picture", "-o", metavar="IMAGE", help="Draw the alignment (png, svg or pdf).", show_default=False),
]


def compare(query: Query, reference: Reference, picture: Picture = None, as_json: JsonOption = False) -> None:
    """Find the passages of the recording B that the file A holds, without an index.

    What is listed would come from an unrelated file with a probability of at most 1e-6. Status 0 where a passage is
    found, 1 where none is, 2 where a file cannot be read.
    """
    from birthmark.file_fingerprint import fingerprint_file
    from birthmark.index import compare as compare_fingerprints

    if picture is not None:
        from birthmark.alignment_picture import check_picture

        check_picture(picture)
    found: list[Alignment] = []
    pairs: list[Pair] = []
    try:
        references = {one.medium: one for one in fingerprint_file(reference, query=False)}
        for one in fingerprint_file(query):
            if one.medium in references:
                alignments = compare_fingerprints(one, references[one.medium])
                found += alignments
                pairs.append((one, references[one.medium], alignments))
    except (Error, OSError) as error:
        print_queries([{"file": query, "alignments": [], "error": str(error)}], as_json)
    if picture is not None:
        from birthmark.alignment_picture import draw

        with atomic_output(picture) as partial:
            draw(partial, pairs, plain(query), plain(reference))
    rows = alignment_rows(sorted(found, key=lambda a: a.log10_p), reference)
    print_queries([{"file": query, "alignments": rows, "error": None}], as_json)


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("compare")(compare)

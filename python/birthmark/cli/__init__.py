"""The command line. One module per group of commands; each has `register(app)` and imports heavy things when run."""

import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, NoReturn

import typer

import birthmark
from birthmark.cli.common import EXIT_CLOSED_PIPE, EXIT_ERROR, EXIT_INTERRUPTED, warn
from birthmark.errors import Error

MODULES = ("key", "embed", "detect", "signature", "index", "compare", "registry", "scan", "report", "demo")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"birthmark {birthmark.__version__}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The whole command tree."""
    # Pretty exceptions would print local variables, and those may hold keys.
    app = typer.Typer(name="birthmark", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.callback()
    def main(
        _version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
        ] = False,
    ) -> None:
        """Mark your voice and video, and find them again.

        Exit status: 0 found or done, 1 nothing found, 2 error.
        """

    for name in MODULES:
        import_module(f"birthmark.cli.{name}").register(app)
    return app


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line (default: that of the process) and returns the exit status."""
    try:
        build_app()(args=None if arguments is None else list(arguments), prog_name="birthmark")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # click would say 1, which means "nothing found"
            return EXIT_CLOSED_PIPE
        return end.code if isinstance(end.code, int) else EXIT_ERROR if end.code else 0
    except KeyboardInterrupt:
        warn("interrupted")
        return EXIT_INTERRUPTED
    except (Error, OSError) as error:
        warn(str(error))
    except Exception:
        # Status 1 would mean "nothing found".
        traceback.print_exc()
    return EXIT_ERROR


def _terminate(*_: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def main() -> NoReturn:
    """Entry point of the `birthmark` command."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run())

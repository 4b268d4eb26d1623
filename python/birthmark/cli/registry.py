"""`birthmark registry`: people, keys, recordings and deliveries, and the log that vouches for them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from birthmark.cli.common import (
    EXIT_ERROR,
    EXIT_NOTHING_FOUND,
    JsonOption,
    counted,
    print_json,
    progress,
    warn,
    warn_of_dropped,
)
from birthmark.cli.secret import KeyFileOption, PassphraseFileOption, RegistryPath, open_registry, secret_of
from birthmark.errors import ArgumentError, Error

if TYPE_CHECKING:
    from birthmark.registry import Delivery, Person, Recording, Registry

HandleArgument = Annotated[
    str, typer.Argument(metavar="HANDLE", help="The person's pseudonymous name.", show_default=False)
]
PersonOption = Annotated[
    str, typer.Option("--person", "-p", metavar="HANDLE", help="Whose recording it is.", show_default=False)
]


def init(
    registry: RegistryPath,
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new, empty registry in the folder REGISTRY.

    The passphrase or key file encrypts the people's keys. Without it nobody can read them, you neither: keep a copy in
    a safe place. The public key that is printed checks the log; note it elsewhere.
    """
    from birthmark.registry import Registry

    with Registry.create(registry, secret_of(passphrase_file, key_file, new=True)) as made:
        document = {"registry": str(registry), "id": made.id, "public_key": made.public_key}
    if as_json:
        print_json(document)
    else:
        typer.echo(f"{registry}: registry {document['id']}, public key {document['public_key']}")
        typer.echo(
            "Note the public key outside the registry: with `registry verify --public-key` it shows later that nobody "
            "has written the log anew."
        )


def person(
    registry: RegistryPath,
    handle: HandleArgument,
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enrol a person under HANDLE: draws a key, and decoy keys that are withheld for later dataset tests."""
    with open_registry(registry, passphrase_file, key_file) as store:
        _print_person(store, store.add_person(handle), as_json)


def rotate(
    registry: RegistryPath,
    handle: HandleArgument,
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a new key for HANDLE's deliveries from now on; scans go on searching for the older ones."""
    with open_registry(registry, passphrase_file, key_file) as store:
        store.rotate_key(handle)
        _print_person(store, store.person(handle), as_json)


def record(
    *,
    registry: RegistryPath,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Originals.", show_default=False)],
    person: PersonOption,
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register originals: hash, length, fingerprints, voice profile; never the media.

    A file that cannot be read is reported, the others are registered, and the status is 2.
    """
    rows: list[dict[str, Any]] = []
    with open_registry(registry, passphrase_file, key_file) as store:
        store.person(person)
        with progress("registering", len(files), quiet=as_json) as advance:
            for path in files:
                row: dict[str, Any] = {"file": str(path), "error": None}
                try:
                    row |= _recording(store.add_recording(path, person))
                except (Error, OSError) as error:
                    row["error"] = str(error)
                rows.append(row)
                advance(1)
    if as_json:
        print_json({"recordings": rows})
    for row in rows:
        if row["error"] is not None:
            warn(row["error"])
        elif not as_json:
            typer.echo(f"{row['file']}: recording {row['id']}, {row['duration_s']:.1f} s of {row['media']}")
    if any(row["error"] is not None for row in rows):
        raise typer.Exit(EXIT_ERROR)


def deliver(
    *,
    registry: RegistryPath,
    source: Annotated[Path, typer.Argument(metavar="IN", help="The original.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The marked copy; a new name.", show_default=False)],
    person: PersonOption,
    recipient: Annotated[str, typer.Option(help="Who gets the copy.", show_default=False)],
    licence: Annotated[str | None, typer.Option(help="Text of the licence.")] = None,
    licence_file: Annotated[Path | None, typer.Option(metavar="FILE", help="File with that text, UTF-8.")] = None,
    strength: Annotated[float, typer.Option(help="Factor on the mark's gains, 0.1 to 4.")] = 1.0,
    codec: Annotated[str, typer.Option(help="Encoder of a video's picture: x264, x265, vp9 or av1.")] = "x264",
    crf: Annotated[float | None, typer.Option(help="Its quality, 0 (best) to 63; by default as the source.")] = None,
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mark a copy of IN for one recipient, write it to OUT and register the delivery: both, or neither.

    Every line of evidence that the media allows is embedded. IN is registered where it is not yet.
    Example: birthmark registry deliver my.registry walk.wav acme.wav -p anna --recipient Acme --licence-file terms.txt
    """
    from birthmark.recordings import duration_s

    terms = _licence(licence, licence_file)
    done = 0.0
    with (
        open_registry(registry, passphrase_file, key_file) as store,
        progress(f"marking {source.name}", duration_s(source), quiet=as_json) as advance,
    ):

        def step(seconds: float) -> None:
            nonlocal done
            advance(seconds - done)
            done = seconds

        lost: list[str] = []
        made = store.deliver(
            source,
            target,
            person=person,
            recipient=recipient,
            licence=terms,
            strength=strength,
            codec=codec,
            crf=crf,
            progress=step,
            dropped=lost.extend,
        )
    if as_json:
        print_json({"file": str(target), "dropped": lost} | _delivery(made))
    else:
        typer.echo(f"{target}: mark {made.mark_id:016x} for {recipient}")
        warn_of_dropped(target, lost)


def revoke(
    *,
    registry: RegistryPath,
    mark: Annotated[str, typer.Argument(metavar="MARK", help="Mark ID, 16 hex digits.", show_default=False)],
    why: Annotated[str, typer.Option(help="Reason, kept with the delivery.")] = "",
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that the licence of the delivery with this mark ID has ended."""
    from birthmark.watermark import parse_payload

    with open_registry(registry, passphrase_file, key_file) as store:
        known = store.delivery_of(parse_payload(mark))
        if known is None:
            raise ArgumentError(f"mark {mark} is not in the registry")
        made = store.revoke(known, why)
    if as_json:
        print_json(_delivery(made))
    else:
        typer.echo(f"mark {made.mark_id:016x} for {made.recipient}: revoked")


def show(
    registry: RegistryPath,
    mark: Annotated[str | None, typer.Option(metavar="HEX16", help="Only the delivery with this mark ID.")] = None,
    log: Annotated[bool, typer.Option("--log", help="Also the log's entries.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say who and what is in REGISTRY; needs no passphrase. Status 1 where no delivery has the mark ID."""
    from birthmark.registry import Registry
    from birthmark.watermark import parse_payload

    with Registry.open(registry) as store:
        if mark is None:
            document = _everything(store, log)
        else:
            found = store.delivery_of(parse_payload(mark))
            if found is None:
                if as_json:
                    print_json({"deliveries": []})
                else:
                    typer.echo(f"{registry}: no delivery has the mark {mark}")
                raise typer.Exit(EXIT_NOTHING_FOUND)
            document = {"deliveries": [_delivery(found)]}
    if as_json:
        print_json(document)
        return
    for line in _lines(document):
        typer.echo(line)


def verify(
    registry: RegistryPath,
    public_key: Annotated[
        str | None, typer.Option(metavar="HEX64", help="The public key that `init` printed, noted elsewhere.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(metavar="HEX64", help="A head that `verify` printed earlier, noted elsewhere.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that the log is whole and that every row and fingerprint is what the log says; needs no passphrase.

    Status 0 where all is well, 2 where anything was edited, removed, moved or added. Without --public-key a log that
    was written and signed anew is not found, without --head neither is a folder put back to an earlier state.
    """
    from birthmark.registry import Registry

    with Registry.open(registry) as store:
        found = store.verify(public_key=public_key, head=head)
    if as_json:
        print_json({"registry": str(registry), "ok": found.ok} | asdict(found))
    else:
        for problem in found.problems:
            typer.echo(f"{registry}: {problem}")
        state = "in order" if found.ok else "NOT in order"
        entries, rows = counted(found.entries, "entry", "entries"), counted(found.rows, "row")
        typer.echo(f"{registry}: {state}; {entries}, {rows}, head {found.head}")
    if not found.ok:
        raise typer.Exit(EXIT_ERROR)


def forget(
    *,
    registry: RegistryPath,
    handle: HandleArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase HANDLE's keys, recordings, fingerprints, profiles and sightings. It cannot be undone.

    Marks already in the world can then never be found again. Of deliveries there remain mark ID, recipient and dates.
    """
    with open_registry(registry, passphrase_file, key_file) as store:
        store.person(handle)
        if not yes and not typer.confirm(f"Erase {handle} for ever?", err=True):
            raise ArgumentError("nothing was erased; --yes erases without asking")
        gone = store.forget(handle)
    if as_json:
        print_json(asdict(gone))
    else:
        typer.echo(
            f"person {gone.person_id} is forgotten: {counted(gone.keys, 'key')}, "
            f"{counted(gone.recordings, 'recording')} and {counted(gone.sightings, 'sighting')} erased; "
            f"of {counted(gone.deliveries, 'delivery', 'deliveries')} remain mark ID, recipient and dates"
        )


def _licence(text: str | None, path: Path | None) -> str:
    if (text is None) == (path is None):
        raise ArgumentError("--licence and --licence-file: allowed is exactly one of them")
    return text if text is not None else path.read_text(encoding="utf-8") if path else ""


def _print_person(store: Registry, someone: Person, as_json: bool) -> None:
    keys = [{"generation": one.generation, "key": one.key.id} for one in store.keys(someone)]
    if as_json:
        print_json(asdict(someone) | {"keys": keys})
    else:
        typer.echo(f"person {someone.id} ({someone.handle}): key {keys[0]['key']}, generation {keys[0]['generation']}")


def _recording(one: Recording) -> dict[str, Any]:
    return asdict(one) | {"profile": one.profile is not None}


def _delivery(one: Delivery) -> dict[str, Any]:
    return asdict(one) | {"mark_id": f"{one.mark_id:016x}"}


def _everything(store: Registry, log: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "registry": str(store.folder),
        "id": store.id,
        "public_key": store.public_key,
        "persons": [asdict(one) for one in store.persons()],
        "recordings": [_recording(one) for one in store.recordings()],
        "deliveries": [_delivery(one) for one in store.deliveries()],
        "sightings": [asdict(one) for one in store.sightings()],
    }
    return document | ({"log": [asdict(one) for one in store.log()]} if log else {})


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [f"registry {document['id']}, public key {document['public_key']}"] if "id" in document else []
    lines += [
        f"person {one['id']}: {one['handle'] or 'forgotten at ' + one['forgotten_at']}"
        for one in document.get("persons", ())
    ]
    lines += [
        f"recording {one['id']} of person {one['person_id']}: {one['name']}, "
        f"{one['duration_s']:.1f} s of {one['media']}"
        for one in document.get("recordings", ())
    ]
    for one in document["deliveries"]:
        state = f", revoked {one['revoked_at']}" if one["revoked_at"] else ""
        lines.append(
            f"delivery {one['id']} of person {one['person_id']}: mark {one['mark_id']}, "
            f"{one['file_name'] or 'file erased'} for {one['recipient']}{state}"
        )
    lines += [
        f"sighting {one['id']} of person {one['person_id']}: {one['file_name']}, {one['line']}, "
        f"{one['start_s']:.1f} to {one['end_s']:.1f} s, p = 10^{one['log10_p']:.0f}"
        for one in document.get("sightings", ())
    ]
    lines += [f"log {one['sequence']}: {one['time']} {one['action']}" for one in document.get("log", ())]
    return lines


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    group = typer.Typer(no_args_is_help=True, help="Who, with which keys, recordings and deliveries.")
    for command in (init, person, record, deliver, rotate, revoke, show, verify, forget):
        group.command(command.__name__)(command)
    app.add_typer(group, name="registry")

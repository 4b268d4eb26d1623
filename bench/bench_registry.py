"""What a registry of many deliveries costs against one of ten: look-ups, issued IDs, a search, a check of the log.

The deliveries are written in bulk, without copies, with rows, commitments and log entries as `deliver` writes them.
"""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from birthmark import signature
from birthmark.fingerprint import fingerprint
from birthmark.registry import Person, Registry
from birthmark.registry.models import DeliveryRow
from birthmark.registry.store import now
from birthmark.watermark import detect, embed, issued_ids
from corpus import describe, prompt_speech, voices
from tables import heading, table

BATCH = 5000
LOOKUPS = 2000
REPEATS = 3
SECONDS = 20.0
RATE = 16000
Result = TypeVar("Result")


def fill(registry: Registry, person: Person, count: int) -> None:
    """Deliveries of nothing to many buyers."""
    key_id = registry.keys(person)[0].key.id
    for start in range(0, count, BATCH):
        with registry._store.changing("deliver") as change:
            change.add(
                *(
                    DeliveryRow(
                        mark_id=secrets.randbits(64),
                        person_id=person.id,
                        recording_id=None,
                        key_id=key_id,
                        recipient=f"buyer {start + i}",
                        licence="training only",
                        file_name="copy.wav",
                        file_sha256="00" * 32,
                        created_at=now(),
                    )
                    for i in range(min(BATCH, count - start))
                )
            )


def least(action: Callable[[], Result], repeats: int = REPEATS) -> tuple[float, Result]:
    """Least CPU seconds of several runs, and the answer."""
    times: list[float] = []
    answers: list[Result] = []
    for _ in range(repeats):
        start = time.process_time()
        answers.append(action())
        times.append(time.process_time() - start)
    return min(times), answers[-1]


def measure(folder: Path, count: int) -> list[float]:
    """CPU: ms a look-up, seconds of the list, of preparing it, of three searches among it, of a check, and MB."""
    secret = folder / "secret"
    secret.write_bytes(os.urandom(32))
    with Registry.create(folder / "registry", secret) as registry:
        person = registry.add_person("somebody")
        fill(registry, person, count)
        list_s, ids = least(registry.issued_ids)
        assert len(ids) == count
        prepare_s, issued = least(lambda: issued_ids(ids))
        wanted = [int(one) for one in ids[:: max(1, count // LOOKUPS)]][:LOOKUPS]
        lookup_s, found = least(lambda: [registry.delivery_of(one) for one in wanted])
        assert [one.mark_id for one in found if one] == wanted
        key = registry.keys(person)[0].key
        host = prompt_speech(next(iter(voices())), SECONDS, 0)
        marked = embed(host, RATE, wanted[-1], key)
        search_s, marks = least(lambda: detect(marked, RATE, key, ids=issued))
        assert [mark.payload for mark in marks] == [wanted[-1]]
        clean_s, marks = least(lambda: detect(host, RATE, key, ids=issued))
        assert not marks
        rest_s, _ = least(lambda: (signature.detect(host, RATE, key), fingerprint(host, RATE)))
        verify_s, verified = least(registry.verify, 1)
        assert verified.ok, verified.problems
        size = (registry.folder / "registry.db").stat().st_size
    return [lookup_s / len(wanted) * 1e3, list_s, prepare_s, search_s, clean_s, clean_s + rest_s, verify_s, size / 1e6]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    arguments = parser.parse_args()
    columns = {}
    for count in (10, arguments.deliveries):
        with tempfile.TemporaryDirectory() as folder:
            columns[count] = measure(Path(folder), count)
    small, large = columns.values()
    names = (
        "look-up by mark ID, ms",
        "list of issued IDs, s",
        "preparing them for searches, s",
        f"search of {SECONDS:.0f} s of speech among them, s",
        f"the same, of {SECONDS:.0f} s without a mark, s",
        "that and the other lines of sound, decoding left out, s",
        "check of log and rows, s",
        "database, MB",
    )
    rows = [[name, f"{a:.4g}", f"{b:.4g}", f"{b / a:.2f}"] for name, a, b in zip(names, small, large, strict=True)]
    print(heading("Registry: CPU time by number of deliveries", describe()))
    print(table(["", *(f"{count:,}" for count in columns), "ratio"], rows))


if __name__ == "__main__":
    main()

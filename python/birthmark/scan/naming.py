"""From what was found to whose it is: the registry's keys, deliveries and recordings."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from birthmark.errors import ArgumentError
from birthmark.evidence.records import MAX_LOG10_P_FILE, MAX_LOG10_P_SCAN, FileRecord, Hit, shown_path
from birthmark.registry import NewSighting, Registry
from birthmark.registry.fingerprints import INDEX
from birthmark.scan.pool import Done
from birthmark.stats import bonferroni


class Names:
    """Whom a registry's keys, deliveries and recordings belong to, as it was when the scan began."""

    def __init__(self, registry: Registry) -> None:
        if not registry.unlocked:
            raise ArgumentError("registry is locked; allowed: one opened with its passphrase or key file")
        self.registry = registry
        self._keys = {one.key.id: one for one in registry.keys()}
        self._handles = {one.id: one.handle or f"forgotten person {one.id}" for one in registry.persons()}
        self._recordings = {one.id: one for one in registry.recordings()}
        self._ids = registry.issued_ids()
        if not (self._keys or self._recordings):
            raise ArgumentError(f"registry {registry.folder} is empty; allowed: one with a person or a recording")

    @property
    def persons(self) -> dict[str, str]:
        """Handle of everybody who has a key or a recording, by id."""
        wanted = {one.person_id for one in self._keys.values()} | {r.person_id for r in self._recordings.values()}
        return {str(one): self._handles[one] for one in sorted(wanted)}

    @property
    def counts(self) -> dict[str, int]:
        """How much is searched for."""
        return {"keys": len(self._keys), "issued_ids": len(self._ids), "recordings": len(self._recordings)}

    def order(self, lines: Sequence[str], thorough: bool) -> dict[str, Any]:
        """What a worker needs to know; it holds secrets."""
        return {
            "keys": [(one.person_id, one.key.secret().hex()) for one in self._keys.values()],
            "ids": base64.b64encode(self._ids.astype("<u8").tobytes()).decode(),
            "index": str(self.registry.folder / INDEX),
            "recordings": {name: one.person_id for name, one in self._recordings.items()},
            "lines": list(lines),
            "thorough": thorough,
        }

    def records(self, done: Done, files: int) -> tuple[FileRecord, list[Hit]]:
        """A file's records; `files` is the number of files in the plan, which the p-values are corrected for."""
        answer = done.answer or {"state": "failed", "reason": done.failure}
        file = FileRecord(
            number=done.file.number,
            path=shown_path(done.file.path),
            path_bytes=done.file.path,
            size=done.file.size,
            mtime_ns=done.file.mtime_ns,
            sha256=answer.get("sha256", ""),
            state=answer["state"],
            reason=answer["reason"],
            sound_s=answer.get("sound_s", 0.0),
            picture_s=answer.get("picture_s", 0.0),
            lines=tuple(answer.get("lines", ())),
            cpu_s=answer.get("cpu_s", 0.0),
            peak_mb=answer.get("peak_mb", 0.0),
        )
        found = [self._hit(file, one, files) for one in answer.get("findings", ())]
        return file, [hit for hit in found if hit is not None and hit.log10_p_file <= MAX_LOG10_P_FILE]

    def _hit(self, file: FileRecord, found: dict[str, Any], files: int) -> Hit | None:
        """The hit of a finding; None for a recording that came or went since the scan began."""
        whose = self._whose(found)
        if whose is None:
            return None
        tests = found.pop("tests")
        in_file = bonferroni(found["log10_p"], tests * len(file.lines))
        in_scan = bonferroni(in_file, files)
        exhibit = base64.b64decode(found.pop("exhibit"))
        accepted = in_file <= MAX_LOG10_P_FILE and in_scan <= MAX_LOG10_P_SCAN
        return Hit(
            number=file.number,
            path=file.path,
            log10_p_file=in_file,
            log10_p_scan=in_scan,
            accepted=accepted,
            exhibit=exhibit,
            **(found | whose),
        )

    def _whose(self, found: dict[str, Any]) -> dict[str, Any] | None:
        named: dict[str, Any] = {"generation": -1, "delivery": "", "recipient": "", "licence": ""}
        key = self._keys.get(found["key"])
        if key is not None:
            person = key.person_id
            named["generation"] = key.generation
        elif found["recording"] in self._recordings:
            person = self._recordings[found["recording"]].person_id
        else:
            return None
        if found["mark_id"]:
            delivery = self.registry.delivery_of(int(found["mark_id"], 16))
            if delivery is None:
                named["why"] = found["why"] + "; no delivery of the registry has this ID"
            elif delivery.person_id != person:
                named["why"] = found["why"] + "; the ID is that of another person's delivery, so it names none here"
            else:
                named |= {"delivery": str(delivery.id), "recipient": delivery.recipient}
                named |= {"licence": delivery.licence or "", "recording": delivery.recording_id or ""}
        return {**named, "person": str(person), "handle": self._handles.get(person, "")}


def sightings(scan_id: str, file: FileRecord, hits: Sequence[Hit]) -> list[NewSighting]:
    """What the registry notes of a file's accepted hits."""
    return [
        NewSighting(
            scan_id=scan_id,
            file_sha256=file.sha256,
            file_name=file.path,
            line=hit.line,
            person_id=int(hit.person),
            start_s=max(0.0, hit.start_s),
            end_s=max(0.0, hit.start_s, hit.end_s),
            log10_p=max(hit.log10_p_file, -1e6),
            delivery_id=int(hit.delivery) if hit.delivery else None,
            recording_id=hit.recording or None,
        )
        for hit in hits
        if hit.accepted
    ]

"""The log: whatever somebody changes in the folder without the secret is found."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from birthmark.errors import ArgumentError
from birthmark.fingerprint import deserialize
from birthmark.index import Index
from birthmark.media import write_audio
from birthmark.registry import NewSighting, Registry
from birthmark.registry.chain import START, entry_hash
from birthmark.registry.vault import Vault
from corpus import prompt_speech, voices


@pytest.fixture
def full(registry: Registry, voice: Path, tmp_path: Path) -> Registry:
    """A registry with a row in every table."""
    anna, _ = registry.add_person("anna"), registry.add_person("bob")
    registry.rotate_key("anna")
    other = tmp_path / "other.wav"
    write_audio(other, prompt_speech(list(voices())[1], 8.0, 1), 16000)
    registry.add_recording(other, "bob")
    made = registry.deliver(voice, tmp_path / "a.wav", person="anna", recipient="Acme", licence="train")
    registry.deliver(voice, tmp_path / "b.wav", person="anna", recipient="Other", licence="train")
    registry.add_sightings(
        [NewSighting("scan", "00", f"{i}.wav", "audio-watermark", anna.id, 0, 5, -9, delivery_id=made.id) for i in "12"]
    )
    registry.revoke(made, "not paid")
    return registry


def edit(registry: Registry, *statements: str) -> None:
    with sqlite3.connect(registry.folder / "registry.db") as database:
        for statement in statements:
            assert database.execute(statement).rowcount > 0, statement
    database.close()


def test_an_honest_registry_is_in_order(full: Registry) -> None:
    found = full.verify()
    assert found.ok, found.problems
    assert found.authenticated
    assert found.entries == len(full.log()) == 9
    assert found.head == full.log()[-1].hash
    with Registry.open(full.folder) as reader:
        again = reader.verify()
        assert again.ok
        assert not again.authenticated
        assert reader.verify(public_key=full.public_key, head=full.log()[3].hash).authenticated
    with pytest.raises(ArgumentError, match="64 hexadecimal"):
        full.verify(head="abc")


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE log SET time = '2020-01-01T00:00:00.000000Z' WHERE sequence = 3", "entry 3 was edited"),
        ("UPDATE log SET action = 'revoke' WHERE sequence = 4", "entry 4 was edited"),
        ("UPDATE log SET body = '{}' WHERE sequence = 2", "entry 2 was edited"),
        ("DELETE FROM log WHERE sequence = 5", "entry 5 is missing"),
        ("DELETE FROM log WHERE sequence = 1", "entry 1 is missing"),
        ("DELETE FROM log WHERE sequence = 9", "row deliveries:1 is not what the log says"),
        ("DELETE FROM log", "the log is empty"),
        ("UPDATE deliveries SET recipient = 'Nobody' WHERE id = 1", "row deliveries:1 is not what"),
        ("UPDATE deliveries SET mark_id = 7 WHERE id = 2", "row deliveries:2 is not what"),
        ("UPDATE deliveries SET revoked_at = NULL WHERE id = 1", "row deliveries:1 is not what"),
        ("UPDATE persons SET handle = 'mallory' WHERE id = 1", "row persons:1 is not what"),
        ("UPDATE keys SET sealed = zeroblob(72) WHERE id = 1", "row keys:1 is not what"),
        ("DELETE FROM keys WHERE id = 1", "row keys:1 is missing"),
        ("DELETE FROM decoys WHERE person_id = 1", "row decoys:1 is missing"),
        ("UPDATE recordings SET profile = NULL", "was edited"),
        ("DELETE FROM sightings WHERE id = 2", "row sightings:2 is missing"),
        ("UPDATE settings SET value = 'x' WHERE name = 'vault'", "row settings:vault is not what"),
        (
            "INSERT INTO deliveries SELECT 9, 9, person_id, recording_id, key_id, 'Framed', licence, file_name, "
            "file_sha256, created_at, revoked_at, revoked_why FROM deliveries WHERE id = 1",
            "row deliveries:9 is in no entry",
        ),
    ],
)
def test_every_edit_is_found(full: Registry, statement: str, problem: str) -> None:
    edit(full, statement)
    found = full.verify()
    assert not found.ok
    assert any(problem in one for one in found.problems), found.problems


def test_entries_that_change_places_are_found(full: Registry) -> None:
    edit(
        full,
        "UPDATE log SET sequence = 99 WHERE sequence = 3",
        "UPDATE log SET sequence = 3 WHERE sequence = 4",
        "UPDATE log SET sequence = 4 WHERE sequence = 99",
    )
    problems = full.verify().problems
    assert "log entry 3 does not follow the entry before it" in problems
    assert "log entry 3 was edited" in problems


def rewrite(registry: Registry, sign: Callable[[str], str]) -> None:
    """What a thief can do: edit an entry and compute every later hash anew."""
    with sqlite3.connect(registry.folder / "registry.db") as database:
        previous = START
        rows = database.execute("SELECT sequence, time, action, body FROM log ORDER BY sequence").fetchall()
        for sequence, old_time, action, body in rows:
            time = "2020" + old_time[4:]
            digest = entry_hash(sequence, time, action, body, previous)
            database.execute(
                "UPDATE log SET time = ?, previous = ?, hash = ?, signature = ? WHERE sequence = ?",
                (time, previous, digest, sign(digest), sequence),
            )
            previous = digest
    database.close()


def test_a_log_written_anew_is_found(full: Registry) -> None:
    rewrite(full, lambda _: "00" * 64)
    with Registry.open(full.folder) as reader:
        assert any("not signed by this registry" in one for one in reader.verify().problems)


def test_a_log_signed_by_the_thief_is_found_with_the_secret_or_the_noted_key(full: Registry, key_file: Path) -> None:
    noted = full.public_key
    head = full.log()[-1].hash
    thief, _ = Vault.create("the thief's own secret")
    rewrite(full, lambda digest: thief.sign(bytes.fromhex(digest)))
    edit(full, f"UPDATE settings SET value = '{thief.public_key}' WHERE name = 'public_key'")
    assert not full.verify().ok
    with Registry.open(full.folder) as reader:
        assert any("public key" in one for one in reader.verify(public_key=noted).problems)
        assert any("the head that was noted" in one for one in reader.verify(head=head).problems)
    with pytest.raises(ValueError, match="public key was exchanged"):
        Registry.open(full.folder, key_file)


def test_an_earlier_state_is_found_with_the_noted_head(full: Registry) -> None:
    database = full.folder / "registry.db"
    shutil.copy(database, full.folder / "kept")
    full.rotate_key("bob")
    head = full.log()[-1].hash
    shutil.move(full.folder / "kept", database)
    with Registry.open(full.folder) as reader:
        assert reader.verify().ok  # the known limit: nothing in the folder tells
        assert not reader.verify(head=head).ok


def test_exchanged_fingerprints_are_found(full: Registry) -> None:
    one, two = full.recordings()
    with Index.open(full.folder / "fingerprints.index", write=True) as index:
        kept = dict(index.serialize())
        index.remove(one.id)
        assert full.verify().problems == (f"the fingerprints of recording {one.id} are missing or were exchanged",)
        index.add(one.id, deserialize(kept[two.id]))
        assert full.verify().problems == (f"the fingerprints of recording {one.id} are missing or were exchanged",)
        index.add(one.id, deserialize(kept[one.id]))
        assert full.verify().ok
        index.add("stranger", deserialize(kept[two.id]))
        assert full.verify().problems == ("the index holds fingerprints under 'stranger', which is no recording",)


def test_forgetting_erases_and_keeps_the_log_verifiable(full: Registry, key_file: Path) -> None:
    before = full.deliveries("anna")
    bob, anna = full.recordings()
    assert anna.profile is not None
    with sqlite3.connect(full.folder / "registry.db") as database:
        secrets = [row[0] for row in database.execute("SELECT sealed FROM keys WHERE person_id = 1")]
        secrets += [row[0] for row in database.execute("SELECT salt FROM persons WHERE id = 1")]
    database.close()
    with full.index() as index:
        secrets.append(dict(index.serialize())[anna.id])
    secrets += [anna.profile[:64], b"anna", b"voice.wav", b"a.wav", anna.sha256.encode(), b"not paid"]

    def held() -> bytes:
        return b"".join(path.read_bytes() for path in full.folder.rglob("*") if path.is_file())

    assert all(secret in held() for secret in secrets)
    found = full.forget("anna")
    assert not any(secret in held() for secret in secrets)
    assert (found.keys, found.recordings, found.sightings, found.deliveries) == (2, 1, 2, 2)
    assert full.verify().ok
    assert full.recordings() == [bob]
    assert {one.person_id for one in full.keys()} == {bob.person_id}
    assert full.persons()[0].handle is None
    left = full.delivery_of(before[0].mark_id)
    assert left is not None
    assert (left.recipient, left.licence, left.recording_id) == ("Acme", None, None)
    with pytest.raises(ArgumentError, match="was forgotten at"):
        full.keys(before[0].person_id)
    with full.index() as index:
        assert {one.name for one in index.recordings()} == {bob.id}
    with Registry.open(full.folder, key_file) as again:
        assert again.verify().ok
        assert again.add_person("anna").id == 3

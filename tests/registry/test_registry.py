from pathlib import Path

import numpy as np
import pytest

from birthmark.errors import ArgumentError, MediaError
from birthmark.file_fingerprint import fingerprint_file
from birthmark.recordings import detect_recording
from birthmark.registry import NewSighting, Registry
from birthmark.signature import Profile


def test_people_have_keys_of_several_generations_and_decoys(registry: Registry) -> None:
    anna, bob = registry.add_person("anna"), registry.add_person("bob")
    first = registry.keys("anna")[0]
    second = registry.rotate_key(anna)
    assert [one.generation for one in registry.keys(anna)] == [2, 1]
    assert registry.keys(anna) == [second, first]
    assert [one.person_id for one in registry.keys()] == [anna.id, anna.id, bob.id]
    decoys = registry.decoy_keys(anna)
    assert len({key.id for key in decoys} | {one.key.id for one in registry.keys()}) == 103
    assert registry.persons() == [anna, bob]


@pytest.mark.parametrize("handle", ["", " anna", "a" * 201])
def test_handles_that_are_refused(registry: Registry, handle: str) -> None:
    with pytest.raises(ArgumentError, match="handle"):
        registry.add_person(handle)


def test_a_handle_is_given_once(registry: Registry) -> None:
    registry.add_person("anna")
    with pytest.raises(ArgumentError, match="'anna' is taken"):
        registry.add_person("anna")
    with pytest.raises(ArgumentError, match="'bob' is not in the registry"):
        registry.person("bob")


def test_a_recording_is_measured_and_not_kept(registry: Registry, voice: Path) -> None:
    registry.add_person("anna")
    made = registry.add_recording(voice, "anna")
    assert registry.add_recording(voice, "anna") == made
    assert registry.recordings() == [made]
    assert registry.recording(made.id) == made
    assert (made.media, made.name) == ("audio", "voice.wav")
    assert made.duration_s == pytest.approx(8.0, abs=0.1)
    assert made.profile is not None
    assert Profile.from_bytes(made.profile).speech_s > 2
    profile = registry.profile("anna")
    assert profile is not None
    assert profile.speech_s == Profile.from_bytes(made.profile).speech_s
    with registry.index() as index:
        assert index.search(fingerprint_file(voice)[0])[0].recording == made.id
    assert sum(path.stat().st_size for path in registry.folder.rglob("*")) < voice.stat().st_size


def test_a_delivery_is_found_by_its_mark(registry: Registry, voice: Path, tmp_path: Path) -> None:
    registry.add_person("anna")
    registry.rotate_key("anna")
    target = tmp_path / "copy.flac"
    made = registry.deliver(voice, target, person="anna", recipient="Acme", licence="training only")
    assert registry.delivery_of(made.mark_id) == made
    assert registry.delivery_of(made.mark_id ^ 1) is None
    assert registry.issued_ids().tolist() == [made.mark_id]
    assert registry.recording(made.recording_id or "").name == "voice.wav"
    key = registry.keys("anna")[0].key
    assert made.key_id == key.id
    assert detect_recording(target, [key]).sound[0].payload == made.mark_id
    assert {path.name for path in tmp_path.iterdir()} == {"copy.flac", "voice.wav", "registry", "registry.key"}
    assert not list((registry.folder / "unfinished").iterdir())


def test_a_second_delivery_uses_the_same_recording(registry: Registry, voice: Path, tmp_path: Path) -> None:
    registry.add_person("anna")
    registry.add_person("bob")
    one, two = (
        registry.deliver(voice, tmp_path / f"{name}.wav", person="anna", recipient=name, licence="x") for name in "ab"
    )
    assert one.recording_id == two.recording_id
    assert one.mark_id != two.mark_id
    assert sorted(registry.issued_ids("anna").tolist()) == sorted([one.mark_id, two.mark_id])
    assert registry.issued_ids("bob").dtype == np.uint64
    assert not registry.issued_ids("bob").size
    assert registry.deliveries("anna") == [one, two]


def test_deliveries_that_are_refused_leave_nothing(registry: Registry, voice: Path, tmp_path: Path) -> None:
    registry.add_person("anna")
    target = tmp_path / "a.wav"
    with pytest.raises(ArgumentError, match="exists"):
        registry.deliver(voice, voice, person="anna", recipient="Acme", licence="x")
    with pytest.raises(ArgumentError, match="recipient"):
        registry.deliver(voice, target, person="anna", recipient=" ", licence="x")
    with pytest.raises(ArgumentError, match="licence"):
        registry.deliver(voice, target, person="anna", recipient="Acme", licence="")
    with pytest.raises(MediaError, match="does not exist"):
        registry.deliver(voice, tmp_path / "no" / "a.wav", person="anna", recipient="Acme", licence="x")
    assert not registry.deliveries()
    assert not registry.recordings()
    assert not list(tmp_path.glob("*.wav.part"))


def test_a_licence_is_revoked_once(registry: Registry, voice: Path, tmp_path: Path) -> None:
    registry.add_person("anna")
    made = registry.deliver(voice, tmp_path / "a.wav", person="anna", recipient="Acme", licence="x")
    revoked = registry.revoke(made, "not paid")
    assert revoked.revoked_at is not None
    assert revoked.revoked_why == "not paid"
    assert registry.delivery_of(made.mark_id) == revoked
    with pytest.raises(ArgumentError, match="was revoked at"):
        registry.revoke(made)


def test_sightings_are_added_once(registry: Registry, voice: Path, tmp_path: Path) -> None:
    anna = registry.add_person("anna")
    made = registry.deliver(voice, tmp_path / "a.wav", person="anna", recipient="Acme", licence="x")
    found = NewSighting("scan", "00" * 32, "x.wav", "audio-watermark", anna.id, 0, 5.5, -12.5, delivery_id=made.id)
    assert registry.add_sightings([found, found]) == 1
    assert registry.add_sightings([found]) == 0
    (kept,) = registry.sightings("anna")
    assert (kept.scan_id, kept.delivery_id, kept.end_s, kept.log10_p) == ("scan", made.id, 5.5, -12.5)
    with pytest.raises(ArgumentError, match="delivery_id is 99"):
        registry.add_sightings([NewSighting("scan", "0", "x", "y", anna.id, 0, 1, -9, delivery_id=99)])
    with pytest.raises(ArgumentError, match="log10_p is nan"):
        registry.add_sightings([NewSighting("scan", "0", "x", "y", anna.id, 0, 1, float("nan"))])


def test_reading_needs_no_secret_and_changing_does(registry: Registry, voice: Path, tmp_path: Path) -> None:
    registry.add_person("anna")
    made = registry.deliver(voice, tmp_path / "a.wav", person="anna", recipient="Acme", licence="x")
    with Registry.open(registry.folder) as reader:
        assert not reader.unlocked
        assert reader.delivery_of(made.mark_id) == made
        assert reader.persons() == registry.persons()
        with pytest.raises(ArgumentError, match="without its passphrase"):
            reader.keys()
        with pytest.raises(ArgumentError, match="without its passphrase"):
            reader.revoke(made)


def test_passphrases(tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(ArgumentError, match="8 or more"):
        Registry.create(tmp_path / "r", "short")
    assert not (tmp_path / "r").exists()
    with Registry.create(tmp_path / "r", "correct horse battery") as made:
        made.add_person("anna")
        keys = made.keys()
    with Registry.open(tmp_path / "r", "correct horse battery") as again:
        assert again.keys() == keys
    with pytest.raises(ArgumentError, match="wrong passphrase"):
        Registry.open(tmp_path / "r", "incorrect horse")
    with pytest.raises(ArgumentError, match="made with a passphrase"):
        Registry.open(tmp_path / "r", key_file)


def test_key_files(registry: Registry, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(bytes(32))
    with pytest.raises(ArgumentError, match="wrong key file"):
        Registry.open(registry.folder, other)
    other.write_bytes(bytes(31))
    with pytest.raises(ArgumentError, match="has 31 bytes"):
        Registry.open(registry.folder, other)
    with pytest.raises(MediaError, match="cannot be read"):
        Registry.open(registry.folder, tmp_path / "none.key")


def test_there_is_a_registry_or_not(registry: Registry, tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(ArgumentError, match="exists"):
        Registry.create(registry.folder, key_file)
    with pytest.raises(MediaError, match="holds no registry"):
        Registry.open(tmp_path)

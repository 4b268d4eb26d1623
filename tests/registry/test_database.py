"""The tables are what the migrations make, and nothing depends on SQLite."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, make_url

from birthmark.registry import NewSighting, Registry, database, migrations
from birthmark.registry.models import Base
from tests.contracts.test_stores import server  # noqa: F401


def test_the_migrations_make_the_tables(registry: Registry) -> None:
    with registry._store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == migrations.HEAD
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_heads() == [migrations.HEAD]


def test_another_database_serves_as_well(
    server: str,  # noqa: F811
    tmp_path: Path,
    key_file: Path,
    voice: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    socket = dict(part.split("=") for part in server.split())["host"]

    def postgres(_: Path) -> URL:
        return make_url(f"postgresql+psycopg://tests@/postgres?host={socket}")

    monkeypatch.setattr(database, "url_of", postgres)
    with Registry.create(tmp_path / "r", key_file) as made:
        anna = made.add_person("anna")
        delivery = made.deliver(voice, tmp_path / "copy.wav", person="anna", recipient="Acme", licence="x")
        made.rotate_key("anna")
        found = NewSighting("scan", "00", "1.wav", "audio-watermark", anna.id, 0, 5, -9, delivery_id=delivery.id)
        assert made.add_sightings([found, found]) == 1
        made.revoke(delivery, "not paid")
        assert made.verify().ok
    with Registry.open(tmp_path / "r", key_file) as again:
        assert again.issued_ids().tolist() == [delivery.mark_id]
        assert len(again.keys("anna")) == 2
        again.forget("anna")
        assert again.verify().ok
    assert not list((tmp_path / "r").glob("*.db"))

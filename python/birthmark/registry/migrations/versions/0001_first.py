"""The first layout."""

import sqlalchemy as sa
from alembic import op

from birthmark.registry.models import MarkId, RowId

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "settings", sa.Column("name", sa.String(32), primary_key=True), sa.Column("value", sa.Text, nullable=False)
    )
    op.create_table(
        "persons",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("handle", sa.String(200), unique=True),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("forgotten_at", sa.String(32)),
    )
    op.create_table(
        "keys",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False, index=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("person_id", "generation", name="keys_generation"),
    )
    op.create_table(
        "decoys",
        sa.Column("person_id", RowId, sa.ForeignKey("persons.id"), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media", sa.String(32), nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("profile", sa.LargeBinary),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("person_id", "sha256", name="recordings_content"),
    )
    _deliveries()
    _sightings()
    op.create_table(
        "log",
        sa.Column("sequence", RowId, primary_key=True, autoincrement=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("mark_id", MarkId, nullable=False, unique=True),
        sa.Column("person_id", RowId, sa.ForeignKey("persons.id"), nullable=False, index=True),
        sa.Column("recording_id", sa.String(16), sa.ForeignKey("recordings.id"), index=True),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("licence", sa.Text),
        sa.Column("file_name", sa.Text),
        sa.Column("file_sha256", sa.String(64)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("revoked_at", sa.String(32)),
        sa.Column("revoked_why", sa.Text),
    )


def _sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("digest", sa.String(32), nullable=False, unique=True),
        sa.Column("scan_id", sa.String(64), nullable=False, index=True),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("line", sa.String(32), nullable=False),
        sa.Column("person_id", RowId, sa.ForeignKey("persons.id"), nullable=False, index=True),
        sa.Column("delivery_id", RowId, sa.ForeignKey("deliveries.id"), index=True),
        sa.Column("recording_id", sa.String(16), sa.ForeignKey("recordings.id")),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("end_s", sa.Double, nullable=False),
        sa.Column("log10_p", sa.Double, nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
    )

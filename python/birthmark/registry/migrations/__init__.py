"""The database's layout, step by step, and how to bring a database to it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

HEAD = "0001"
"""The newest step."""


def upgrade(connection: Connection) -> None:
    """Bring a database, empty or older, to the newest layout within the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

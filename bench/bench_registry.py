"""What a large registry costs: look-ups, the list of issued IDs and a search among them, against a registry with ten.

The deliveries of the large registry are written in bulk, with their log entries; everything else is the real thing.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from birthmark.media import write_audio
from birthmark.registry import Registry
from birthmark.registry.chain import commitment
from birthmark.registry.models import DeliveryRow, LogRow, PersonRow
from birthmark.registry.store import Store, now
from birthmark.watermark import detect, embed
from corpus import prompt_speech, provenance, voices

BATCH = 1000
LOOKUPS = 2000
REPEATS = 5


def fill(registry: Registry, person_id: int, key_id: str, count: int) -> None:
    """Deliveries without copies: rows, commitments and log entries as `deliver` writes them."""
    store: Store = registry._store
    for start in range(0, count, BATCH):
        with store.changing("deliver") as change:
            rows = [
                DeliveryRow(
                    mark_id=secrets.randbits(64),
                    person_id=person_id,
                    recording_id=None,
                    key_id=key_id,
                    recipient=f"buyer {start + i}",
                    licence="training only",
                    file_name="copy.wav",
                    file_sha256="00" * 32,
                    created_at=now(),
                )
                for i in range(min(BATCH, count - start))
            ]
            change.add(*rows)
            change.session.flush()


def cpu(action: object, repeats: int = REPEATS) -> float:
    """Least CPU seconds of several runs."""
    assert callable(action)
    times = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)

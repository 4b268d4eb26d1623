"""Who, with which keys, recordings and deliveries: the registry of an owner or of somebody who acts for many.

`Registry` is a folder: a database (`registry.db`) and an index of fingerprints (`fingerprints.index`). Keys are sealed
under a passphrase or a key file; every change is an entry of a signed, hash-chained log. See docs/threat_model.md.
"""

from birthmark.registry.forgetting import Forgotten
from birthmark.registry.records import Delivery, LogEntry, NewSighting, Person, PersonKey, Recording, Sighting
from birthmark.registry.registry import Registry
from birthmark.registry.verifying import Verification

__all__ = [
    "Delivery",
    "Forgotten",
    "LogEntry",
    "NewSighting",
    "Person",
    "PersonKey",
    "Recording",
    "Registry",
    "Sighting",
    "Verification",
]

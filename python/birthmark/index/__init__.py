"""Find which passage of which recording a file holds: one index, several stores, one contract.

`Index` joins the fingerprints' own matching with a store: `FileStore` (the default: a folder, memory-mapped),
`MemoryStore` (brute force, the oracle), `PostgresStore` (a team's server) and `FaissStore` (very many codes on one
machine).
"""

from birthmark.index.file_store import FileStore
from birthmark.index.index import Index, IndexInfo, compare
from birthmark.index.memory_store import MemoryStore
from birthmark.index.search_stream import SearchStream
from birthmark.index.store import Entry, Recording, Store

__all__ = ["Entry", "FileStore", "Index", "IndexInfo", "MemoryStore", "Recording", "SearchStream", "Store", "compare"]

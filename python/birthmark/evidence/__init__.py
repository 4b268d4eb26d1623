"""Evidence: what a scan found, kept in a folder of Parquet files, and the report that tells it to people."""

from .combining import Combined, combine
from .records import LINES, FileRecord, Hit, Row, ScanRecord
from .report import report
from .store import Results, ResultWriter, read_results

__all__ = [
    "LINES",
    "Combined",
    "FileRecord",
    "Hit",
    "ResultWriter",
    "Results",
    "Row",
    "ScanRecord",
    "combine",
    "read_results",
    "report",
]

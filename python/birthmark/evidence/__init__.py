"""Evidence: what a scan found, kept in a folder of Parquet files, and the report that tells it to people."""

from .records import LINES, FileRecord, Hit, Row, ScanRecord
from .store import Results, ResultWriter, read_results

__all__ = ["LINES", "FileRecord", "Hit", "ResultWriter", "Results", "Row", "ScanRecord", "read_results"]

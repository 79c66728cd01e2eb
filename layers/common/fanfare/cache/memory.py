"""The first tier: this process's memory, bounded in bytes, least recently used out first."""

from collections import OrderedDict

from fanfare.cache.record import Record

OVERHEAD = 400
"""Bytes of a key, a `Record` and a dict slot beside the body, measured with `tracemalloc` and rounded up."""


class Memory:
    def __init__(self, max_bytes: int = 32 * 1024 * 1024) -> None:
        self.max_bytes = max_bytes
        self._records: OrderedDict[str, Record] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: str, now: float) -> Record | None:
        """Return the record, which may be past `soft`; one past `hard` is dropped."""
        record = self._records.get(key)
        if record is None:
            return None
        if record.hard <= now:
            self.drop(key)
            return None
        self._records.move_to_end(key)
        return record

    def put(self, record: Record) -> None:
        """Keep a record unless it alone would take more than a quarter of the room."""
        self.drop(record.key)
        size = len(record.body) + OVERHEAD
        if size > self.max_bytes // 4:
            return
        self._records[record.key] = record
        self.bytes += size
        while self.bytes > self.max_bytes:
            self.drop(next(iter(self._records)))

    def drop(self, key: str) -> None:
        """Forget a record, if there is one."""
        record = self._records.pop(key, None)
        if record is not None:
            self.bytes -= len(record.body) + OVERHEAD

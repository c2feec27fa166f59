"""Which adapter an address needs."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from remint.core.origin import ADBC, DELTA, POSTGRES, Wanted, parse_catalogs
from remint.ports.sources import Source

if TYPE_CHECKING:  # Arrow is not loaded before a source is opened
    from remint.adapters.sources.writing import WriteSegment


class Opening:
    """Opens sources (see ports.sources.Opened).

    Args:
        settings: the setting `data_sources`, with the properties of Iceberg catalogs; read when one is asked for.
        write: returns what writes Parquet; called when a source is opened.
    """

    def __init__(self, settings: Mapping[str, Any], write: "Callable[[], WriteSegment]") -> None:
        self._settings = settings
        self._write = write

    def __call__(self, wanted: Wanted) -> Source:
        """Return a source; nothing is asked of it yet."""
        if wanted.address.kind == POSTGRES:
            from remint.adapters.sources.postgres import PostgresSource

            return PostgresSource(wanted, self._write())
        if wanted.address.kind == ADBC:
            from remint.adapters.sources.adbc import AdbcSource

            return AdbcSource(wanted, self._write())
        if wanted.address.kind == DELTA:
            from remint.adapters.sources.delta import DeltaSource

            return DeltaSource(wanted, self._write())
        from remint.adapters.sources.iceberg import IcebergSource

        return IcebergSource(wanted, self._write(), parse_catalogs(self._settings))

"""Tables: their digest, their Parquet segments, typed CSV, and the scan that checks a data contract."""

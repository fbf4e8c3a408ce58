//! The suites are under `tests/`: `e2e` is what users of a deployed stack meet.

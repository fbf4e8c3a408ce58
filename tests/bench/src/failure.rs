//! Why the benchmark could not run, and the lines that are read while it does.

use std::{fmt, io::Write};

/// Why the benchmark could not run.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A progress line. Standard output is left to the table.
pub(crate) fn progress(line: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "bench: {line}");
}

//! What went wrong, in words for the person at the terminal; and the lines they read meanwhile.

use std::{fmt, io::Write as _};

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A message that says what to do next, and the exit code that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The exit code of a process that a signal ended.
    pub(crate) fn interrupted(signal: u8) -> Self {
        Self { message: "interrupted".to_owned(), code: 128 + signal }
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Turns any error into a [`Failure`] that says what was being done.
pub(crate) trait Context<T> {
    fn context(self, doing: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| {
            let error = error.into();
            let mut message = format!("{doing}: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                message = format!("{message}: {cause}");
                source = cause.source();
            }
            Failure::new(message)
        })
    }
}

/// A progress line. Standard output is left to results, and to the command of `run`.
pub(crate) fn progress(line: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "local: {line}");
}

/// The last line of a run that failed.
pub(crate) fn report(failure: &Failure) {
    let _ = writeln!(std::io::stderr(), "local: error: {failure}");
}

/// Writes a result to standard output.
pub(crate) fn print(text: &str) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("writing to standard output")?;
    Ok(0)
}

//! Reads what the rules of the house are about: the template, the OpenAPI document, the package
//! graph and the source files. The rules themselves are the tests of this crate.

pub mod graph;
pub mod licence;
pub mod openapi;
pub mod queues;
pub mod schedules;
pub mod source;
pub mod template;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// What a reader gives back; a rule that can not read its subject fails.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The top of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The text of a file, named from the top of the repository.
///
/// # Errors
/// Names the file that can not be read.
pub fn text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(root().join(path)).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// What a rule found, printed as it is when a test fails with it.
struct Violations(String);

impl fmt::Debug for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Violations {}

/// Fails with one line for each violation.
///
/// # Errors
/// When there is a violation.
pub fn none(violations: &[String]) -> Result<()> {
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Box::new(Violations(format!("the house rule is broken\n  {}", violations.join("\n  ")))))
    }
}

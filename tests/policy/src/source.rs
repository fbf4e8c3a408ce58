//! Source files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::Result;

/// A Rust file.
#[derive(Clone, Debug)]
pub struct RustFile {
    /// Its path from the top of the repository.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

impl RustFile {
    /// The part before the tests at its end.
    #[must_use]
    pub fn code(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        self.text.get(..end).unwrap_or(&self.text)
    }

    /// The lines of [`Self::code`] that are no comments.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.code().lines().filter(|line| !line.trim_start().starts_with("//"))
    }
}

/// The Rust files under a directory, named from the top of the repository; none when it is not there.
///
/// # Errors
/// When one can not be read.
pub fn rust(directory: impl AsRef<Path>) -> Result<Vec<RustFile>> {
    let root = crate::root();
    let mut found = Vec::new();
    let mut queue = vec![root.join(directory)];
    while let Some(directory) = queue.pop() {
        if !directory.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    queue.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text =
                    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                found.push(RustFile { path: path.strip_prefix(&root).unwrap_or(&path).to_path_buf(), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

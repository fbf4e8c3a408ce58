//! Where things are: the checkout, its tools, and the directory of one running stack.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::failure::{Context as _, Failure, Result, progress};

/// The checkout, found from the current directory upwards.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) root: PathBuf,
}

impl Repository {
    pub(crate) fn find() -> Result<Self> {
        let here = std::env::current_dir().context("reading the current directory")?;
        here.ancestors()
            .find(|dir| dir.join("infra/local/tools.sh").is_file())
            .map(|dir| Self { root: dir.to_owned() })
            .ok_or_else(|| Failure::new("run this inside a checkout of KUMA Bridge"))
    }

    /// A program of one of the pinned environments under `.tools`.
    pub(crate) fn tool(&self, environment: &str, program: &str) -> Result<PathBuf> {
        let path = self.root.join(".tools").join(environment).join("bin").join(program);
        if path.is_file() {
            return Ok(path);
        }
        Err(Failure::new(format!(
            "{} is not installed: run infra/local/tools.sh {environment}",
            path.display()
        )))
    }

    /// Waits until no other process is bringing this checkout's stack up or down.
    ///
    /// Two at once would each take the other's half-made stack for a broken one. Held until dropped.
    pub(crate) async fn alone(&self) -> Result<fs::File> {
        let target = self.root.join("target");
        fs::create_dir_all(&target).context(target.display())?;
        let path = target.join("bridge-local.lock");
        let lock = fs::File::create(&path).context(path.display())?;
        let mut told = false;
        while let Err(error) = lock.try_lock() {
            if let fs::TryLockError::Error(error) = error {
                return Err(error).context(path.display());
            }
            if !told {
                progress("another bridge-local is at work on this checkout: waiting for it ...");
                told = true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        Ok(lock)
    }

    /// The directory of the stack that `up` leaves running.
    pub(crate) fn local(&self) -> PathBuf {
        self.root.join(".local")
    }
}

/// What is running, as written to `<dir>/stack.json` while a stack comes up.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The emulator's process, the leader of its own group.
    pub(crate) emulator: Option<u32>,
    /// The front's process, the leader of its own group.
    pub(crate) front: Option<u32>,
    /// The process that will stop the stack, when it is not left running.
    pub(crate) owner: Option<u32>,
    /// Base address of the AWS endpoint.
    pub(crate) endpoint: String,
}

impl Running {
    pub(crate) fn read(dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(dir.join("stack.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let text = serde_json::to_string(self).context("writing stack.json")?;
        fs::write(dir.join("stack.json"), text).context("writing stack.json")
    }
}

/// The variables of `<dir>/stack.env`.
pub(crate) fn write_variables(dir: &Path, variables: &[(&str, String)]) -> Result<()> {
    let mut text =
        String::from("# Of the running local stack; `make down` removes it. Use: source .local/stack.env\n");
    for (name, value) in variables {
        text.push_str(&format_variable(name, value));
    }
    bridge_harness::certs::write_private(&dir.join("stack.env"), &text).context("writing stack.env")
}

/// One line for a shell. A quote inside the value ends the quoting, is escaped, and starts it again.
fn format_variable(name: &str, value: &str) -> String {
    format!("export {name}='{}'\n", value.replace('\'', r"'\''"))
}

/// Reads what [`write_variables`] wrote.
pub(crate) fn read_variables(dir: &Path) -> Result<Vec<(String, String)>> {
    let path = dir.join("stack.env");
    let text = fs::read_to_string(&path).context(path.display())?;
    Ok(text
        .lines()
        .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
        .map(|(name, value)| {
            let value = value.strip_prefix('\'').unwrap_or(value);
            let value = value.strip_suffix('\'').unwrap_or(value);
            (name.to_owned(), value.replace(r"'\''", "'"))
        })
        .collect())
}

/// The last lines of a log, for an error message.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut out = String::new();
    for line in text.lines().skip(text.lines().count().saturating_sub(lines)) {
        out.push_str("    ");
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_survive_a_shells_quoting_and_stay_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = std::env::temp_dir().join(format!("bridge-place-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&dir).unwrap();
        let token = r#"it's `$HOME` "x" \\ =*'#"#;
        write_variables(&dir, &[("A_TOKEN", token.to_owned()), ("B", "plain".to_owned())]).unwrap();
        let mode = fs::metadata(dir.join("stack.env")).unwrap().permissions().mode();
        let read = read_variables(&dir).unwrap();
        let shell = std::process::Command::new("/bin/sh")
            .args(["-c", ". ./stack.env && printf %s \"$A_TOKEN\""])
            .current_dir(&dir)
            .output()
            .unwrap();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(mode & 0o777, 0o600);
        let wanted = [("A_TOKEN", token), ("B", "plain")];
        assert!(read.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(wanted));
        assert_eq!(shell.stdout, token.as_bytes());
    }
}

//! Where lines go.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

/// The place for log and metric lines: stdout, or memory for tests.
#[derive(Clone, Debug)]
pub struct Output(Place);

#[derive(Clone, Debug)]
enum Place {
    Stdout,
    Memory(Arc<Mutex<Vec<u8>>>),
}

impl Output {
    /// The process's stdout, which Lambda takes to the log.
    #[must_use]
    pub const fn stdout() -> Self {
        Self(Place::Stdout)
    }

    /// A buffer, shared by all clones.
    #[must_use]
    pub fn memory() -> Self {
        Self(Place::Memory(Arc::default()))
    }

    /// What was written to memory so far; empty for stdout.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.0 {
            Place::Stdout => String::new(),
            Place::Memory(bytes) => {
                String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
            }
        }
    }

    /// Writes one line at once, so that concurrent lines never mix. A line that can not be written
    /// is lost: there is nowhere left to complain.
    pub(crate) fn line(&self, mut line: String) {
        line.push('\n');
        let _ = (&*self).write_all(line.as_bytes());
    }
}

impl Write for &Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &self.0 {
            Place::Stdout => io::stdout().lock().write_all(bytes),
            Place::Memory(buffer) => {
                buffer.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &self.0 {
            Place::Stdout => io::stdout().lock().flush(),
            Place::Memory(_) => Ok(()),
        }
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

//! Processes of a stack: started in groups of their own, found in /proc, and ended with all they started.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use tokio::{process::Command, time::sleep};

const GRACE: Duration = Duration::from_secs(4);

/// One line of /proc: who it is, whose child, in which group, and what it was started as.
#[derive(Debug)]
struct Process {
    id: u32,
    parent: u32,
    group: u32,
    command: String,
}

/// Every process of the machine that is not a zombie.
fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter_map(inspect).collect()
}

fn inspect(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in brackets may hold anything, brackets too: the fields start after the last one.
    let mut fields = stat.get(stat.rfind(')')? + 2..)?.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let command = fs::read(format!("/proc/{id}/cmdline")).ok()?;
    (state != "Z").then(|| Process {
        id,
        parent,
        group,
        command: String::from_utf8_lossy(&command).replace('\0', " "),
    })
}

/// Whether this very process runs: the same id, and a command line that holds `mark`.
pub(crate) fn is_running(id: u32, mark: &str) -> bool {
    inspect(id).is_some_and(|process| process.command.contains(mark))
}

/// Ends the processes of a group that were started as something with one of `marks` in it.
///
/// Ids are used again: a process that merely has the recorded id is none of ours.
pub(crate) async fn end_group(group: u32, marks: &[&str]) -> bool {
    end(|| {
        all()
            .into_iter()
            .filter(|process| {
                process.group == group && marks.iter().any(|mark| process.command.contains(mark))
            })
            .map(|process| process.id)
            .collect()
    })
    .await
}

/// Ends everything that this process started, and what those started.
pub(crate) async fn end_descendants() -> bool {
    end_descendants_but(None).await
}

/// The same, sparing the processes of one group.
pub(crate) async fn end_descendants_but(spared: Option<u32>) -> bool {
    end(|| {
        let processes = all();
        let mut family = HashSet::from([std::process::id()]);
        let mut size = 0;
        while size < family.len() {
            size = family.len();
            let children = processes
                .iter()
                .filter(|process| Some(process.group) != spared && family.contains(&process.parent));
            family.extend(children.map(|process| process.id).collect::<Vec<_>>());
        }
        family.remove(&std::process::id());
        family.into_iter().collect()
    })
    .await
}

async fn end(victims: impl Fn() -> Vec<u32>) -> bool {
    signal("TERM", &victims()).await;
    let started = Instant::now();
    loop {
        let left = victims();
        if left.is_empty() {
            return true;
        }
        if started.elapsed() > GRACE * 2 {
            return false;
        }
        if started.elapsed() > GRACE {
            signal("KILL", &left).await;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// The shell's own `kill`: always there, and no unsafe code is needed.
async fn signal(name: &str, ids: &[u32]) {
    if ids.is_empty() {
        return;
    }
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    let script = format!("kill -s {name} {} 2>/dev/null", ids.join(" "));
    // A process that ended in between is what was wanted.
    let _ = Command::new("/bin/sh").args(["-c", &script]).status().await;
}

/// Removes a stack's directory; a late child may still be writing to it.
pub(crate) async fn remove_dir(dir: &Path) -> std::io::Result<()> {
    for _ in 0..20 {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Ok(()) => return Ok(()),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
    fs::remove_dir_all(dir)
}

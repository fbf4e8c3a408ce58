//! What the person at the terminal reads.

use std::{collections::BTreeMap, fmt::Write as _};

use time::OffsetDateTime;

use crate::letter::{Kind, Letter};

const HEADINGS: [&str; 9] = [
    "QUEUE",
    "TENANT",
    "ALERT/INCIDENT",
    "TARGET/ROW/TASK",
    "LETTERS",
    "FIRST (UTC)",
    "LAST (UTC)",
    "SEEN",
    "REASON",
];

/// Letters that are alike but for their time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group<'a> {
    kind: Kind,
    tenant: &'a str,
    target: &'a str,
    reason: &'a str,
    alert: &'a str,
}

struct Row {
    letters: usize,
    first: OffsetDateTime,
    last: OffsetDateTime,
    seen: u32,
}

/// The letters as a table: one line for those of the same alert, target and reason, or of the same
/// row of an incident's ledger.
pub(crate) fn table(letters: &[Letter]) -> String {
    let mut rows: BTreeMap<Group<'_>, Row> = BTreeMap::new();
    for letter in letters {
        let group = Group {
            kind: letter.kind,
            tenant: letter.tenant.as_deref().unwrap_or("-"),
            target: letter.target.as_deref().or(letter.row.as_deref()).unwrap_or("-"),
            reason: &letter.reason,
            alert: letter.alert.as_deref().or(letter.incident.as_deref()).unwrap_or("-"),
        };
        let (at, seen) = (letter.given_up, letter.seen);
        rows.entry(group)
            .and_modify(|row| {
                row.letters += 1;
                row.first = row.first.min(at);
                row.last = row.last.max(at);
                row.seen = row.seen.max(seen);
            })
            .or_insert(Row { letters: 1, first: at, last: at, seen });
    }
    if rows.is_empty() {
        return String::new();
    }
    let lines: Vec<[String; 9]> = rows
        .iter()
        .map(|(group, row)| {
            [
                group.kind.to_string(),
                printable(group.tenant),
                printable(group.alert),
                printable(group.target),
                row.letters.to_string(),
                minute(row.first),
                minute(row.last),
                row.seen.to_string(),
                printable(group.reason),
            ]
        })
        .collect();
    aligned(&[HEADINGS.map(ToOwned::to_owned)].into_iter().chain(lines).collect::<Vec<_>>())
}

fn aligned(lines: &[[String; 9]]) -> String {
    let mut widths = [0; 9];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        let mut shown = String::new();
        for (width, cell) in widths.iter().zip(line) {
            // Writing to a string does not fail.
            let _ = write!(shown, "{cell:<width$}  ");
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

/// The last line of a listing.
pub(crate) fn listed(selected: usize, others: usize) -> String {
    let left = left(others);
    match selected {
        0 if others == 0 => "There are no dead letters.\n".to_owned(),
        0 => format!("No dead letter fits{left}.\n"),
        _ => format!("{}{left}. Nothing was changed: --yes queues them again.\n", letters(selected)),
    }
}

/// The last lines after letters were queued again.
pub(crate) fn queued(queued: usize, others: usize, faults: &[String]) -> String {
    let mut text = String::new();
    for fault in faults {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", printable(fault));
    }
    let _ = writeln!(text, "{} queued again{}.", letters(queued), left(others));
    text
}

fn letters(count: usize) -> String {
    format!("{count} dead letter{}", if count == 1 { "" } else { "s" })
}

fn left(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => ", 1 other left as it is".to_owned(),
        _ => format!(", {others} others left as they are"),
    }
}

fn minute(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02}", time.hour(), time.minute())
}

/// What came over the wire must not steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::tests::{letter, moment};

    #[test]
    fn letters_that_are_alike_share_a_line_with_their_first_and_last_time() {
        let mut letters = vec![
            letter("refused", moment("2026-11-21T10:05:00Z")),
            letter("refused", moment("2026-11-20T09:00:00Z")),
            letter("absent\u{1b}[31m", moment("2026-11-21T11:00:00Z")),
        ];
        letters[1].seen = 4;
        let mut row = letter("stray", moment("2026-11-21T12:00:00Z"));
        (row.kind, row.tenant, row.alert, row.target) = (Kind::Ncircc, None, None, None);
        (row.incident, row.row) = (Some("INC-1".to_owned()), Some("export".to_owned()));
        letters.push(row);
        assert_eq!(
            table(&letters),
            "QUEUE    TENANT  ALERT/INCIDENT  TARGET/ROW/TASK  LETTERS  FIRST (UTC)       LAST (UTC)        SEEN  REASON\n\
             rvision  t       a               g                1        2026-11-21 11:00  2026-11-21 11:00  1     absent [31m\n\
             rvision  t       a               g                2        2026-11-20 09:00  2026-11-21 10:05  4     refused\n\
             ncircc   -       INC-1           export           1        2026-11-21 12:00  2026-11-21 12:00  1     stray\n"
        );
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn the_last_line_says_what_was_done() {
        assert_eq!(listed(0, 0), "There are no dead letters.\n");
        assert_eq!(listed(0, 2), "No dead letter fits, 2 others left as they are.\n");
        assert!(listed(1, 0).starts_with("1 dead letter. Nothing was changed"));
        let said = queued(3, 1, &["kuma m: not queued".to_owned()]);
        assert_eq!(said, "kuma m: not queued\n3 dead letters queued again, 1 other left as it is.\n");
    }
}

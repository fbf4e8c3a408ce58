//! The command line.

use std::time::Duration;

use time::OffsetDateTime;

use crate::{
    failure::Failure,
    letter::{Kind, Letter},
};

pub(crate) const HELP: &str = "\
make redrive: what was given up, and why

  make redrive                                  list every dead letter
  make redrive ARGS='--queue rvision'           those of one queue (may be repeated)
  make redrive ARGS='--reason certificate'      those whose reason has this text in it, in any case
  make redrive ARGS='--target ID --yes'         queue those of one target again

  --stack NAME      the deployed stack (default: BRIDGE_STACK, else kuma-bridge)
  --queue NAME      rvision, kuma, pull, ncircc or ldap; without it all of them
  --tenant ID       of this tenant
  --alert ID        of this alert
  --incident ID     of this incident
  --target ID       of this target
  --reason TEXT     with this text in the reason
  --older TIME      given up longer ago than this: 90s, 15m, 2h or 3d
  --newer TIME      given up less long ago than this
  --dry-run         only list: what is done without --yes as well
  --yes             queue what is listed again, from now on as if it had never failed

Listing hides the letters from others for as long as it takes, seconds as a rule. The region and the
credentials are the usual ones of AWS (AWS_REGION, AWS_ACCESS_KEY_ID ...); the local stack's are in
.local/stack.env. Needed are sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:ReceiveMessage,
sqs:ChangeMessageVisibility and sqs:DeleteMessage on the dead-letter queues, and sqs:GetQueueUrl and
sqs:SendMessage on the others.
";

/// Name of a stack nobody named.
const STACK: &str = "kuma-bridge";

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Work(Box<Options>),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) stack: String,
    pub(crate) queues: Vec<Kind>,
    pub(crate) filter: Filter,
    pub(crate) yes: bool,
}

/// Which letters are wanted: those that meet all that is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) tenant: Option<String>,
    pub(crate) alert: Option<String>,
    pub(crate) incident: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) older: Option<Duration>,
    pub(crate) newer: Option<Duration>,
}

impl Filter {
    pub(crate) fn wants(&self, letter: &Letter, now: OffsetDateTime) -> bool {
        let is = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let has = |part: &String| letter.reason.to_lowercase().contains(&part.to_lowercase());
        let age = now - letter.given_up;
        is(&self.tenant, &letter.tenant)
            && is(&self.alert, &letter.alert)
            && is(&self.incident, &letter.incident)
            && is(&self.target, &letter.target)
            && self.reason.as_ref().is_none_or(has)
            && self.older.is_none_or(|older| age > older)
            && self.newer.is_none_or(|newer| age < newer)
    }
}

pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let stack = std::env::var("BRIDGE_STACK").ok().filter(|name| !name.is_empty());
    parse_for(args, stack.as_deref().unwrap_or(STACK))
}

fn parse_for(mut args: impl Iterator<Item = String>, stack: &str) -> Result<Command, Failure> {
    let (mut queues, mut filter) = (Vec::new(), Filter::default());
    let (mut stack, mut yes, mut dry_run) = (stack.to_owned(), false, false);
    while let Some(name) = args.next() {
        let mut value = || args.next().ok_or_else(|| Failure::usage(format!("{name} needs a value")));
        match name.as_str() {
            "help" | "-h" | "--help" => return Ok(Command::Help),
            "--yes" => yes = true,
            "--dry-run" => dry_run = true,
            "--stack" => stack = value()?,
            "--tenant" => filter.tenant = Some(value()?),
            "--alert" => filter.alert = Some(value()?),
            "--incident" => filter.incident = Some(value()?),
            "--target" => filter.target = Some(value()?),
            "--reason" => filter.reason = Some(value()?),
            "--older" => filter.older = Some(duration(&value()?)?),
            "--newer" => filter.newer = Some(duration(&value()?)?),
            "--queue" => {
                let text = value()?;
                let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
                let kind = kind.ok_or_else(|| Failure::usage(format!("there is no queue `{text}`")))?;
                if !queues.contains(&kind) {
                    queues.push(kind);
                }
            }
            _ => return Err(Failure::usage(format!("`{name}` does not belong here"))),
        }
    }
    if yes && dry_run {
        return Err(Failure::usage("--yes and --dry-run exclude each other"));
    }
    if queues.is_empty() {
        queues.extend(Kind::ALL);
    }
    Ok(Command::Work(Box::new(Options { stack, queues, filter, yes })))
}

/// `90s`, `15m`, `2h`, `3d`.
fn duration(text: &str) -> Result<Duration, Failure> {
    let wrong = || Failure::usage(format!("`{text}` is no time: 90s, 15m, 2h or 3d"));
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::tests::{letter, moment};

    fn parsed(text: &str) -> Result<Options, String> {
        match parse_for(text.split_whitespace().map(ToOwned::to_owned), "s") {
            Ok(Command::Work(options)) => Ok(*options),
            Ok(Command::Help) => Err("help".to_owned()),
            Err(failure) => Err(failure.to_string()),
        }
    }

    #[test]
    fn without_yes_nothing_is_changed_and_all_queues_are_looked_at() {
        for text in ["", "--dry-run"] {
            let options = parsed(text).unwrap();
            assert!(!options.yes);
            assert_eq!((options.stack.as_str(), options.queues.as_slice()), ("s", &Kind::ALL[..]));
        }
        let options = parsed("--stack other --queue pull --queue kuma --queue pull --yes").unwrap();
        assert!(options.yes);
        assert_eq!(options.queues, [Kind::Pull, Kind::Kuma]);
        assert_eq!(options.stack, "other");
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_done() {
        for (text, wrong) in [
            ("--yes --dry-run", "exclude"),
            ("--queue all", "no queue `all`"),
            ("--older 5", "`5` is no time"),
            ("--older", "needs a value"),
            ("--newer 99999999999999999999d", "is no time"),
            ("--newer 5x", "is no time"),
            ("rvision", "does not belong"),
        ] {
            assert!(parsed(text).unwrap_err().contains(wrong), "{text}");
        }
        assert_eq!(parsed("--yes --help").unwrap_err(), "help");
    }

    #[test]
    fn a_letter_has_to_meet_all_that_is_asked() {
        let now = moment("2026-11-21T12:00:00Z");
        let letter = letter("Wrong certificate", moment("2026-11-21T10:00:00Z"));
        for (text, wanted) in [
            ("", true),
            ("--tenant t --alert a --target g", true),
            ("--tenant t --alert b", false),
            ("--target h", false),
            ("--incident INC-1", false),
            ("--reason CERTIFICATE", true),
            ("--reason token", false),
            ("--older 1h --newer 3h", true),
            ("--older 2h", false),
            ("--newer 120m", false),
        ] {
            assert_eq!(parsed(text).unwrap().filter.wants(&letter, now), wanted, "{text}");
        }
    }
}

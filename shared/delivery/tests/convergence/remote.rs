//! The outside systems: what they hold, and what they were asked for.

use std::collections::BTreeMap;

use bridge_domain::{AlertId, TargetId, TokenId, alert::Status, close::Reason};

/// What an incident says of its alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) last_seen: i64,
    pub(crate) assignee: String,
    /// Name and status; absent in what is sent to an incident that was told of the closing.
    pub(crate) head: Option<(String, Status)>,
    /// Number of events in the file; absent when no file is sent.
    pub(crate) file: Option<usize>,
}

/// A write of an incident.
#[derive(Clone, Debug)]
pub(crate) struct Save {
    pub(crate) alert: AlertId,
    /// Its number; a new one when absent.
    pub(crate) incident: Option<usize>,
    pub(crate) content: Content,
    pub(crate) close: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) alert: AlertId,
    pub(crate) content: Content,
    pub(crate) closed: bool,
    /// An analyst opened it again, and it was not closed since.
    pub(crate) reopened: bool,
    pub(crate) deleted: bool,
}

/// Writes about one alert that met an incident, or made one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) saves: u32,
    pub(crate) creates: u32,
    pub(crate) closes: u32,
    /// Files sent.
    pub(crate) files: u32,
}

/// An R-Vision.
#[derive(Debug)]
pub(crate) struct Irp {
    pub(crate) target: TargetId,
    /// Its playbook's token.
    pub(crate) token: TokenId,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) asked: BTreeMap<AlertId, Asked>,
}

impl Irp {
    pub(crate) fn new(target: &str, token: &str) -> Self {
        Self {
            target: target.parse().unwrap(),
            token: token.parse().unwrap(),
            incidents: Vec::new(),
            asked: BTreeMap::new(),
        }
    }

    /// The oldest incident of an alert.
    pub(crate) fn find(&self, alert: &AlertId) -> Option<usize> {
        self.incidents.iter().position(|incident| incident.alert == *alert && !incident.deleted)
    }

    /// Carries a write out. Gives the incident's number, and whether it became closed; `None` when
    /// there is no such incident.
    pub(crate) fn save(&mut self, save: &Save) -> Option<(usize, bool)> {
        if let Some(number) = save.incident
            && self.incidents.get(number).is_none_or(|incident| incident.deleted)
        {
            return None;
        }
        let asked = self.asked.entry(save.alert.clone()).or_default();
        asked.saves += 1;
        asked.closes += u32::from(save.close);
        asked.files += u32::from(save.content.file.is_some());
        let Some(number) = save.incident else {
            asked.creates += 1;
            self.incidents.push(Incident {
                alert: save.alert.clone(),
                content: save.content.clone(),
                closed: false,
                reopened: false,
                deleted: false,
            });
            return Some((self.incidents.len() - 1, false));
        };
        let incident = self.incidents.get_mut(number)?;
        let Content { last_seen, assignee, head, file } = save.content.clone();
        incident.content.last_seen = last_seen;
        incident.content.assignee = assignee;
        incident.content.head = head.or(incident.content.head.take());
        incident.content.file = file.or(incident.content.file);
        let closes = save.close && !incident.closed;
        if closes {
            (incident.closed, incident.reopened) = (true, false);
        }
        Some((number, closes))
    }
}

/// A KUMA Core.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) target: TargetId,
    /// Closings it was asked for.
    pub(crate) asked: BTreeMap<AlertId, u32>,
}

/// What a KUMA Core says to a closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CoreAnswer {
    Closed,
    Already,
    NotFound,
}

impl Core {
    pub(crate) fn close(
        &mut self,
        sources: &mut BTreeMap<AlertId, super::alerts::Source>,
        alert: &AlertId,
        reason: Reason,
    ) -> CoreAnswer {
        *self.asked.entry(alert.clone()).or_default() += 1;
        match sources.get_mut(alert).filter(|source| source.in_core) {
            None => CoreAnswer::NotFound,
            Some(source) if source.closed.is_some() => CoreAnswer::Already,
            Some(source) => {
                source.closed = Some(reason);
                CoreAnswer::Closed
            }
        }
    }
}

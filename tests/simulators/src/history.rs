//! What was asked, and how it ended.

use std::{collections::VecDeque, time::Instant};

use serde::Serialize;

use crate::{answer::Answer, call::Call, settings::now};

/// Older requests are forgotten.
const KEPT: usize = 100_000;

/// One request, without anything that it said.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// Its number, from 0.
    n: u64,
    at: String,
    method: String,
    path: String,
    /// The names of its parameters.
    query: Vec<String>,
    /// The names of its body's fields and files.
    fields: Vec<String>,
    /// What it was answered with; nothing as long as, or when, there was no answer.
    status: Option<u16>,
    /// The fault that met it.
    fault: Option<&'static str>,
    /// Whether the simulator did what was asked, faults or not.
    effect: bool,
    /// How long it took.
    ms: Option<u128>,
    #[serde(skip)]
    since: Option<Instant>,
}

/// The requests so far.
#[derive(Debug, Default)]
pub(crate) struct History {
    records: VecDeque<Record>,
    next: u64,
    open: usize,
    most: usize,
}

impl History {
    pub(crate) fn begin(&mut self, call: &Call, fault: Option<&'static str>) -> u64 {
        let n = self.next;
        self.next += 1;
        self.open += 1;
        self.most = self.most.max(self.open);
        if self.records.len() == KEPT {
            self.records.pop_front();
        }
        self.records.push_back(Record {
            n,
            at: now(),
            method: call.method.to_string(),
            path: call.path.clone(),
            query: call.query.iter().map(|(name, _)| name.clone()).collect(),
            fields: call.fields(),
            status: None,
            fault,
            effect: false,
            ms: None,
            since: Some(Instant::now()),
        });
        n
    }

    pub(crate) fn effect(&mut self, n: u64) {
        if let Some(record) = self.record(n) {
            record.effect = true;
        }
    }

    /// The answer is on its way, or there is none.
    pub(crate) fn end(&mut self, n: u64, answer: Option<&Answer>) {
        self.open = self.open.saturating_sub(1);
        if let Some(record) = self.record(n) {
            record.status = answer.map(|answer| answer.status);
            record.ms = record.since.take().map(|since| since.elapsed().as_millis());
        }
    }

    fn record(&mut self, n: u64) -> Option<&mut Record> {
        let first = self.records.front()?.n;
        self.records.get_mut(usize::try_from(n.checked_sub(first)?).ok()?)
    }

    /// The requests from this number on.
    pub(crate) fn since(&self, n: u64) -> Vec<&Record> {
        self.records.iter().filter(|record| record.n >= n).collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.next
    }

    /// How many are being answered.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// How many were being answered at once when they were most.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.most
    }

    /// Forgets all but what is being answered: the numbers go on.
    pub(crate) fn clear(&mut self) {
        self.most = self.open;
        self.records.clear();
    }
}

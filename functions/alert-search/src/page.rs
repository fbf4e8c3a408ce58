//! Writing a page so that it fits into what Lambda can answer.
//!
//! A page of 250 alerts may hold gigabytes of events; Lambda answers 6 MB. So a page that is too
//! large is compressed; one that is still too large has events cut, the oldest first, from the
//! alerts that have most, and says so with `overflow: true`. One alert asked for by its
//! `id` has the whole answer to itself: some 4.7 MB compressed.

use std::collections::BTreeSet;

use bridge_domain::{
    CallError,
    alert::AlertView,
    events::newest_within,
    ldap::{
        account_search::Field,
        related::{self, Affected},
    },
    search::Search,
};
use bridge_runtime::http::{ANSWER_LIMIT, Answer, HttpError, base64_len, gzip, json_escaped_len};
use bridge_store::{AccountName, Found, Store};
use serde_json::{Map, Value, value::RawValue};

/// Most bytes of events held at once, before compression: the memory of the function is bounded
/// by this, whatever the page holds. Twice what one alert can have.
const EVENTS_LIMIT: usize = 32 * 1024 * 1024;
/// Most bytes of the body inside Lambda's answer; the rest is for headers and the envelope.
const TEXT_LIMIT: usize = ANSWER_LIMIT - 16 * 1024;
/// Rounds of cutting; each aims below the limit, so two are usual.
const ROUNDS: u32 = 12;

/// An alert of the page.
pub(crate) struct Row {
    found: Found,
    fields: Map<String, Value>,
    /// The events that are kept at hand, a JSON array, and whether some were cut already.
    events: Option<(String, bool)>,
    /// What accounts its events name.
    names: BTreeSet<(Field, String)>,
    /// How many of its accounts the SIEM sent.
    sent: Option<usize>,
}

/// Where an alert has its accounts.
const ACCOUNTS: &str = "affectedAccounts";

impl Row {
    /// What accounts its events name.
    pub(crate) fn names(&self) -> impl Iterator<Item = AccountName> {
        self.names.iter().map(|(field, term)| (self.found.tenant.clone(), *field, term.clone()))
    }

    /// Adds accounts to those that the SIEM sent; gives how many are new.
    pub(crate) fn relate(&mut self, accounts: &[Affected]) -> usize {
        let mut list = match self.fields.get(ACCOUNTS) {
            Some(Value::Array(list)) => list.clone(),
            _ => Vec::new(),
        };
        let sent = list.len();
        let added = related::add(&mut list, accounts);
        if added > 0 {
            self.sent = Some(sent);
            self.fields.insert(ACCOUNTS.to_owned(), Value::Array(list));
        }
        added
    }

    /// Leaves them out again; tells whether there were any.
    fn forget(&mut self) -> bool {
        let list = self.fields.get_mut(ACCOUNTS).and_then(Value::as_array_mut);
        self.sent.take().zip(list).map(|(sent, list)| list.truncate(sent)).is_some()
    }
}

/// Reads what the page shows: fields, and events within [`EVENTS_LIMIT`]. Names of accounts are looked for
/// in as many bytes of events, the alerts that come first before the others.
pub(crate) async fn rows(store: &Store, alerts: Vec<Found>, search: &Search) -> Result<Vec<Row>, CallError> {
    let sizes: Vec<usize> = alerts.iter().map(|found| found.events_size).collect();
    let share = fair_share(&sizes, EVENTS_LIMIT);
    let mut rows = Vec::with_capacity(alerts.len());
    let mut left = EVENTS_LIMIT;
    for found in alerts {
        let looks = search.with_affected && found.events_size <= left;
        let mut row =
            Row { fields: found.fields()?, found, events: None, names: BTreeSet::new(), sent: None };
        if search.with_events || looks {
            let Some((found, events)) = store.with_events(row.found).await? else { continue };
            (row.fields, row.found) = (found.fields()?, found);
            if looks {
                left = left.saturating_sub(events.len());
                row.names = related::names(&events);
            }
            if search.with_events {
                row.events = Some(cut(events, share)?);
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The answer. Compressing megabytes takes a while, so it runs beside the other tasks.
pub(crate) async fn write(
    mut rows: Vec<Row>,
    with_affected: bool,
    may_compress: bool,
) -> Result<Answer, HttpError> {
    let fitted = move || match fit(&rows, with_affected, may_compress) {
        // What is not the SIEM's is the first to go.
        Err(_) if rows.iter_mut().map(Row::forget).filter(|forgot| *forgot).count() > 0 => {
            fit(&rows, with_affected, may_compress)
        }
        answer => answer,
    };
    tokio::task::spawn_blocking(fitted).await.map_err(|_| HttpError::internal("writing the page panicked"))?
}

fn fit(rows: &[Row], with_affected: bool, may_compress: bool) -> Result<Answer, HttpError> {
    let sizes: Vec<usize> = rows.iter().filter_map(|row| Some(row.events.as_ref()?.0.len())).collect();
    let mut budget: usize = sizes.iter().sum();
    for round in 1..=ROUNDS {
        if round == ROUNDS {
            budget = 0;
        }
        let text = render(rows, with_affected, fair_share(&sizes, budget))?;
        let mut size = json_escaped_len(&text);
        if size <= TEXT_LIMIT {
            return Ok(Answer::json_text(200, text));
        }
        if may_compress {
            let bytes =
                gzip(text.as_bytes()).map_err(|_| HttpError::internal("a page could not be compressed"))?;
            size = base64_len(bytes.len());
            if size <= TEXT_LIMIT {
                return Ok(Answer::encoded_gzip(200, bytes));
            }
        }
        // Aims at nine tenths of what fits; what does not shrink in proportion takes another round.
        budget = budget.saturating_mul(TEXT_LIMIT) / size / 10 * 9;
    }
    Err(HttpError::too_large(
        "the page does not fit into an answer even without events",
        "ask for fewer alerts: by id, or by a shorter period",
    ))
}

fn render(rows: &[Row], with_affected: bool, share: usize) -> Result<String, HttpError> {
    let broken = |_| HttpError::internal("a stored alert could not be written");
    let mut text = String::from("[");
    for row in rows {
        if text.len() > 1 {
            text.push(',');
        }
        let (events, cut_now) = match &row.events {
            None => (None, false),
            Some((events, cut_before)) => {
                let (events, cut_now) = cut(events.clone(), share)?;
                (Some(RawValue::from_string(events).map_err(broken)?), *cut_before || cut_now)
            }
        };
        let view = AlertView {
            id: &row.found.id,
            tenant: &row.found.tenant,
            name: &row.found.name,
            status: row.found.status,
            first_seen: row.found.first_seen,
            last_seen: row.found.last_seen,
            closing_reason: &row.found.closing_reason,
            overflow: row.found.overflow || cut_now,
            fields: &row.fields,
            events: events.as_deref(),
            with_affected,
        };
        text.push_str(&serde_json::to_string(&view).map_err(broken)?);
    }
    text.push(']');
    Ok(text)
}

fn cut(events: String, share: usize) -> Result<(String, bool), CallError> {
    newest_within(events, share).map_err(|_| {
        CallError::new(bridge_domain::Class::Permanent, "store", "stored events can not be read")
    })
}

/// The largest size that every alert may have so that all together stay within `budget`: the small
/// ones keep everything, the large ones share what is left.
fn fair_share(sizes: &[usize], budget: usize) -> usize {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    let mut left = budget;
    let mut rest = sorted.len();
    for size in sorted {
        if size > left / rest {
            return left / rest;
        }
        left -= size;
        rest -= 1;
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ones_keep_everything_and_large_ones_share_the_rest() {
        assert_eq!(fair_share(&[10, 20, 30], 60), usize::MAX);
        assert_eq!(fair_share(&[10, 100, 100], 110), 50);
        assert_eq!(fair_share(&[100, 100], 0), 0);
        assert_eq!(fair_share(&[], 0), usize::MAX);
    }

    #[test]
    fn a_fair_share_never_passes_the_budget() {
        for budget in 0..400 {
            let sizes = [3, 50, 7, 90, 120, 1];
            let share = fair_share(&sizes, budget);
            assert!(sizes.iter().map(|size| (*size).min(share)).sum::<usize>() <= budget.max(271));
            if budget < 271 {
                assert!(sizes.iter().map(|size| (*size).min(share)).sum::<usize>() <= budget);
            }
        }
    }
}

//! What two messages about one alert make together.
//!
//! Messages come late, twice and out of order, so the merge is a join: commutative, associative
//! and idempotent. Whatever the order of arrival, the same messages end in the same alert.

use std::cmp::Ordering;

use serde_json::Value;

use crate::alert::{Alert, Closing, Latest};

/// Joins two states of one alert. The caller has checked that id and tenant are the same.
///
/// - The fields are those of the newer message (`lastSeen`, then `updatedAt`, then the further
///   status; what is still equal is decided by content, so that both orders agree).
/// - `firstSeen` is the earlier one.
/// - Events are united by id within the limits of [`crate::events`].
/// - A closed alert stays closed, with the reason of the earlier closing.
/// - An alert stays in its incident.
#[must_use]
pub fn merge(a: Alert, b: Alert) -> Alert {
    let latest = if newer(&a.latest, &b.latest) == Ordering::Less { b.latest } else { a.latest };
    Alert {
        id: a.id,
        tenant: a.tenant,
        first_seen: a.first_seen.min(b.first_seen),
        latest,
        closing: earlier(a.closing, b.closing),
        // Only what is stored has one; the greater one keeps the join free of order.
        incident: a.incident.max(b.incident),
        events: a.events.union(b.events),
    }
}

fn earlier(a: Option<Closing>, b: Option<Closing>) -> Option<Closing> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn newer(a: &Latest, b: &Latest) -> Ordering {
    let updated = |latest: &Latest| {
        latest
            .fields
            .get("updatedAt")
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<crate::Timestamp>().ok())
    };
    a.last_seen
        .cmp(&b.last_seen)
        .then_with(|| updated(a).cmp(&updated(b)))
        .then_with(|| a.status.cmp(&b.status))
        .then_with(|| a.name.cmp(&b.name))
        .then_with(|| {
            Value::Object(a.fields.clone()).to_string().cmp(&Value::Object(b.fields.clone()).to_string())
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{json, value::RawValue};

    use super::*;
    use crate::{
        Timestamp,
        alert::Status,
        events::{Event, Events},
    };

    fn seconds(value: i64) -> Timestamp {
        Timestamp::MIN.plus_seconds(value)
    }

    fn events() -> impl Strategy<Value = Events> {
        proptest::collection::vec((0..6_u8, 0..3_i64, 0..2_u8), 0..6).prop_map(|list| {
            let list = list
                .into_iter()
                .map(|(id, at, note)| {
                    let text = format!(r#"{{"ID":"{id}","Timestamp":{at},"Note":{note}}}"#);
                    Event::parse(RawValue::from_string(text).unwrap()).unwrap()
                })
                .collect();
            Events::new(list, false)
        })
    }

    prop_compose! {
        fn alert()(
            first in 0..4_i64,
            last in 0..4_i64,
            name in 0..3_u8,
            status in 0..4_usize,
            reason in 0..3_u8,
            assignee in 0..3_u8,
            updated in proptest::option::of(0..3_i64),
            incident in 0..3_u64,
            events in events(),
        ) -> Alert {
            let mut fields = json!({"assignee": assignee.to_string()});
            if let Some(updated) = updated {
                fields["updatedAt"] = json!(seconds(updated));
            }
            let status = Status::ALL[status];
            Alert {
                id: "a".parse().unwrap(),
                tenant: "t".parse().unwrap(),
                first_seen: seconds(first),
                latest: Latest {
                    last_seen: seconds(last),
                    name: format!("n{name}").parse().unwrap(),
                    status,
                    fields: fields.as_object().unwrap().clone(),
                },
                closing: (status == Status::Closed)
                    .then(|| Closing { at: seconds(last), reason: format!("r{reason}") }),
                incident: (incident > 0).then(|| crate::IncidentId::numbered(incident)),
                events,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn merge_is_commutative(a in alert(), b in alert()) {
            prop_assert_eq!(merge(a.clone(), b.clone()), merge(b, a));
        }

        #[test]
        fn merge_is_idempotent(a in alert(), b in alert()) {
            let once = merge(a.clone(), b.clone());
            prop_assert_eq!(&merge(a.clone(), a.clone()), &a);
            prop_assert_eq!(&merge(once.clone(), b), &once);
            prop_assert_eq!(&merge(once.clone(), a), &once);
        }

        #[test]
        fn merge_is_associative(a in alert(), b in alert(), c in alert()) {
            let left = merge(merge(a.clone(), b.clone()), c.clone());
            prop_assert_eq!(left, merge(a, merge(b, c)));
        }

        #[test]
        fn nothing_reopens_a_closed_alert_and_an_older_message_changes_no_field(a in alert(), b in alert()) {
            let merged = merge(a.clone(), b.clone());
            if a.closing.is_some() {
                prop_assert_eq!(merged.status(), Status::Closed);
            }
            if b.latest.last_seen < a.latest.last_seen {
                prop_assert_eq!(merged.latest, a.latest);
            }
        }
    }
}

//! One dead letter.

use std::{fmt, time::Duration};

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// Message attribute with the reason, as the consumers write it.
const REASON: &str = "reason";
/// Message attribute that ties a message to the request that caused it.
pub(crate) const CORRELATION_ID: &str = "correlation_id";
/// Reason of a letter that no consumer wrote.
const MOVED: &str = "received too often without an answer, moved by SQS";

/// A queue of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    RVision,
    Kuma,
    Pull,
    Ncircc,
    Ldap,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::RVision, Self::Kuma, Self::Pull, Self::Ncircc, Self::Ldap];

    /// What its name in a stack ends with.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::RVision => "rvision",
            Self::Kuma => "kuma",
            Self::Pull => "pull",
            Self::Ncircc => "ncircc",
            Self::Ldap => "ldap",
        }
    }

    /// Whether its messages say that a person wants them tried again. A delivery that was given up
    /// is not made for a message that does not; a pull needs no telling, and of a row of the ledger
    /// or a task the store itself says what is to be done.
    const fn says_again(self) -> bool {
        matches!(self, Self::RVision | Self::Kuma)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A dead letter, as it was received.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) receipt: String,
    pub(crate) body: String,
    pub(crate) tenant: Option<String>,
    pub(crate) alert: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) incident: Option<String>,
    /// Row of the ledger, or task.
    pub(crate) row: Option<String>,
    pub(crate) reason: String,
    pub(crate) correlation_id: Option<String>,
    /// When it became a dead letter.
    pub(crate) given_up: OffsetDateTime,
    /// How often it was looked at since, this time included.
    pub(crate) seen: u32,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body that is none of ours may hold anything.
        f.debug_struct("Letter").field("kind", &self.kind).field("id", &self.id).finish_non_exhaustive()
    }
}

/// What the messages of all queues have in common.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ids {
    #[serde(rename = "tenantID")]
    tenant: Option<String>,
    #[serde(rename = "alertID")]
    alert: Option<String>,
    #[serde(rename = "targetID")]
    target: Option<String>,
    #[serde(rename = "incidentID")]
    incident: Option<String>,
    row: Option<String>,
    #[serde(rename = "taskID")]
    task: Option<String>,
}

impl Letter {
    /// `None` for what SQS would never hand out.
    pub(crate) fn read(kind: Kind, message: Message) -> Option<Self> {
        let own = |name: &str| {
            let value = message.message_attributes.as_ref()?.get(name)?;
            value.string_value.clone().filter(|text| !text.is_empty())
        };
        let system = |name: MessageSystemAttributeName| {
            message.attributes.as_ref().and_then(|all| all.get(&name)).and_then(|text| text.parse().ok())
        };
        let millis: u64 = system(MessageSystemAttributeName::SentTimestamp).unwrap_or_default();
        let seen: u64 = system(MessageSystemAttributeName::ApproximateReceiveCount).unwrap_or(1);
        let (reason, correlation_id) = (own(REASON), own(CORRELATION_ID));
        let body = message.body?;
        let ids: Ids = serde_json::from_str(&body).unwrap_or_default();
        Some(Self {
            kind,
            id: message.message_id?,
            receipt: message.receipt_handle?,
            tenant: ids.tenant,
            alert: ids.alert,
            target: ids.target,
            incident: ids.incident,
            row: ids.row.or(ids.task),
            reason: reason.unwrap_or_else(|| MOVED.to_owned()),
            correlation_id,
            given_up: OffsetDateTime::UNIX_EPOCH + Duration::from_millis(millis),
            seen: u32::try_from(seen).unwrap_or(u32::MAX),
            body,
        })
    }

    /// The message that goes to the work queue. A body that is no object of ours goes as it is: its
    /// consumer says once more what is wrong with it.
    pub(crate) fn again(&self) -> String {
        if !self.kind.says_again() {
            return self.body.clone();
        }
        let Ok(mut body) = serde_json::from_str::<Map<String, Value>>(&self.body) else {
            return self.body.clone();
        };
        body.insert("again".to_owned(), Value::Bool(true));
        Value::Object(body).to_string()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_sdk_sqs::types::MessageAttributeValue;

    use super::*;

    pub(crate) fn moment(text: &str) -> OffsetDateTime {
        OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
    }

    pub(crate) fn letter(reason: &str, given_up: OffsetDateTime) -> Letter {
        Letter {
            kind: Kind::RVision,
            id: "m".to_owned(),
            receipt: "r".to_owned(),
            body: r#"{"tenantID":"t","alertID":"a","targetID":"g"}"#.to_owned(),
            tenant: Some("t".to_owned()),
            alert: Some("a".to_owned()),
            target: Some("g".to_owned()),
            incident: None,
            row: None,
            reason: reason.to_owned(),
            correlation_id: None,
            given_up,
            seen: 1,
        }
    }

    fn message(body: &str) -> aws_sdk_sqs::types::builders::MessageBuilder {
        Message::builder()
            .message_id("m")
            .receipt_handle("r")
            .body(body)
            .attributes(MessageSystemAttributeName::SentTimestamp, "1795255399123")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "3")
    }

    #[test]
    fn a_letter_tells_what_its_consumer_wrote() {
        let reason = MessageAttributeValue::builder().data_type("String").string_value("no").build().unwrap();
        let whole = message(r#"{"tenantID":"t","alertID":"a","targetID":"g"}"#);
        let letter = Letter::read(Kind::RVision, whole.message_attributes(REASON, reason).build()).unwrap();
        assert_eq!((letter.alert.as_deref(), letter.reason.as_str(), letter.seen), (Some("a"), "no", 3));
        assert_eq!(letter.given_up.unix_timestamp(), 1_795_255_399);
        assert!(!format!("{letter:?}").contains("tenantID"));
    }

    #[test]
    fn a_letter_of_sqs_or_of_nobody_is_still_listed_and_queued_as_it_is() {
        for body in ["canary", "[1]", r#"{"run":"all"}"#] {
            let letter = Letter::read(Kind::Pull, message(body).build()).unwrap();
            assert_eq!((letter.tenant.as_deref(), letter.reason.as_str()), (None, MOVED));
            assert_eq!(letter.again(), body);
        }
        assert_eq!(Letter::read(Kind::Kuma, message("canary").build()).unwrap().again(), "canary");
    }

    #[test]
    fn a_letter_of_the_ledger_names_its_row_and_is_queued_as_it_is() {
        let body = r#"{"incidentID":"INC-1","row":"export"}"#;
        let letter = Letter::read(Kind::Ncircc, message(body).build()).unwrap();
        assert_eq!((letter.incident.as_deref(), letter.row.as_deref()), (Some("INC-1"), Some("export")));
        assert_eq!(letter.again(), body);
    }

    #[test]
    fn only_a_delivery_says_that_it_is_wanted_again() {
        let mut letter = letter("", OffsetDateTime::UNIX_EPOCH);
        let wanted = r#"{"again":true,"alertID":"a","targetID":"g","tenantID":"t"}"#;
        let sorted = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(sorted(&letter.again()), sorted(wanted));
        letter.body = letter.again();
        assert_eq!(sorted(&letter.again()), sorted(wanted));
        letter.kind = Kind::Pull;
        assert_eq!(letter.again(), letter.body);
    }
}

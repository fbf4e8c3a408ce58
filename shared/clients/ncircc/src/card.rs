//! Cards: notifications and notices as NCIRCC reads them out.

use std::fmt;

use bridge_domain::{CallError, Timestamp};
use serde_json::{Map, Value};

use crate::{
    answer::{Good, STRANGE},
    value,
};

/// The members that a [`Card`] has, for [`crate::Query::fields`].
pub const CARD_FIELDS: &[&str] = &[
    "uuid",
    "identifier",
    "reg_number",
    "category",
    "type",
    "status",
    "int_result",
    "activity_status",
    "tlp",
    "company",
    "owner_name",
    "affected_system_name",
    "event_description",
    "detection_tool",
    "create_time",
    "updated",
    "detect_time",
    "end_time",
];

/// A notification that NCIRCC has created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub uuid: String,
    /// Its number for people.
    pub identifier: Option<String>,
    /// When it was created, by NCIRCC's clock.
    pub created: Option<Timestamp>,
}

/// A notification or a notice. What was not asked for, and what can not be read, is absent. Values of
/// dictionaries are their Russian names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub uuid: String,
    /// Its number in the account.
    pub identifier: Option<String>,
    /// Its registration number.
    pub reg_number: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// Type.
    pub kind: Option<String>,
    /// Status.
    pub status: Option<String>,
    /// The result of a notice.
    pub int_result: Option<String>,
    /// How far the response is.
    pub activity_status: Option<String>,
    /// Who may see it.
    pub tlp: Option<String>,
    /// The organization.
    pub company: Option<String>,
    /// The owner of the resource.
    pub owner_name: Option<String>,
    /// The system that is affected.
    pub affected_system_name: Option<String>,
    /// What happened.
    pub event_description: Option<String>,
    /// What it was detected with.
    pub detection_tool: Option<String>,
    /// When it was created, by NCIRCC's clock.
    pub created: Option<Timestamp>,
    /// When it was last changed, by NCIRCC's clock.
    pub updated: Option<Timestamp>,
    /// When the incident was detected.
    pub detected: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Other members that were asked for, as they came.
    pub others: Map<String, Value>,
}

impl fmt::Debug for Card {
    /// Only what it is called and how it stands: the rest is an incident's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("uuid", &self.uuid)
            .field("identifier", &self.identifier)
            .field("reg_number", &self.reg_number)
            .field("status", &self.status)
            .field("updated", &self.updated)
            .finish_non_exhaustive()
    }
}

/// One page of cards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The cards.
    pub cards: Vec<Card>,
    /// How many rows came: one without an id is no card.
    pub rows: usize,
    /// Whether there are more.
    pub next: bool,
}

impl Card {
    fn read(row: Value) -> Option<Self> {
        let Value::Object(mut row) = row else { return None };
        let uuid = value::take_text(&mut row, "uuid").filter(|uuid| value::is_id(uuid))?;
        let mut text = |name| value::take_text(&mut row, name);
        Some(Self {
            uuid,
            identifier: text("identifier"),
            reg_number: text("reg_number"),
            category: text("category"),
            kind: text("type"),
            status: text("status"),
            int_result: text("int_result"),
            activity_status: text("activity_status"),
            tlp: text("tlp"),
            company: text("company"),
            owner_name: text("owner_name"),
            affected_system_name: text("affected_system_name"),
            event_description: text("event_description"),
            detection_tool: text("detection_tool"),
            created: value::take_moment(&mut row, "create_time"),
            updated: value::take_moment(&mut row, "updated"),
            detected: value::take_moment(&mut row, "detect_time"),
            ended: value::take_moment(&mut row, "end_time"),
            others: row,
        })
    }
}

/// A page of at most `limit` cards.
pub(crate) fn page(answer: Good, limit: u32) -> Result<Page, CallError> {
    let (answer, data) = answer.parts();
    let (rows, next) = data.and_then(value::rows).ok_or_else(|| answer.unreadable(STRANGE))?;
    let count = rows.len();
    // A list that does not say whether it goes on does when it is full. An empty one never does, or
    // nobody would ever come to its end.
    let next = count > 0 && next.unwrap_or(count >= usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Page { cards: rows.into_iter().filter_map(Card::read).collect(), rows: count, next })
}

/// What NCIRCC says it has created.
pub(crate) fn created(answer: Good) -> Result<Created, CallError> {
    let (answer, data) = answer.parts();
    let created = data.and_then(value::one).and_then(|mut row| {
        let uuid = value::take_text(&mut row, "uuid").filter(|uuid| value::is_id(uuid))?;
        let identifier = value::take_text(&mut row, "identifier");
        Some(Created { uuid, identifier, created: value::take_moment(&mut row, "create_time") })
    });
    created.ok_or_else(|| answer.unreadable("does not say which notification it has created"))
}

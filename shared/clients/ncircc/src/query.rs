//! Which cards are asked for.

use std::fmt;

use bridge_domain::Timestamp;
use serde_json::{Value, json};

use crate::{
    card::{CARD_FIELDS, Page},
    date,
};

/// Most rows that NCIRCC gives at once.
pub const MAX_LIMIT: u32 = 1000;

/// Rows of a page, unless another number is asked for. As many cards with the longest texts that the
/// contract allows stay below [`crate::MAX_ANSWER`].
pub const PAGE: u32 = 250;

/// What cards can be chosen and ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// The id.
    Uuid,
    /// The registration number.
    RegNumber,
    /// The category, a Russian name.
    Category,
    /// The status, a Russian name.
    Status,
    /// When it was created at NCIRCC.
    CreateTime,
    /// When it was last changed at NCIRCC.
    Updated,
    /// When the incident was detected.
    DetectTime,
    /// What it was detected with.
    DetectionTool,
    /// The description.
    EventDescription,
}

impl Property {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::RegNumber => "reg_number",
            Self::Category => "category",
            Self::Status => "status",
            Self::CreateTime => "create_time",
            Self::Updated => "updated",
            Self::DetectTime => "detect_time",
            Self::DetectionTool => "detection_tool",
            Self::EventDescription => "event_description",
        }
    }

    /// Cards where it is just this.
    #[must_use]
    pub fn is(self, value: &str) -> Condition {
        Condition::new(self, "=", value.into())
    }

    /// Cards where it is one of these: only for what has the value of a dictionary, category and status.
    #[must_use]
    pub fn is_one_of<'a>(self, values: impl IntoIterator<Item = &'a str>) -> Condition {
        Condition::new(self, "in", values.into_iter().collect())
    }

    /// Cards where it is this moment or a later one.
    #[must_use]
    pub fn since(self, at: Timestamp) -> Condition {
        Condition::new(self, ">=", date(at).into())
    }

    /// Cards where it is this moment or an earlier one.
    #[must_use]
    pub fn until(self, at: Timestamp) -> Condition {
        Condition::new(self, "<=", date(at).into())
    }
}

/// What cards have to meet. All conditions of a query together: that is a guess, the contract does not say.
#[derive(Clone, PartialEq, Eq)]
pub struct Condition {
    property: Property,
    operator: &'static str,
    value: Value,
}

impl fmt::Debug for Condition {
    /// Without the value, which may be of an incident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.property.as_str(), self.operator)
    }
}

impl Condition {
    const fn new(property: Property, operator: &'static str, value: Value) -> Self {
        Self { property, operator, value }
    }

    fn json(&self) -> Value {
        json!({"property": self.property.as_str(), "operator": self.operator, "value": self.value})
    }
}

/// The order of cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

/// A page of cards to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What they have to meet, all of it.
    pub filter: Vec<Condition>,
    /// The members to send.
    pub fields: Vec<&'static str>,
    /// Their order.
    pub sort: Vec<(Property, Direction)>,
    /// Most cards, up to [`MAX_LIMIT`].
    pub limit: u32,
    /// How many are left out first.
    pub offset: u64,
}

impl Default for Query {
    /// Every card, in no order, with the members that a [`crate::Card`] has.
    fn default() -> Self {
        Self { filter: Vec::new(), fields: CARD_FIELDS.to_vec(), sort: Vec::new(), limit: PAGE, offset: 0 }
    }
}

impl Query {
    /// The query for the page after `page`, which this one gave; `None` after the last.
    #[must_use]
    pub fn after(&self, page: &Page) -> Option<Self> {
        let rows = u64::try_from(page.rows).unwrap_or(u64::MAX);
        page.next.then(|| Self { offset: self.offset.saturating_add(rows), ..self.clone() })
    }

    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::with_capacity(5);
        if !self.filter.is_empty() {
            pairs.push(("filter", self.filter.iter().map(Condition::json).collect::<Value>().to_string()));
        }
        pairs.push(("fields", json!(self.fields).to_string()));
        if !self.sort.is_empty() {
            pairs.push(("sort", sorted(self.sort.iter().map(|(by, way)| (by.as_str(), *way)))));
        }
        pairs.push(("limit", self.limit.to_string()));
        pairs.push(("offset", self.offset.to_string()));
        pairs
    }
}

/// The parameter `sort`.
pub(crate) fn sorted(by: impl IntoIterator<Item = (&'static str, Direction)>) -> String {
    let rows = by.into_iter().map(|(name, way)| json!({"property": name, "direction": way.as_str()}));
    rows.collect::<Value>().to_string()
}

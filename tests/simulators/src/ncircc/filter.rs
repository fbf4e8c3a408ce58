//! The parameters of a list: JSON inside the query string.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use time::OffsetDateTime;

use super::{Result, bad, fields};
use crate::call::Call;

const LIMIT: usize = 1000;

/// A value as filters and orders compare it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Nothing,
    Number(u64),
    Date(OffsetDateTime),
    Text(String),
}

/// What a property is, which says how it can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Text,
    Word,
    Date,
    Number,
    /// Text that takes every operator of its list.
    Free,
}

/// What a list can be asked.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) properties: &'static [(&'static str, Property)],
    /// The spellings of operators that it knows; empty: all.
    pub(super) operators: &'static [&'static str],
    pub(super) sorts: &'static [&'static str],
    /// The parameters besides `filter`, `sort` and `limit`.
    pub(super) parameters: &'static [&'static str],
    /// Those that must be there.
    pub(super) required: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Greater,
    Less,
    AtLeast,
    AtMost,
    In,
    NotIn,
    Like,
    Ilike,
    NotIlike,
    Between,
    NotBetween,
    Null,
}

impl Operator {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "=" | "==" | "eq" => Self::Equal,
            "!=" | "/=" | "ne" => Self::Unequal,
            ">" | "gt" => Self::Greater,
            "<" | "lt" => Self::Less,
            ">=" | "ge" | "gte" => Self::AtLeast,
            "<=" | "le" | "lte" => Self::AtMost,
            "in" => Self::In,
            "notin" | "not in" | "not_in" => Self::NotIn,
            "like" => Self::Like,
            "ilike" => Self::Ilike,
            "not ilike" => Self::NotIlike,
            "between" => Self::Between,
            "not between" => Self::NotBetween,
            "is_null" | "is null" => Self::Null,
            _ => return None,
        })
    }

    /// Whether a property of this kind can be asked so.
    fn fits(self, property: Property) -> bool {
        let dates = matches!(
            self,
            Self::Greater | Self::Less | Self::AtLeast | Self::AtMost | Self::Between | Self::NotBetween
        );
        match self {
            Self::Equal | Self::Unequal | Self::Null => true,
            Self::In | Self::NotIn => !matches!(property, Property::Text | Property::Date),
            Self::Like | Self::Ilike | Self::NotIlike => property == Property::Text,
            _ => dates && !matches!(property, Property::Text | Property::Word),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedFilter {
    property: String,
    operator: String,
    value: Value,
}

#[derive(Debug)]
struct Filter {
    property: String,
    operator: Operator,
    values: Vec<Cell>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sort {
    property: String,
    direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Direction {
    Asc,
    Desc,
}

impl Filter {
    fn of(asked: AskedFilter, rules: &Rules) -> Result<Self> {
        let AskedFilter { property: name, operator: text, value } = asked;
        let Some((_, property)) = rules.properties.iter().find(|(known, _)| *known == name) else {
            return bad(format!("`filter` has no property `{name}`"));
        };
        let known = rules.operators.is_empty() || rules.operators.contains(&text.as_str());
        let Some(operator) = Operator::of(&text).filter(|operator| known && operator.fits(*property)) else {
            return bad(format!("`filter` has no operator `{text}` for `{name}`"));
        };
        let single = matches!(
            operator,
            Operator::Equal
                | Operator::Unequal
                | Operator::Greater
                | Operator::Less
                | Operator::AtLeast
                | Operator::AtMost
                | Operator::Like
                | Operator::Ilike
                | Operator::NotIlike
        );
        let values = match (operator, value) {
            (Operator::Null, Value::Null) => Vec::new(),
            (Operator::In | Operator::NotIn, Value::Array(values)) => values,
            (Operator::Between | Operator::NotBetween, Value::Array(values)) if values.len() == 2 => values,
            (_, value) if single => vec![value],
            _ => return bad(format!("`filter` has a wrong value for `{name}`")),
        };
        let cell = |value: &Value| match (property, value) {
            (Property::Number, Value::Number(number)) => number.as_u64().map(Cell::Number),
            (Property::Date, Value::String(text)) => fields::time(text).map(Cell::Date),
            (Property::Text | Property::Word | Property::Free, Value::String(text)) => {
                Some(Cell::Text(text.clone()))
            }
            _ => None,
        };
        match values.iter().map(cell).collect() {
            Some(values) => Ok(Self { property: name, operator, values }),
            None => bad(format!("`filter` has a wrong value for `{name}`")),
        }
    }

    fn accepts(&self, cell: &Cell) -> bool {
        let (first, second) = (self.values.first(), self.values.get(1));
        let there = *cell != Cell::Nothing;
        let contains = |fold: bool| match (cell, first) {
            (Cell::Text(text), Some(Cell::Text(part))) if fold => {
                text.to_lowercase().contains(&part.to_lowercase())
            }
            (Cell::Text(text), Some(Cell::Text(part))) => text.contains(part),
            _ => false,
        };
        let than = |wanted: fn(&Cell, &Cell) -> bool| there && first.is_some_and(|value| wanted(cell, value));
        let between =
            || there && first.is_some_and(|low| cell >= low) && second.is_some_and(|high| cell <= high);
        match self.operator {
            Operator::Equal => first == Some(cell),
            Operator::Unequal => first != Some(cell),
            Operator::Greater => than(|cell, value| cell > value),
            Operator::Less => than(|cell, value| cell < value),
            Operator::AtLeast => than(|cell, value| cell >= value),
            Operator::AtMost => than(|cell, value| cell <= value),
            Operator::In => self.values.contains(cell),
            Operator::NotIn => !self.values.contains(cell),
            Operator::Like => contains(false),
            Operator::Ilike => contains(true),
            Operator::NotIlike => !contains(true),
            Operator::Between => between(),
            Operator::NotBetween => !between(),
            Operator::Null => !there,
        }
    }
}

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Query {
    /// What is wanted of each; nothing said: all.
    pub(super) fields: Option<Vec<String>>,
    filters: Vec<Filter>,
    sorts: Vec<Sort>,
    limit: usize,
    offset: usize,
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page<'a, T> {
    pub(super) items: Vec<&'a T>,
    /// How many there are on all pages.
    pub(super) total: usize,
    /// Whether there are more behind these.
    pub(super) next: bool,
}

fn json<T: DeserializeOwned>(name: &str, value: &str) -> Result<T> {
    serde_json::from_str(value).or_else(|_| bad(format!("`{name}` is not the JSON that it should be")))
}

impl Query {
    pub(super) fn read(call: &Call, rules: &Rules) -> Result<Self> {
        let mut query =
            Self { fields: None, filters: Vec::new(), sorts: Vec::new(), limit: LIMIT, offset: 0 };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &call.query {
            if seen.contains(&&**name) {
                return bad(format!("`{name}` is there twice"));
            }
            seen.push(name);
            if !["filter", "sort", "limit"].contains(&&**name) && !rules.parameters.contains(&&**name) {
                return bad(format!("unknown parameter `{name}`"));
            }
            match name.as_str() {
                "fields" => query.fields = Some(json(name, value)?),
                "filter" => {
                    let asked: Vec<AskedFilter> = json(name, value)?;
                    query.filters =
                        asked.into_iter().map(|asked| Filter::of(asked, rules)).collect::<Result<_>>()?;
                }
                "sort" => query.sorts = json(name, value)?,
                "limit" => match value.parse() {
                    Ok(limit @ 1..=LIMIT) => query.limit = limit,
                    _ => return bad("`limit` is no number from 1 to 1000"),
                },
                _ => match value.parse() {
                    Ok(offset) => query.offset = offset,
                    Err(_) => return bad(format!("`{name}` is no number")),
                },
            }
        }
        if let Some(missing) = rules.required.iter().find(|name| !seen.contains(*name)) {
            return bad(format!("`{missing}` is required"));
        }
        if let Some(sort) = query.sorts.iter().find(|sort| !rules.sorts.contains(&sort.property.as_str())) {
            return bad(format!("`sort` has no property `{}`", sort.property));
        }
        Ok(query)
    }

    /// What is asked for of these; equals stay in their order.
    pub(super) fn page<'a, T>(&self, all: &'a [T], cell: impl Fn(&T, &str) -> Cell) -> Page<'a, T> {
        let accepted =
            |item: &&T| self.filters.iter().all(|filter| filter.accepts(&cell(item, &filter.property)));
        let mut found: Vec<&T> = all.iter().filter(accepted).collect();
        for sort in self.sorts.iter().rev() {
            // The key is reckoned once for each: lists are long.
            if sort.direction == Direction::Asc {
                found.sort_by_cached_key(|item| cell(item, &sort.property));
            } else {
                found.sort_by_cached_key(|item| std::cmp::Reverse(cell(item, &sort.property)));
            }
        }
        let total = found.len();
        let items: Vec<&T> = found.into_iter().skip(self.offset).take(self.limit).collect();
        let next = self.offset.saturating_add(items.len()) < total && !items.is_empty();
        Page { items, total, next }
    }
}

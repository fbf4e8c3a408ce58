//! Lists: JSON inside the query string.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Result, State, bad, incident::Incident};
use crate::call::Call;

const LIMIT: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    property: String,
    #[serde(default)]
    operator: Operator,
    value: Value,
}

#[derive(Debug, Default, Deserialize)]
enum Operator {
    #[default]
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "!=")]
    Unequal,
    #[serde(rename = "in")]
    In,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sort {
    property: String,
    #[serde(default)]
    direction: Direction,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Direction {
    #[default]
    Asc,
    Desc,
}

impl Filter {
    fn accepts(&self, text: Option<&str>) -> bool {
        let is = |value: &Value| match value {
            Value::String(wanted) => text == Some(wanted),
            Value::Null => text.is_none(),
            other => text == Some(&other.to_string()),
        };
        match (&self.operator, &self.value) {
            (Operator::In, Value::Array(values)) => values.iter().any(is),
            (Operator::Equal | Operator::In, value) => is(value),
            (Operator::Unequal, value) => !is(value),
        }
    }
}

/// The parameters of a list.
#[derive(Debug)]
struct Query {
    fields: Option<Vec<String>>,
    filters: Vec<Filter>,
    sorts: Vec<Sort>,
    limit: usize,
    offset: usize,
}

impl Query {
    /// `fields` is one JSON list, or repeated where `repeated` says so.
    fn read(call: &Call, repeated: bool) -> Result<Self> {
        let mut query =
            Self { fields: None, filters: Vec::new(), sorts: Vec::new(), limit: LIMIT, offset: 0 };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &call.query {
            if seen.contains(&&**name) && !(repeated && name == "fields") {
                return bad(format!("`{name}` is there twice"));
            }
            seen.push(name);
            let wrong = |what: &str| bad::<()>(format!("`{name}` is no {what}"));
            match name.as_str() {
                "fields" if repeated && !value.starts_with('[') => {
                    query.fields.get_or_insert_default().push(value.clone());
                }
                "fields" => match serde_json::from_str(value) {
                    Ok(fields) => query.fields = Some(fields),
                    Err(_) => wrong("JSON list of names")?,
                },
                "filter" => match serde_json::from_str(value) {
                    Ok(filters) => query.filters = filters,
                    Err(_) => wrong("JSON list of filters")?,
                },
                "sort" => match serde_json::from_str(value) {
                    Ok(sorts) => query.sorts = sorts,
                    Err(_) => wrong("JSON list of orders")?,
                },
                "limit" => match value.parse() {
                    Ok(limit @ 1..=LIMIT) => query.limit = limit,
                    _ => wrong("number from 1 to 1000")?,
                },
                "offset" => match value.parse() {
                    Ok(offset) => query.offset = offset,
                    Err(_) => wrong("number")?,
                },
                _ => return bad(format!("unknown parameter `{name}`")),
            }
        }
        Ok(query)
    }
}

impl State {
    /// `GET /api/v2/incidents`.
    pub(super) fn list(&self, call: &Call) -> Result<Value> {
        let query = Query::read(call, false)?;
        let properties = query.filters.iter().map(|filter| &filter.property);
        let properties = properties.chain(query.sorts.iter().map(|sort| &sort.property));
        for tag in properties.chain(query.fields.iter().flatten()) {
            if !super::incident::is_system(tag) && !self.settings.fields.contains(tag) {
                return bad(format!("unknown field `{tag}`"));
            }
        }
        let accepted = |incident: &&Incident| {
            query.filters.iter().all(|filter| filter.accepts(incident.text(&filter.property).as_deref()))
        };
        let mut found: Vec<&Incident> = self.incidents.iter().filter(accepted).collect();
        for sort in query.sorts.iter().rev() {
            // The order of creation stays among equals.
            found.sort_by(|one, other| {
                let order = one.text(&sort.property).cmp(&other.text(&sort.property));
                if matches!(sort.direction, Direction::Desc) { order.reverse() } else { order }
            });
        }
        let page = found.iter().skip(query.offset).take(query.limit);
        let result: Vec<Value> =
            page.map(|incident| incident.shown(&self.settings, query.fields.as_deref())).collect();
        Ok(json!({"result": result, "total": found.len()}))
    }

    /// `GET /api/v2/companies`.
    pub(super) fn companies(&self, call: &Call) -> Result<Value> {
        const MEMBERS: [&str; 3] = ["id", "uuid", "name"];
        let query = Query::read(call, true)?;
        let named = query.filters.iter().map(|filter| &filter.property).chain(query.fields.iter().flatten());
        for member in named {
            if !MEMBERS.contains(&member.as_str()) {
                return bad(format!("unknown field `{member}`"));
            }
        }
        let accepted = |company: &Value| {
            query.filters.iter().all(|filter| {
                let value = company.get(&filter.property).unwrap_or(&Value::Null);
                filter.accepts(Some(&value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)))
            })
        };
        let mut found: Vec<Value> = self.settings.companies.all().into_iter().filter(accepted).collect();
        if let Some(fields) = &query.fields {
            for company in found.iter_mut().filter_map(Value::as_object_mut) {
                company.retain(|member, _| fields.contains(member));
            }
        }
        Ok(found.into_iter().skip(query.offset).take(query.limit).collect())
    }
}

//! What can be read: cards, comments, organisations and files.

use serde_json::{Value, json};

use super::{
    Error, Result, State, bad,
    card::{Card, Comment, with_milliseconds},
    fields,
    filter::{Cell, Property, Query, Rules},
};
use crate::{answer::Answer, call::Call};

const CARDS: Rules = Rules {
    properties: &[
        ("uuid", Property::Text),
        ("reg_number", Property::Text),
        ("category", Property::Word),
        ("status", Property::Word),
        ("create_time", Property::Date),
        ("updated", Property::Date),
        ("detect_time", Property::Date),
        ("detection_tool", Property::Text),
        ("event_description", Property::Text),
    ],
    operators: &[],
    sorts: &[
        "uuid",
        "company",
        "category",
        "type",
        "create_time",
        "detect_time",
        "end_time",
        "updated",
        "int_result",
        "owner_name",
        "reg_number",
        "status",
        "tlp",
    ],
    parameters: &["fields", "offset"],
    required: &["fields"],
};

const COMMENTS: Rules = Rules {
    properties: &[
        ("login", Property::Free),
        ("create_time", Property::Date),
        ("incident_id", Property::Number),
        ("incident_uuid", Property::Free),
    ],
    operators: &[
        "eq",
        "ge",
        "gt",
        "gte",
        "le",
        "lt",
        "lte",
        "ne",
        "=",
        "in",
        "not in",
        ">",
        "<",
        ">=",
        "<=",
        "!=",
        "between",
        "not between",
    ],
    sorts: &["id", "login", "incident_id", "create_time"],
    parameters: &["offset"],
    required: &[],
};

const COMPANIES: Rules = Rules {
    properties: &[("uuid", Property::Text), ("name", Property::Text), ("settings_sname", Property::Text)],
    operators: &[],
    sorts: &["uuid", "name", "settings_sname"],
    parameters: &["fields", "start"],
    required: &["limit"],
};

impl State {
    /// `GET /incidents`.
    pub(super) fn list(&self, call: &Call) -> Result<Value> {
        let query = Query::read(call, &CARDS)?;
        let tags = query.fields.as_deref().unwrap_or_default();
        if tags.is_empty() {
            return bad("`fields` is required");
        }
        fields::check_known(tags.iter().map(String::as_str))?;
        let page = query.page(&self.cards, |card, tag| card.cell(tag, &self.settings));
        let result: Vec<Value> = page.items.iter().map(|card| card.shown(tags, &self.settings)).collect();
        Ok(json!({"next": page.next, "result": result}))
    }

    /// `GET /incidents/comments`, or those of one card.
    pub(super) fn comments(&self, call: &Call, of: Option<&Card>) -> Result<Value> {
        let query = Query::read(call, &COMMENTS)?;
        let cards = of.map_or(&*self.cards, std::slice::from_ref);
        let mut all: Vec<(&Card, &Comment)> =
            cards.iter().flat_map(|card| card.comments.iter().map(move |comment| (card, comment))).collect();
        all.sort_by_key(|(_, comment)| comment.id);
        let page = query.page(&all, |(card, comment), property| match property {
            "login" => Cell::Text(comment.login.clone()),
            "create_time" => Cell::Date(comment.at),
            "incident_id" => Cell::Number(card.number as u64),
            "id" => Cell::Number(comment.id),
            _ => Cell::Text(card.uuid.clone()),
        });
        let told = |(card, comment): &&(&Card, &Comment)| {
            json!({
                "id": comment.id,
                "incident.uuid": card.uuid,
                "text": comment.text,
                "login": comment.login,
                "incident.id": card.number,
                "create_time": with_milliseconds(comment.at),
            })
        };
        Ok(page.items.iter().map(told).collect())
    }

    /// `GET /companies`, which answers in a way of its own.
    pub(super) fn companies(&self, call: &Call) -> Result<Answer> {
        let query = Query::read(call, &COMPANIES)?;
        let all = [self.settings.company_registered()];
        if let Some(tag) =
            query.fields.iter().flatten().find(|tag| all.iter().any(|one| one.get(tag).is_none()))
        {
            return bad(format!("PublicApiError: Can't get field info for tag '{tag}'"));
        }
        let page = query.page(&all, |company, tag| {
            company.get(tag).and_then(Value::as_str).map_or(Cell::Nothing, |text| Cell::Text(text.to_owned()))
        });
        let mut data: Vec<Value> = page.items.into_iter().cloned().collect();
        if let Some(tags) = &query.fields {
            for company in data.iter_mut().filter_map(Value::as_object_mut) {
                company.retain(|tag, _| tags.contains(tag));
            }
        }
        let total = page.total;
        let body = json!({"data": data, "success": true, "total": total, "uber-trace-id": "0:0:0:0"});
        Ok(Answer::json(200, &body))
    }

    /// `GET /incidents/files/{id}/download`.
    pub(super) fn download(&self, id: &str) -> Result<Answer> {
        let mut files = self.cards.iter().flat_map(|card| &card.files);
        match files.find(|file| file.id.to_string() == id) {
            Some(file) => Ok(Answer::bytes(&file.upload.content_type, file.upload.bytes.clone())),
            None => Err(Error(404, "there is no such file".to_owned())),
        }
    }
}

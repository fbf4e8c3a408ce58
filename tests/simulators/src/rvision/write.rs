//! `POST /api/v2/incidents`: creates and updates in one, from JSON and from both kinds of form.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Result, State, bad,
    connector::Closed,
    incident::{Comment, File, Incident},
};
use crate::{
    call::{Call, Content, Form, Upload},
    settings::now,
};

/// What is to be written.
#[derive(Debug, Default)]
struct Order {
    identifier: Option<String>,
    uuid: Option<String>,
    fields: Vec<(String, String)>,
    files: Vec<Upload>,
}

impl Order {
    fn read(call: &Call) -> Result<Self> {
        match &call.content {
            Ok(Content::Json(Value::Object(members))) => {
                let mut order = Self::default();
                for (tag, value) in members {
                    match value {
                        Value::String(text) => order.take(tag, text),
                        _ => return bad(format!("`{tag}` is not text")),
                    }
                }
                Ok(order)
            }
            Ok(Content::Json(_)) => bad("the body is no object"),
            Ok(Content::Form(form)) => Self::of_form(form),
            Ok(Content::Nothing) => bad("there is no body"),
            Err(error) => bad(error),
        }
    }

    fn of_form(form: &Form) -> Result<Self> {
        let mut order = Self::default();
        let mut seen = BTreeSet::new();
        for (tag, text) in &form.fields {
            if !seen.insert(tag) {
                return bad(format!("`{tag}` is there twice"));
            }
            order.take(tag, text);
        }
        for (part, upload) in &form.files {
            if part != "files" {
                return bad(format!("unknown file field `{part}`"));
            }
            if upload.name.is_empty() {
                return bad("a file without a name");
            }
            order.files.push(upload.clone());
        }
        Ok(order)
    }

    fn take(&mut self, tag: &str, text: &str) {
        match tag {
            // The token was looked at before.
            "token" => {}
            "identifier" => self.identifier = Some(text.to_owned()),
            "uuid" => self.uuid = Some(text.to_owned()),
            _ => self.fields.push((tag.to_owned(), text.to_owned())),
        }
    }

    fn tags(&self) -> BTreeSet<&str> {
        let files = (!self.files.is_empty()).then_some("files");
        self.fields.iter().map(|(tag, _)| &**tag).chain(files).collect()
    }
}

impl State {
    /// Does a write; what there is afterwards, and what became closed by it.
    pub(super) fn write(&mut self, call: &Call) -> Result<(Value, Option<Closed>)> {
        let order = Order::read(call)?;
        for (tag, value) in &order.fields {
            self.settings.check(tag, value)?;
        }
        let place = self.place(&order)?;
        if place.is_none() {
            let tags = order.tags();
            if let Some(missing) = self.settings.required.iter().find(|tag| !tags.contains(tag.as_str())) {
                return bad(format!("`{missing}` is required"));
            }
        }
        let closed_status = self.settings.closed_status.clone();
        let record = json!({
            "at": now(),
            "kind": if place.is_some() { "update" } else { "create" },
            "fields": order.tags(),
        });
        let number = self.incidents.len() + 1;
        let incident = if let Some(incident) = place.and_then(|place| self.incidents.get_mut(place)) {
            incident
        } else {
            let mut incident = Incident::new(number);
            let status = self.settings.statuses.first().unwrap_or_default();
            incident.fields.insert("status".to_owned(), status.to_owned());
            self.incidents.push_mut(incident)
        };
        for upload in order.files {
            self.last_id += 1;
            incident.files.push(File::new(self.last_id, upload));
        }
        let closed = incident.set(order.fields, &closed_status);
        incident.writes.push(record);
        let shown = incident.shown(&self.settings, None);
        let closed = closed.then(|| Closed::of(incident, &self.settings)).flatten();
        Ok((shown, closed))
    }

    /// Where the incident is that is meant; nowhere when a new one is.
    fn place(&self, order: &Order) -> Result<Option<usize>> {
        if order.identifier.is_none() && order.uuid.is_none() {
            return Ok(None);
        }
        let meant = |incident: &Incident| {
            order.identifier.as_ref().is_none_or(|identifier| incident.identifier == *identifier)
                && order.uuid.as_ref().is_none_or(|uuid| incident.uuid.to_string() == *uuid)
        };
        match self.incidents.iter().position(meant) {
            Some(place) => Ok(Some(place)),
            None => bad("there is no such incident"),
        }
    }

    /// Adds a comment.
    pub(super) fn comment(&mut self, call: &Call) -> Result<Value> {
        let Ok(Content::Json(Value::Object(body))) = &call.content else {
            return bad("the body is no JSON object");
        };
        if let Some(unknown) =
            body.keys().find(|key| !["identifier", "data", "token"].contains(&key.as_str()))
        {
            return bad(format!("unknown member `{unknown}`"));
        }
        let text = body.get("data").and_then(|data| data.get("comment")).and_then(Value::as_str);
        let identifier = body.get("identifier").and_then(Value::as_str);
        let (Some(text), Some(identifier)) = (text, identifier) else {
            return bad("`identifier` and `data.comment` are required");
        };
        let Some(incident) = self.incidents.iter_mut().find(|incident| incident.identifier == identifier)
        else {
            return bad(format!("there is no incident `{identifier}`"));
        };
        self.last_id += 1;
        incident.comments.push(Comment { id: self.last_id, text: text.to_owned(), created: now() });
        Ok(json!({ "id": self.last_id }))
    }
}

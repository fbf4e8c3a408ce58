//! What can be written: new notifications, updates, files and comments.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::{
    Error, Result, State, bad,
    card::{Card, Comment, File, now, with_milliseconds},
    dictionary::{CHECKED, DECIDED, IN_WORK, INCIDENT, RESULTS, SUPPLEMENT},
    fields,
};
use crate::{
    answer::Answer,
    call::{Call, Content, Upload},
};

/// What is to be written.
#[derive(Debug)]
struct Order {
    members: Map<String, Value>,
    files: Vec<Upload>,
}

impl Order {
    fn read(call: &Call) -> Result<Self> {
        match &call.content {
            Ok(Content::Json(Value::Object(members))) => {
                Ok(Self { members: members.clone(), files: Vec::new() })
            }
            Ok(Content::Form(form)) if is_multipart(call) => {
                let mut order = Self { members: Map::new(), files: Vec::new() };
                for (tag, text) in &form.fields {
                    if order.members.insert(tag.clone(), fields::of_form(tag, text)).is_some() {
                        return bad(format!("`{tag}` is there twice"));
                    }
                }
                for (part, upload) in &form.files {
                    if part != "files" {
                        return bad(format!("PublicApiError: Can't get field info for tag '{part}'"));
                    }
                    if upload.name.is_empty() {
                        return bad("a file without a name");
                    }
                    order.files.push(upload.clone());
                }
                if order.files.is_empty() {
                    return bad("a form without `files`");
                }
                Ok(order)
            }
            Ok(Content::Json(_)) => bad("the body is no object"),
            Ok(Content::Form(_)) => bad("unsupported content type"),
            Ok(Content::Nothing) => bad("there is no body"),
            Err(error) => bad(error),
        }
    }

    fn text(&self, tag: &str) -> Option<&str> {
        self.members.get(tag)?.as_str()
    }
}

fn is_multipart(call: &Call) -> bool {
    call.headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"))
}

/// How long a request is, or at least what it carries.
fn length(call: &Call) -> usize {
    let told = call.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    told.unwrap_or_else(|| match &call.content {
        Ok(Content::Json(body)) => body.to_string().len(),
        Ok(Content::Form(form)) => form.files.iter().map(|(_, upload)| upload.bytes.len()).sum(),
        _ => 0,
    })
}

impl State {
    /// `POST /incidents`.
    pub(super) fn write(&mut self, call: &Call) -> Result<Answer> {
        if length(call) > self.settings.body_limit {
            return bad("the request is too large");
        }
        let order = Order::read(call)?;
        fields::check_known(order.members.keys().map(String::as_str))?;
        match order.members.get("uuid") {
            None => self.create(order),
            Some(Value::String(uuid)) if uuid.is_empty() => {
                Err(Error(500, "Передан пустой идентификатор инцидента".to_owned()))
            }
            Some(Value::String(uuid)) => {
                let uuid = uuid.clone();
                self.update(&uuid, order)
            }
            Some(_) => bad("`uuid` is not text"),
        }
    }

    fn create(&mut self, order: Order) -> Result<Answer> {
        fields::check_new(&order.members, &self.settings.company, self.settings.vulnerability_on)?;
        let mut card = Card::new(self.cards.len() + 1, None, false, order.members, now());
        self.attach(&mut card, order.files);
        let told = json!({
            "identifier": card.identifier,
            "uuid": card.uuid,
            "create_time": card.create_time_text(&self.settings),
        });
        self.counts.creates += 1;
        self.add(card);
        Ok(Answer::json(201, &json!({"success": true, "data": [told]})))
    }

    fn update(&mut self, uuid: &str, order: Order) -> Result<Answer> {
        let company = &self.settings.company;
        let card = self.named(uuid)?;
        match order.members.get("company") {
            Some(Value::String(given)) => fields::check_company(given, company)?,
            Some(_) => return bad("`company` is not text"),
            None if card.message => {}
            None => return bad("`company` is required"),
        }
        let attaching = !order.files.is_empty();
        if card.message {
            check_decision(&order)?;
        } else {
            if card.status != SUPPLEMENT {
                return bad(format!("the notification is not in the status `{SUPPLEMENT}`"));
            }
            if attaching { check_attachment(&order)? } else { check_supplement(card, &order)? }
        }
        let Order { mut members, files } = order;
        let place = self.place(uuid)?;
        let Some(card) = self.cards.get_mut(place) else {
            return bad("there is no such card");
        };
        card.updates.push(Value::Object(members.clone()));
        card.updated = now();
        for tag in ["uuid", "company"] {
            members.remove(tag);
        }
        if let Some(Value::String(status)) = members.remove("status") {
            card.status = status;
        }
        if let Some(Value::String(result)) = members.remove("int_result") {
            card.int_result = Some(result);
        }
        card.fields.extend(members);
        for upload in files {
            self.last_id += 1;
            card.files.push(File::new(self.last_id, upload));
        }
        self.counts.attaches += usize::from(attaching);
        self.counts.updates += usize::from(!attaching);
        let told = json!({
            "identifier": card.identifier,
            "uuid": card.uuid,
            "update_time": with_milliseconds(card.updated),
        });
        Ok(Answer::json(200, &json!({"success": true, "data": [told]})))
    }

    fn attach(&mut self, card: &mut Card, files: Vec<Upload>) {
        for upload in files {
            self.last_id += 1;
            card.files.push(File::new(self.last_id, upload));
        }
    }

    /// `POST /comments`.
    pub(super) fn comment(&mut self, call: &Call) -> Result<Value> {
        let Ok(Content::Json(Value::Object(body))) = &call.content else {
            return bad("the body is no JSON object");
        };
        if let Some(other) = body.keys().find(|key| !["incident.uuid", "data"].contains(&key.as_str())) {
            return bad(format!("PublicApiError: Can't get field info for tag '{other}'"));
        }
        let Some(Value::String(uuid)) = body.get("incident.uuid") else {
            return bad("`incident.uuid` is required");
        };
        let text = match body.get("data") {
            Some(Value::Object(data)) if data.len() == 1 => data.get("comment").and_then(Value::as_str),
            _ => None,
        };
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return bad("`data` is an object with `comment` and nothing else");
        };
        fields::check("event_description", &Value::from(text)).or_else(|_| bad("the comment is too long"))?;
        let login = self.settings.login.clone();
        self.add_comment(uuid, text, login, now())
    }

    /// Adds a comment of anybody; how it is told to who wrote it.
    pub(super) fn add_comment(
        &mut self,
        uuid: &str,
        text: &str,
        login: String,
        at: time::OffsetDateTime,
    ) -> Result<Value> {
        let place = self.place(uuid)?;
        let Some(card) = self.cards.get_mut(place) else {
            return bad("there is no such card");
        };
        self.last_id += 1;
        card.comments.push(Comment { id: self.last_id, text: text.to_owned(), login, at });
        let at = with_milliseconds(at);
        Ok(json!({
            "id": self.last_id,
            "incident_id": card.number,
            "comment": text,
            "user_id": 1,
            "d_comment": at,
            "t_comment": at,
            "createdAt": at,
            "updatedAt": at,
            "to": null,
            "parent_id": null,
        }))
    }
}

/// Of a message, only the answer to it can be written.
fn check_decision(order: &Order) -> Result<()> {
    const MEMBERS: [&str; 4] = ["uuid", "company", "status", "int_result"];
    if !order.files.is_empty() {
        return bad("a message takes no files");
    }
    if let Some(other) = order.members.keys().find(|tag| !MEMBERS.contains(&tag.as_str())) {
        return bad(format!("`{other}` of a message can not be written"));
    }
    match (order.text("status"), order.members.get("int_result")) {
        (Some(IN_WORK), None) => Ok(()),
        (Some(DECIDED), Some(Value::String(result))) if RESULTS.contains(&result.as_str()) => Ok(()),
        (Some(DECIDED), _) => bad("`int_result` is required, and is a word of its list"),
        (Some(IN_WORK), Some(_)) => bad("`int_result` goes with a decision only"),
        _ => bad("`status` of a message can not be this"),
    }
}

/// Files are attached with nothing besides.
fn check_attachment(order: &Order) -> Result<()> {
    match order.members.keys().find(|tag| !["uuid", "company"].contains(&tag.as_str())) {
        Some(other) => bad(format!("`{other}` does not go with files")),
        None => Ok(()),
    }
}

fn check_supplement(card: &Card, order: &Order) -> Result<()> {
    const MEMBERS: [&str; 5] = ["end_time", "activity_status", "detection_tool", "event_description", "city"];
    if order.text("status") != Some(CHECKED) {
        return bad(format!("`status` has to be `{CHECKED}`"));
    }
    let incident = card.category() == INCIDENT;
    for (tag, value) in &order.members {
        match tag.as_str() {
            "uuid" | "company" | "status" => {}
            name if MEMBERS.contains(&name) => fields::check(tag, value)?,
            name if incident && (fields::is_impact(name) || name == "custom_impact") => {
                fields::check(tag, value)?;
            }
            _ => return bad(format!("`{tag}` is no part of a supplement")),
        }
    }
    Ok(())
}

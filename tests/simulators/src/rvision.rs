//! R-Vision: incidents, catalogs, and the connector that closes alerts.

mod act;
mod catalog;
mod connector;
mod incident;
mod lookup;
mod write;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{
    answer::Answer,
    call::{Call, Content},
    host::{Command, Refusal, Simulator, locked},
    running::{Background, Options, Running, StartError, start},
};
use catalog::{Settings, SettingsChange};
use connector::{Calls, Closed};
use incident::Incident;

/// R-Vision.
#[derive(Debug)]
pub struct RVision {
    state: Mutex<State>,
    background: Background,
}

#[derive(Debug, Default)]
struct State {
    settings: Settings,
    incidents: Vec<Incident>,
    calls: Calls,
    /// Of files and comments.
    last_id: u64,
}

/// Why a call of the API is refused: the text of `error`, with 400 unless another status is named.
#[derive(Debug)]
struct Error(u16, String);

/// What is called, with what its path names.
#[derive(Debug, Clone, Copy)]
enum Route<'a> {
    Token,
    Companies,
    List,
    Download(&'a str),
    Files(&'a str),
    Comments(&'a str),
    Write,
    Comment,
}

type Result<T> = std::result::Result<T, Error>;

fn bad<T>(text: impl Into<String>) -> Result<T> {
    Err(Error(400, text.into()))
}

fn success(data: &Value) -> Answer {
    Answer::json(200, &json!({"success": true, "data": data}))
}

impl RVision {
    /// Starts R-Vision on the present runtime.
    ///
    /// # Errors
    /// When a port is taken or the certificate can not be made.
    pub async fn start(options: Options) -> std::result::Result<Running, StartError> {
        start::<Self>(options).await
    }

    /// After what was done: the rule for closed incidents starts by itself.
    fn autostart(self: &Arc<Self>, closed: Option<Closed>) {
        if let Some(closed) = closed {
            let this = Arc::clone(self);
            self.background.spawn(async move { this.tell(closed).await });
        }
    }
}

impl Simulator for RVision {
    fn new(_: String, background: Background) -> Self {
        Self { state: Mutex::default(), background }
    }

    fn answer(self: &Arc<Self>, call: &Call) -> Answer {
        let mut state = locked(&self.state);
        match state.route(call) {
            Ok((answer, closed)) => {
                state.calls.begin(closed.as_ref());
                drop(state);
                self.autostart(closed);
                answer
            }
            Err(Error(status, text)) => Answer::json(status, &json!({"success": false, "error": text})),
        }
    }

    async fn command(self: &Arc<Self>, command: Command) -> std::result::Result<Value, Refusal> {
        match (command.method.as_str(), command.path.as_str()) {
            ("POST", "/configure") => {
                let change: SettingsChange = serde_json::from_value(command.body)?;
                locked(&self.state).settings.change(change)?;
                Ok(Value::Null)
            }
            ("POST", "/act") => {
                let (shown, closed) = {
                    let mut state = locked(&self.state);
                    let (shown, closed) = state.act(command.body)?;
                    state.calls.begin(closed.as_ref());
                    (shown, closed)
                };
                self.autostart(closed);
                Ok(shown)
            }
            _ => Err(Refusal::new(404, "there is no such command")),
        }
    }

    fn state(&self) -> Value {
        let state = locked(&self.state);
        let incidents: Vec<Value> =
            state.incidents.iter().map(|incident| incident.told(&state.settings)).collect();
        json!({
            "incidents": incidents,
            "calls": state.calls.told(),
            "idle": state.calls.idle(),
        })
    }

    fn reset(&self) {
        let mut state = locked(&self.state);
        state.incidents.clear();
        state.calls.clear();
    }
}

impl State {
    fn route(&mut self, call: &Call) -> Result<(Answer, Option<Closed>)> {
        let Some(path) = call.path.strip_prefix("/api/v2/") else {
            return Err(Error(404, "there is no such method".to_owned()));
        };
        let parts: Vec<&str> = path.split('/').collect();
        // Only what exists asks for a token.
        let route = match (call.method.as_str(), &*parts) {
            ("GET", ["tokens", "get_info_by_token"]) => Route::Token,
            ("GET", ["companies"]) => Route::Companies,
            ("GET", ["incidents"]) => Route::List,
            ("GET", ["incidents", "files", id, "download"]) => Route::Download(id),
            ("GET", ["incidents", identifier, "files"]) => Route::Files(identifier),
            ("GET", ["incidents", identifier, "comments"]) => Route::Comments(identifier),
            ("POST", ["incidents"]) => Route::Write,
            ("POST", ["comments"]) => Route::Comment,
            _ => return Err(Error(404, "there is no such method".to_owned())),
        };
        self.settings.admit(call)?;
        if call.method == "GET" && !matches!(call.content, Ok(Content::Nothing)) {
            return bad("a GET has no body");
        }
        if !matches!(route, Route::List | Route::Companies)
            && let Some((name, _)) = call.query.first()
        {
            return bad(format!("unknown parameter `{name}`"));
        }
        let data = match route {
            Route::Token => json!({"name": "KUMA", "active": true}),
            Route::Companies => self.companies(call)?,
            Route::List => self.list(call)?,
            Route::Download(id) => return Ok((self.download(id)?, None)),
            Route::Files(identifier) => self.named(identifier)?.files_told(),
            Route::Comments(identifier) => self.named(identifier)?.comments_told(),
            Route::Comment => self.comment(call)?,
            Route::Write => {
                let (told, closed) = self.write(call)?;
                return Ok((success(&json!([told])), closed));
            }
        };
        Ok((success(&data), None))
    }

    fn named(&self, identifier: &str) -> Result<&Incident> {
        match self.incidents.iter().find(|incident| incident.identifier == identifier) {
            Some(incident) => Ok(incident),
            None => bad(format!("there is no incident `{identifier}`")),
        }
    }

    fn download(&self, id: &str) -> Result<Answer> {
        let mut files = self.incidents.iter().flat_map(|incident| &incident.files);
        match files.find(|file| file.id.to_string() == id) {
            Some(file) => Ok(Answer::bytes(&file.upload.content_type, file.upload.bytes.clone())),
            None => bad("there is no such file"),
        }
    }
}

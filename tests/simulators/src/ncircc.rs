//! NCIRCC: the personal account that notifications are sent to and messages come from.

mod act;
mod card;
mod dictionary;
mod fields;
mod filter;
mod lists;
mod settings;
mod write;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    answer::Answer,
    call::{Call, Content},
    host::{Command, Refusal, Simulator, locked},
    running::{Background, Options, Running, StartError, start},
};
use card::Card;
use settings::{Settings, SettingsChange};

/// NCIRCC.
#[derive(Debug)]
pub struct Ncircc {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    settings: Settings,
    /// Notifications and messages, in the order of their making.
    cards: Vec<Card>,
    places: HashMap<String, usize>,
    /// Of files and comments.
    last_id: u64,
    counts: Counts,
}

/// How often each kind of write was done.
#[derive(Debug, Default)]
struct Counts {
    creates: usize,
    updates: usize,
    attaches: usize,
}

/// Why a call of the API is refused: the status and the text of `error`.
#[derive(Debug)]
struct Error(u16, String);

/// What is called, with what its path names.
#[derive(Debug, Clone, Copy)]
enum Route<'a> {
    List,
    Write,
    Files(&'a str),
    Download(&'a str),
    AllComments,
    Comments(&'a str),
    Comment,
    Companies,
}

type Result<T> = std::result::Result<T, Error>;

fn bad<T>(text: impl Into<String>) -> Result<T> {
    Err(Error(400, text.into()))
}

impl Error {
    fn told(&self) -> Answer {
        let Self(status, text) = self;
        let reason = match status {
            404 => "Not Found",
            500 => "Server Error",
            _ => "Bad Request",
        };
        let message = format!("[{status} {reason}] {text}");
        let body = json!({"success": false, "message": message, "error": text, "statusCode": status});
        Answer::json(*status, &body)
    }
}

impl Ncircc {
    /// Starts the personal account on the present runtime.
    ///
    /// # Errors
    /// When a port is taken or the certificates can not be made.
    pub async fn start(options: Options) -> std::result::Result<Running, StartError> {
        start::<Self>(options).await
    }
}

impl Simulator for Ncircc {
    const CHAIN: bool = true;

    fn new(_: String, _: Background) -> Self {
        Self { state: Mutex::default() }
    }

    fn answer(self: &Arc<Self>, call: &Call) -> Answer {
        locked(&self.state).route(call).unwrap_or_else(|error| error.told())
    }

    async fn command(self: &Arc<Self>, command: Command) -> std::result::Result<Value, Refusal> {
        match (command.method.as_str(), command.path.as_str()) {
            ("POST", "/configure") => {
                let change: SettingsChange = serde_json::from_value(command.body)?;
                locked(&self.state).settings.change(change);
                Ok(Value::Null)
            }
            ("POST", "/act") => locked(&self.state).act(command.body),
            _ => Err(Refusal::new(404, "there is no such command")),
        }
    }

    fn state(&self) -> Value {
        let state = locked(&self.state);
        let told = |message: bool| -> Vec<Value> {
            let cards = state.cards.iter().filter(|card| card.message == message);
            cards.map(|card| card.told(&state.settings)).collect()
        };
        let (notifications, messages) = (told(false), told(true));
        json!({
            "counts": {
                "notifications": notifications.len(),
                "messages": messages.len(),
                "comments": state.cards.iter().map(|card| card.comments.len()).sum::<usize>(),
                "files": state.cards.iter().map(|card| card.files.len()).sum::<usize>(),
                "creates": state.counts.creates,
                "updates": state.counts.updates,
                "attaches": state.counts.attaches,
            },
            "notifications": notifications,
            "messages": messages,
            "idle": true,
        })
    }

    fn reset(&self) {
        let mut state = locked(&self.state);
        let settings = std::mem::take(&mut state.settings);
        *state = State { settings, ..State::default() };
    }
}

impl State {
    fn route(&mut self, call: &Call) -> Result<Answer> {
        let nowhere = || Err(Error(404, "there is no such method".to_owned()));
        let Some(path) = call.path.strip_prefix("/api/v2/") else {
            return nowhere();
        };
        let parts: Vec<&str> = path.split('/').collect();
        // Only what exists asks for a token.
        let route = match (call.method.as_str(), &*parts) {
            ("GET", ["incidents"]) => Route::List,
            ("POST", ["incidents"]) => Route::Write,
            ("GET", ["incidents", "comments"]) => Route::AllComments,
            ("GET", ["incidents", "files", id, "download"]) => Route::Download(id),
            ("GET", ["incidents", uuid, "files"]) => Route::Files(uuid),
            ("GET", ["incidents", uuid, "comments"]) => Route::Comments(uuid),
            ("POST", ["comments"]) => Route::Comment,
            ("GET", ["companies"]) => Route::Companies,
            _ => return nowhere(),
        };
        self.settings.admit(call)?;
        if call.method == "GET" && !matches!(call.content, Ok(Content::Nothing)) {
            return bad("a GET has no body");
        }
        let plain = matches!(route, Route::Write | Route::Comment | Route::Files(_) | Route::Download(_));
        if plain && let Some((name, _)) = call.query.first() {
            return bad(format!("unknown parameter `{name}`"));
        }
        let data = match route {
            Route::Write => return self.write(call),
            Route::Companies => return self.companies(call),
            Route::Download(id) => return self.download(id),
            Route::List => self.list(call)?,
            Route::Files(uuid) => self.named(uuid)?.files_told(),
            Route::AllComments => self.comments(call, None)?,
            Route::Comments(uuid) => self.comments(call, Some(self.named(uuid)?))?,
            Route::Comment => self.comment(call)?,
        };
        Ok(Answer::json(200, &json!({"success": true, "data": data})))
    }

    fn add(&mut self, card: Card) {
        self.places.insert(card.uuid.clone(), self.cards.len());
        self.cards.push(card);
    }

    fn place(&self, uuid: &str) -> Result<usize> {
        self.places.get(uuid).copied().ok_or_else(|| Error(404, "there is no such card".to_owned()))
    }

    fn named(&self, uuid: &str) -> Result<&Card> {
        let card = self.cards.get(self.place(uuid)?);
        card.ok_or_else(|| Error(404, "there is no such card".to_owned()))
    }
}

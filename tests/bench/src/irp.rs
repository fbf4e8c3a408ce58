//! An R-Vision as a process of its own, and a client that does nothing but post incidents to it.

use std::time::{Duration, Instant};

use bridge_simulators::Process;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{
    Certificate, Client, Response,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    multipart::{Form, Part},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{failure::Result, seed::TENANT_NAME};

/// The simulator's token.
pub(crate) const TOKEN: &str = "r-vision-token";
/// Incident field with an alert's id.
pub(crate) const ALERT_ID: &str = "ALERT_ID";
/// Incident field with the link to an alert.
pub(crate) const ALERT_URL: &str = "ALERT_URL";
/// Category of the incidents.
pub(crate) const CATEGORY: &str = "Инцидент KUMA";
/// The simulator's levels, the lowest first.
pub(crate) const LEVELS: [&str; 4] = ["Низкий", "Средний", "Высокий", "Критический"];

const INCIDENTS: &str = "/api/v2/incidents";
/// How long the sender's own client keeps an idle connection; the bare one does no better.
const IDLE: Duration = Duration::from_secs(4);

/// How long R-Vision takes for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// As long as the simulator itself needs.
    None,
    /// So much longer for a POST; what is read is there at once.
    Posts(Duration),
    /// So much longer for every request.
    All(Duration),
}

/// The R-Vision.
pub(crate) struct Irp(Process);

/// An incident as R-Vision holds it.
#[derive(Debug, Deserialize)]
pub(crate) struct Incident {
    identifier: String,
    fields: serde_json::Map<String, Value>,
    writes: Vec<Write>,
    files: Vec<Attached>,
}

#[derive(Debug, Deserialize)]
struct Write {
    fields: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Attached {
    id: u64,
    name: String,
    size: usize,
}

impl Incident {
    /// Bytes of its files.
    pub(crate) fn file_bytes(&self) -> usize {
        self.files.iter().map(|file| file.size).sum()
    }
}

impl Irp {
    /// Starts it.
    pub(crate) async fn start() -> Result<Self> {
        let process = Process::start("sim-rvision", &[]).await?;
        let fields = json!([
            ALERT_ID,
            ALERT_URL,
            "ALERT_NAME",
            "ALERT_STATUS",
            "ALERT_LAST_SEEN",
            "ALERT_ASSIGNEE",
            "ALERT_ASSETS",
            "ALERT_USERS",
            "ALERT_LOG",
        ]);
        process.control.configure(&json!({ "companies": [TENANT_NAME], "fields": fields })).await?;
        Ok(Self(process))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// The certificate of its authority.
    pub(crate) fn authority(&self) -> &str {
        &self.0.ca_pem
    }

    /// Forgets all incidents, and takes its time from now on.
    pub(crate) async fn renew(&self, service: Service) -> Result<()> {
        self.0.control.reset().await?;
        let order =
            |time: Duration| json!({ "fault": "delay_ms", "delayMs": time.as_millis(), "path": "/api/*" });
        match service {
            Service::None => {}
            Service::All(time) => self.0.control.fault(&order(time)).await?,
            Service::Posts(time) => {
                let mut order = order(time);
                order.as_object_mut().and_then(|order| order.insert("method".to_owned(), "POST".into()));
                self.0.control.fault(&order).await?;
            }
        }
        Ok(())
    }

    /// Its incidents, which must be this many, each written once and with a file.
    pub(crate) async fn incidents(&self, count: usize) -> Result<Vec<Incident>> {
        let mut state = self.0.control.state().await?;
        let incidents = state.get_mut("incidents").map(Value::take).unwrap_or_default();
        let incidents: Vec<Incident> = serde_json::from_value(incidents)?;
        let whole = |incident: &Incident| incident.writes.len() == 1 && incident.files.len() == 1;
        if incidents.len() != count || !incidents.iter().all(whole) {
            return Err(format!("{} incidents, not {count} written once with a file", incidents.len()).into());
        }
        Ok(incidents)
    }
}

/// What the bare client does for an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    /// It posts it.
    Posts,
    /// It looks whether there is one, as whoever must not make a second one has to, and posts it.
    LooksAndPosts,
}

/// A client that posts the same form again and again, each time for another alert.
pub(crate) struct Poster {
    client: Client,
    url: String,
    fields: Vec<(String, String)>,
    file: (String, Vec<u8>),
}

impl Poster {
    /// A client that posts what this incident was made by.
    pub(crate) async fn new(irp: &Irp, incident: &Incident) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert("x-token", HeaderValue::from_static(TOKEN));
        let client = Client::builder()
            .no_proxy()
            .default_headers(headers)
            .pool_idle_timeout(IDLE)
            .tls_certs_merge([Certificate::from_pem(irp.authority().as_bytes())?])
            .build()?;
        let [write] = incident.writes.as_slice() else { return Err("the incident was changed".into()) };
        let [file] = incident.files.as_slice() else { return Err("the incident has no file".into()) };
        let fields = incident.fields.iter().filter(|(name, _)| write.fields.contains(name));
        let fields = fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let download = format!("{}{INCIDENTS}/files/{}/download", irp.url(), file.id);
        let content = client.get(download).send().await?.error_for_status()?.bytes().await?;
        if content.len() != file.size {
            return Err(format!("the file of {} is not whole", incident.identifier).into());
        }
        Ok(Self {
            url: format!("{}{INCIDENTS}", irp.url()),
            fields: fields.collect(),
            file: (file.name.clone(), content.into()),
            client,
        })
    }

    /// Bytes of the file, and of the fields' values.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.file.1.len(), self.fields.iter().map(|(_, value)| value.len()).sum())
    }

    /// Makes so many incidents on so many connections; gives how long that took.
    pub(crate) async fn post(&self, what: Bare, incidents: usize, connections: usize) -> Result<Duration> {
        let begun = Instant::now();
        stream::iter(0..incidents)
            .map(|_| self.post_one(what))
            .buffer_unordered(connections)
            .try_collect::<()>()
            .await?;
        Ok(begun.elapsed())
    }

    async fn post_one(&self, what: Bare) -> Result<()> {
        let alert = Uuid::new_v4().to_string();
        if what == Bare::LooksAndPosts {
            let query = [
                ("fields", json!(["identifier", "uuid", "status", "creation", ALERT_ID])),
                ("filter", json!([{ "property": ALERT_ID, "operator": "=", "value": alert }])),
                ("limit", 100.into()),
                ("offset", 0.into()),
            ];
            done(
                self.client
                    .get(&self.url)
                    .query(&query.map(|(name, value)| (name, value.to_string())))
                    .send(),
            )
            .await?;
        }
        let mut form = Form::new().percent_encode_noop();
        for (name, value) in &self.fields {
            form = form.text(name.clone(), if name == ALERT_ID { alert.clone() } else { value.clone() });
        }
        let (name, content) = &self.file;
        let json = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        form = form.part("files", Part::bytes(content.clone()).file_name(name.clone()).headers(json));
        done(self.client.post(&self.url).multipart(form).send()).await
    }
}

/// Waits for an answer, which must be a success.
async fn done(answer: impl Future<Output = reqwest::Result<Response>>) -> Result<()> {
    #[derive(Deserialize)]
    struct Answer {
        success: bool,
    }
    let answer = answer.await?.error_for_status()?;
    let Answer { success } = serde_json::from_slice(&answer.bytes().await?)?;
    if success { Ok(()) } else { Err("R-Vision refused a request of the bare client".into()) }
}

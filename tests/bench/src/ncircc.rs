//! NCIRCC's account as a process of its own, and a client that does nothing but post notifications to it.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use bridge_simulators::Process;
use reqwest::{
    Certificate, Client,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Result;

/// The simulator's token.
pub(crate) const TOKEN: &str = "ncircc-token";
/// The one organisation that it knows.
pub(crate) const COMPANY: &str = "Ромашка";

/// How long the sender's own client keeps an idle connection; the bare one does no better.
const IDLE: Duration = Duration::from_secs(4);

/// The account.
pub(crate) struct Account {
    process: Process,
    /// Requests before the present block: the simulator counts them on.
    before: AtomicU64,
}

impl Account {
    /// Starts it.
    pub(crate) async fn start() -> Result<Self> {
        Ok(Self { process: Process::start("sim-ncircc", &[]).await?, before: AtomicU64::new(0) })
    }

    pub(crate) fn url(&self) -> &str {
        &self.process.url
    }

    /// The certificate that has to be trusted: the server does not send it.
    pub(crate) fn authority(&self) -> &str {
        &self.process.intermediate_pem
    }

    /// Forgets all notifications, and takes so much longer for a request from now on.
    pub(crate) async fn renew(&self, service: Duration) -> Result<()> {
        self.process.control.reset().await?;
        self.before.store(self.requests().await?, Ordering::Relaxed);
        if !service.is_zero() {
            let order = json!({ "fault": "delay_ms", "delayMs": service.as_millis(), "path": "/api/*" });
            self.process.control.fault(&order).await?;
        }
        Ok(())
    }

    /// Checks that it has so many notifications, no two of one marker, and was asked for nothing else.
    pub(crate) async fn check(&self, count: usize) -> Result<()> {
        let state = self.process.control.state().await?;
        let notifications = state.get("notifications").and_then(Value::as_array);
        let texts = notifications.into_iter().flatten();
        let texts = texts.filter_map(|one| one.pointer("/body/event_description")?.as_str());
        let different = texts.collect::<BTreeSet<_>>().len();
        let requests = self.requests().await? - self.before.load(Ordering::Relaxed);
        if different == count && u64::try_from(count) == Ok(requests) {
            return Ok(());
        }
        Err(format!("{different} notifications by {requests} requests, not {count} by as many").into())
    }

    async fn requests(&self) -> Result<u64> {
        let state = self.process.control.state().await?;
        Ok(state.get("requests").and_then(Value::as_u64).ok_or("the simulator counts no requests")?)
    }
}

/// A body that NCIRCC takes, with a marker that no other has.
pub(crate) fn notification(marker: &str) -> String {
    json!({
        "company": COMPANY, "owner_name": COMPANY,
        "category": "Уведомление о компьютерном инциденте", "type": "Заражение ВПО",
        "event_description": format!(
            "Антивирус сообщил о вредоносном файле на рабочей станции, файл помещён в карантин.\nKUMA Bridge: {marker}"
        ),
        "tlp": "TLP:RED", "detect_time": "2024-05-06T10:00:00Z",
        "activity_status": "Проводятся мероприятия по реагированию", "affected_system_name": "mail.example.com",
        "affected_system_category": "Информационный ресурс не является объектом КИИ",
        "affected_system_function": "Связь", "affected_system_connection": false, "location": "RU-MOW",
        "detection_tool": "KUMA", "assistance": false, "availability_impact": "Низкое",
        "integrity_impact": "Низкое", "confidentiality_impact": "Отсутствует",
    })
    .to_string()
}

/// A client that posts one notification after the other.
pub(crate) struct Poster {
    client: Client,
    url: String,
}

impl Poster {
    pub(crate) fn new(account: &Account) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert("x-token", HeaderValue::from_static(TOKEN));
        let client = Client::builder()
            .no_proxy()
            .default_headers(headers)
            .pool_idle_timeout(IDLE)
            .tls_certs_merge([Certificate::from_pem(account.authority().as_bytes())?])
            .build()?;
        Ok(Self { client, url: format!("{}/api/v2/incidents", account.url()) })
    }

    /// Makes so many notifications; gives how long that took.
    pub(crate) async fn post(&self, count: usize) -> Result<Duration> {
        #[derive(Deserialize)]
        struct Answer {
            success: bool,
        }
        let bodies: Vec<String> =
            (0..count).map(|_| notification(&Uuid::new_v4().simple().to_string())).collect();
        let begun = Instant::now();
        for body in bodies {
            let request = self.client.post(&self.url).header(CONTENT_TYPE, "application/json").body(body);
            let answer = request.send().await?.error_for_status()?;
            let Answer { success } = serde_json::from_slice(&answer.bytes().await?)?;
            if !success {
                return Err("NCIRCC refused a notification of the bare client".into());
            }
        }
        Ok(begun.elapsed())
    }
}

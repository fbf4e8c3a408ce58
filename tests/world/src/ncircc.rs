//! The connection with NCIRCC, and incidents to be exported over it.

use bridge_domain::{
    IncidentId, RowId,
    incident::{Incident, Report, ReportState},
    ledger::Ledger,
    ncircc::{
        errand::{Errand, Row},
        settings::Settings,
    },
    outbox::{Change, Origin},
    secret::Secret,
    vault::Value as SecretValue,
};
use bridge_simulators::Running;
use bridge_store::Revised;
use serde_json::{Value, json};

use crate::{TENANT, World};

/// URL of the queue of ncircc-send.
pub const NCIRCC_QUEUE: &str = "http://queues/ncircc";
/// Id of the secret with the token.
const TOKEN: &str = "ncircc-token";
/// Id of the secret with the certificate.
const CERTIFICATE: &str = "ncircc-ca";

/// The settings that fit the simulator of NCIRCC's account as it is without configuration. `more`
/// replaces members.
#[must_use]
pub fn ncircc_settings(simulator: &Running, more: &Value) -> Settings {
    let mut settings = json!({
        "enabled": true, "url": simulator.url, "tenantID": TENANT,
        "tokenSecretID": {"tenantID": TENANT, "id": TOKEN},
        "rootCASecretID": {"tenantID": TENANT, "id": CERTIFICATE},
        "companyScope": "Communication", "companyName": "Ромашка", "location": "RU-MOW",
        "timeoutSeconds": 1, "requestsPerSecond": 50, "exportTenantIDs": [TENANT],
        "allowVulnerabilityNotifications": false,
        "created": "2026-11-20T09:30:00Z", "updated": "2026-11-20T09:30:00Z",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    serde_json::from_value(settings).unwrap()
}

/// A body that NCIRCC takes, with this marker.
#[must_use]
pub fn notification(marker: &str) -> String {
    json!({
        "company": "Ромашка", "owner_name": "Ромашка",
        "category": "Уведомление о компьютерном инциденте", "type": "Заражение ВПО",
        "event_description": format!("Malware on a host.\nKUMA Bridge: {marker}"), "tlp": "TLP:RED",
        "detect_time": "2026-11-20T09:30:00Z", "activity_status": "Проводятся мероприятия по реагированию",
        "affected_system_name": "mail", "affected_system_category": "Информационный ресурс не является объектом КИИ",
        "affected_system_function": "Связь", "affected_system_connection": false, "location": "RU-MOW",
        "detection_tool": "KUMA", "assistance": false,
    })
    .to_string()
}

impl World {
    /// Connects with the simulator of NCIRCC's account, whose intermediate certificate is trusted.
    pub async fn join_ncircc(&self, simulator: &Running, more: &Value) -> Settings {
        let secret = |text: &str| Secret::new(text.to_owned());
        let token = SecretValue::Token(secret("ncircc-token"));
        self.add_secret(TENANT, TOKEN, &token).await;
        let certificate = SecretValue::Certificate(secret(&simulator.intermediate_pem));
        self.add_secret(TENANT, CERTIFICATE, &certificate).await;
        let settings = ncircc_settings(simulator, more);
        self.store.put_ncircc_settings(None, &settings).await.unwrap();
        settings
    }

    /// Gives the token for NCIRCC another value.
    pub fn rotate_ncircc(&self, token: &str) {
        let value = SecretValue::Token(Secret::new(token.to_owned()));
        self.put_secret(TENANT, TOKEN, &value);
    }

    /// Makes an incident without alerts.
    pub async fn add_incident(&self, id: &str) -> Revised<Incident> {
        let now = self.hand.now();
        let incident: Incident = serde_json::from_value(json!({
            "id": id, "tenantID": TENANT, "name": id, "priority": "high", "description": "Malware on a host.",
            "category": null, "type": null, "status": "open", "resolution": null, "assignee": "",
            "alertIDs": [], "assetIDs": [], "accountIDs": [], "firstSeen": now, "lastSeen": now,
            "created": now, "updated": now, "closed": null, "report": null,
        }))
        .unwrap();
        let change = Change { origin: &Origin::Siem, routes: &[], now };
        self.store.create_incident(&incident, &[], None, change).await.unwrap().incident
    }

    /// Orders the export of an incident, which has this marker then; nothing is queued.
    pub async fn order_export(&self, incident: &Revised<Incident>) -> String {
        let marker = format!("{}/0badcafe", incident.value.id);
        let errand = Errand::Export { body: notification(&marker), marker: marker.clone() };
        let after = Incident { report: Some(Report::new(ReportState::Exporting)), ..incident.value.clone() };
        let row = self.new_row(&incident.value.id, RowId::export(), errand);
        self.store.open_row(&row, None, Some((incident, &after))).await.unwrap();
        marker
    }

    /// A row that is to be sent.
    #[must_use]
    pub fn new_row(&self, incident: &IncidentId, id: RowId, errand: Errand) -> Row {
        let ledger = Ledger::new(self.hand.now());
        Row {
            incident: incident.clone(),
            tenant: TENANT.parse().unwrap(),
            id,
            by: "tester".into(),
            errand,
            ledger,
        }
    }
}

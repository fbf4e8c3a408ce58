//! The connection with NCIRCC, and what is owed to it.

use bridge_domain::{
    RowId,
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
use serde_json::json;

use super::{Seed, TENANT, UNLIMITED, now};
use crate::{
    aws::Aws,
    failure::Result,
    ncircc::{Account, COMPANY, TOKEN, notification},
};

impl Seed {
    /// Connects with an account.
    pub(crate) async fn connect(&self, aws: &Aws, account: &Account) -> Result<()> {
        let authority = Secret::new(account.authority().to_owned());
        let certificate = self.secret(aws, &SecretValue::Certificate(authority)).await?;
        let token = self.secret(aws, &SecretValue::Token(Secret::new(TOKEN.to_owned()))).await?;
        let settings: Settings = serde_json::from_value(json!({
            "enabled": true, "url": account.url(), "tenantID": TENANT,
            "tokenSecretID": {"tenantID": TENANT, "id": token},
            "rootCASecretID": {"tenantID": TENANT, "id": certificate},
            "companyScope": "Communication", "companyName": COMPANY, "location": "RU-MOW",
            "timeoutSeconds": 30, "requestsPerSecond": UNLIMITED, "exportTenantIDs": [TENANT],
            "allowVulnerabilityNotifications": false, "created": now(), "updated": now(),
        }))?;
        let put = self.store.put_ncircc_settings(None, &settings).await;
        put.map(drop).map_err(|error| format!("the connection with NCIRCC: {error:?}").into())
    }

    /// Enters the export of a new incident of this number into the ledger; gives the message about it.
    pub(crate) async fn owe(&self, number: u32) -> Result<String> {
        let now = now();
        let id = format!("INC-{number}");
        let incident: Incident = serde_json::from_value(json!({
            "id": id, "tenantID": TENANT, "name": "Malware on a host", "priority": "high",
            "description": "Malware on a host.", "category": null, "type": null, "status": "open",
            "resolution": null, "assignee": "", "alertIDs": [], "assetIDs": [], "accountIDs": [],
            "firstSeen": now, "lastSeen": now, "created": now, "updated": now, "closed": null, "report": null,
        }))?;
        let change = Change { origin: &Origin::Siem, routes: &[], now };
        let made = self.store.create_incident(&incident, &[], None, change).await;
        let made = made.map_err(|error| format!("the incident: {error:?}"))?.incident;
        let marker = format!("{id}/0badcafe");
        let row = Row {
            incident: incident.id.clone(),
            tenant: incident.tenant.clone(),
            id: RowId::export(),
            by: "bench".to_owned(),
            errand: Errand::Export { body: notification(&marker), marker },
            ledger: Ledger::new(now),
        };
        let after = Incident { report: Some(Report::new(ReportState::Exporting)), ..incident };
        let opened = self.store.open_row(&row, None, Some((&made, &after))).await;
        opened.map_err(|error| format!("the row: {error:?}"))?;
        Ok(json!({ "incidentID": id, "row": row.id }).to_string())
    }
}

//! Secrets for outside systems and the integrations that use them, good and bad.

use reqwest::Method;
use serde_json::{Value, json};

use super::Suspect;
use crate::world::text;

const SECRETS: &str = "/bridge/v1/secrets";
const IRP: &str = "/bridge/v1/integrations/irp";

impl Suspect {
    pub(super) async fn keeps(&mut self) {
        let mark = self.marked("kept");
        let (admin, tenant) = (self.world.stack.admin_token.clone(), self.world.tenant.clone());
        let none = json!(null);
        let secret = |kind: &str, value: Value| {
            json!({
                "tenantID": tenant, "type": kind, "name": format!("{kind} {mark}"), "description": mark,
                "tags": [mark], "value": value,
            })
        };
        let good = secret("token", json!({"token": mark}));
        let made = self.json(&admin, Method::POST, SECRETS, &good).await.expect(201).json();
        let place = format!("{SECRETS}/{}", text(&made, "id"));
        self.json(&admin, Method::POST, SECRETS, &good).await.expect(409);
        let pair = secret("credentials", json!({"user": mark, "password": mark}));
        self.json(&admin, Method::POST, SECRETS, &pair).await.expect(201);
        for bad in [
            secret("token", json!({"token": format!("{mark} ")})),
            secret("token", json!(mark)),
            secret("certificate", json!({"certificate": mark})),
            secret(&mark, json!({mark.as_str(): mark})),
        ] {
            self.json(&admin, Method::POST, SECRETS, &bad).await.expect(400);
            self.json(&admin, Method::PUT, &place, &bad).await.expect(400);
        }
        for change in [json!({"token": self.marked("new")}), json!({"token": mark})] {
            self.json(&admin, Method::PUT, &place, &json!({"name": mark, "value": change})).await.expect(200);
        }
        let wanted = json!({
            "tenantID": tenant, "kind": "r-vision", "name": mark, "url": "https://localhost:1",
            "secretID": made["id"], "alertIDField": mark, "alertURLField": "URL", "category": mark,
            "eventFields": [mark], "severity": {"low": mark, "medium": mark, "high": mark, "critical": mark},
            "company": mark, "closedStatus": mark,
        });
        let irp = self.json(&admin, Method::POST, IRP, &wanted).await.expect(201).json();
        let irp = format!("{IRP}/{}", text(&irp, "id"));
        self.json(&admin, Method::POST, &format!("{IRP}/test"), &wanted).await.expect(200);
        self.json(&admin, Method::POST, &format!("{irp}/test"), &none).await.expect(200);
        self.json(&admin, Method::POST, &format!("{irp}/pull"), &json!({"from": mark})).await.expect(400);
        self.json(&admin, Method::DELETE, &place, &none).await.expect(409);
        let mut bad = wanted;
        bad["url"] = json!(format!("https://{mark}@localhost"));
        self.json(&admin, Method::PUT, &irp, &bad).await.expect(400);
        self.json(&admin, Method::DELETE, &irp, &none).await.expect(204);
        self.json(&admin, Method::DELETE, &place, &none).await.expect(204);
        self.json(&admin, Method::GET, &format!("{SECRETS}/{mark}"), &none).await.expect(404);
    }
}

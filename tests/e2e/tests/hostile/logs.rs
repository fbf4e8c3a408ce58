//! No secret and nothing personal is in a log, whatever goes wrong.
//!
//! Every value that could be either carries a mark. Then all of the functions' logs are read, and
//! the emulator's own with them, which takes in what functions write to stderr. Each request has a
//! correlation id, and the line about each must be there: so the logs that were read are the right
//! ones, and complete.

mod integrations;
mod ldap;
mod ncircc;

use std::{collections::BTreeMap, time::SystemTime};

use bridge_domain::{
    ConnectionId, Timestamp,
    import::engine::End,
    ldap::account::{Entry, Received},
    secret::Secret,
    webhook::{SECRET_BYTES, SigningSecret},
};
use bridge_e2e::Logs;
use bridge_runtime::aws::Aws;
use bridge_store::{ImportRun, Inventory};
use reqwest::{Method, RequestBuilder, header::AUTHORIZATION};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Reply, World, text};

const FUNCTIONS: [&str; 5] = ["alert-ingest", "alert-search", "alert-close", "account-api", "settings"];
const INGEST: &str = "/bridge/v1/alerts";
const CLOSE: &str = "/api/v1/alerts/close";

/// Rounds of reading the logs anew until every line is there. Each round makes a request to every
/// function, since the emulator passes on what a process wrote when it is called again.
const ROUNDS: usize = 50;

/// Somebody all of whose data is marked, and what was answered to each of its requests.
struct Suspect {
    world: World,
    mark: String,
    requests: String,
    answered: BTreeMap<String, u16>,
}

impl Suspect {
    fn new(world: World) -> Self {
        let run = Uuid::new_v4().simple().to_string();
        Self {
            world,
            mark: format!("canary{}", &run[..16]),
            requests: format!("request-{}", &run[16..]),
            answered: BTreeMap::new(),
        }
    }

    fn marked(&self, what: &str) -> String {
        format!("{what}-{}", self.mark)
    }

    async fn send(&mut self, request: RequestBuilder) -> Reply {
        let id = format!("{}-{}", self.requests, self.answered.len());
        let reply = self.world.send(request.header("x-correlation-id", &id)).await;
        self.answered.insert(id, reply.status);
        reply
    }

    /// A request whose body is JSON, by the holder of a token.
    async fn json(&mut self, token: &str, method: Method, path: &str, body: &Value) -> Reply {
        let request = self.world.by(token, &method, path).json(body);
        self.send(request).await
    }

    async fn get(&mut self, target: &str) -> Reply {
        let request = self.world.by(&self.world.operator, &Method::GET, target);
        self.send(request).await
    }

    async fn post(&mut self, path: &str, body: String) -> Reply {
        let request = self.world.post(path, body);
        self.send(request).await
    }

    fn alert(&self) -> Value {
        let mut alert = self.world.alert();
        let mark = |what| json!(self.marked(what));
        alert["name"] = mark("Alert");
        alert["assignee"] = mark("person");
        alert["events"] = json!([{
            "ID": mark("event"), "Timestamp": 1, "SourceUserName": mark("user"), "Message": mark("said"),
            self.marked("key"): {"SourceAddress": mark("address")}
        }]);
        alert["affectedAssets"] = json!([{"id": "a", "fqdn": [mark("host")], "owner": mark("owner")}]);
        alert["affectedAccounts"] = json!([{"displayName": mark("account"), "upn": mark("upn")}]);
        alert[self.marked("field")] = mark("value");
        alert
    }

    /// Alerts, good and bad.
    async fn ingests(&mut self) -> String {
        let good = self.alert();
        for _ in 0..2 {
            self.post(INGEST, good.to_string()).await.expect(202);
        }
        let mut newer = good.clone();
        newer["lastSeen"] = json!("2024-05-07T10:00:00Z");
        newer["closingReason"] = json!(self.marked("reason"));
        self.post(INGEST, newer.to_string()).await.expect(202);
        let mark = self.marked("bad");
        for key in
            ["id", "tenantID", "name", "priority", "status", "firstSeen", "lastSeen", "overflow", "events"]
        {
            let mut bad = self.alert();
            bad[key] = json!([{"ID": {"a": mark}}, mark]);
            self.post(INGEST, bad.to_string()).await.expect(400);
            bad[key] = json!(format!("{mark}#\0"));
            self.post(INGEST, bad.to_string()).await.expect(400);
        }
        for body in [
            mark.clone(),
            format!("\"{mark}\""),
            format!("{{\"{mark}\":"),
            format!("{{\"{mark}\":{}", "[".repeat(100_000)),
            format!("{}{}", good, "x".repeat(6 * 1024 * 1024)),
        ] {
            let status = self.post(INGEST, body).await.status;
            assert!(status == 400 || status == 413, "{status}");
        }
        for encoding in ["gzip", mark.as_str()] {
            let request = self.world.post(INGEST, good.to_string()).header("content-encoding", encoding);
            let status = self.send(request).await.status;
            assert!(status == 400 || status == 415, "{status}");
        }
        text(&good, "id")
    }

    /// An account whose every datum is marked, which the alerts name.
    async fn imports(&self) {
        let table = self.world.stack.inventory_table.parse().unwrap();
        let inventory = Inventory::new(Aws::load().await.config(), table);
        let (connection, now) = (ConnectionId::random(), Timestamp::MIN.plus_seconds(1_763_000_000));
        let marked = |name: &str, what| (name.to_owned(), vec![self.marked(what).into_bytes()]);
        let attributes = vec![
            ("objectGUID".to_owned(), vec![Uuid::new_v4().as_bytes().to_vec()]),
            marked("sAMAccountName", "user"),
            marked("mail", "query"),
            marked("displayName", "shown"),
        ];
        let entry = Entry::new(self.marked("CN=dn"), attributes);
        let tenant = self.world.tenant.parse().unwrap();
        let account = Received::read(tenant, connection.clone(), entry, now).unwrap();
        let mut run = ImportRun::begin(inventory, connection, now, 30).await.unwrap();
        run.page(vec![account]).await.unwrap();
        run.finish(End::Complete, true).await.unwrap();
    }

    async fn searches_and_closes(&mut self, id: &str) {
        let mark = self.marked("query");
        for (target, status) in [
            (format!("/api/v1/alerts?name={mark}&withEvents&withAffected"), 200),
            (format!("/api/v2/alerts/?id={id}&withEvents&withAffected"), 200),
            (format!("/api/v1/alerts?id={mark}&tenantID={mark}&{mark}={mark}"), 200),
            (format!("/api/v1/alerts?name=({mark}"), 400),
            (format!("/api/v1/alerts?page={mark}"), 400),
            (format!("/api/v1/alerts?status={mark}"), 400),
            (format!("/api/v1/alerts?from={mark}&to={mark}"), 400),
            (format!("/api/v1/alerts?timestampField={mark}"), 400),
            (format!("/api/v1/alerts?id={mark}%23"), 400),
            (format!("/api/v1/tenants?name=({mark}"), 400),
            (format!("/api/v1/tenants?name={mark}&id={mark}"), 200),
            (format!("/bridge/v1/accounts?mail={mark}"), 200),
            (format!("/bridge/v1/accounts?sn={mark}&tenantID={mark}"), 200),
            (format!("/bridge/v1/accounts?{mark}={mark}"), 400),
            (format!("/bridge/v1/accounts?page={mark}"), 400),
            (format!("/bridge/v1/accounts/{mark}"), 404),
            (format!("/bridge/v1/tenants/{mark}"), 404),
            (format!("/bridge/v1/tenants/{mark}/webhook-secret"), 404),
            ("/api/v1/users/whoami".to_owned(), 200),
        ] {
            self.get(&target).await.expect(status);
        }
        for (body, status) in [
            (json!({"id": mark, "reason": "responded"}), 404),
            (json!({"id": id, "reason": mark}), 400),
            (json!({"id": [mark], "reason": {mark.as_str(): mark}}), 400),
            (json!({"id": id, "reason": "responded", mark.as_str(): mark}), 204),
            (json!({"id": id, "reason": "responded"}), 406),
        ] {
            self.post(CLOSE, body.to_string()).await.expect(status);
        }
    }

    /// Tokens that are none, in headers that are none.
    async fn knocks(&mut self) {
        let mark = self.marked("token");
        let own = self.world.operator.clone();
        let id = own.trim_start_matches("kb_").split_once('_').unwrap().0.to_owned();
        for value in [
            mark.clone(),
            format!("Bearer {mark}"),
            format!("Bearer kb_{mark}_{mark}"),
            format!("Bearer kb_{id}_{mark}"),
            format!("Basic {mark}"),
            format!("Bearer {mark}, Bearer {own}"),
            format!("{mark} {own}"),
        ] {
            for (method, path) in
                [(Method::GET, "/api/v1/alerts"), (Method::POST, INGEST), (Method::POST, CLOSE)]
            {
                let request = self.world.request(&method, path).header(AUTHORIZATION, &value);
                let status = self.send(request).await.status;
                assert!(status == 400 || status == 403, "{status}");
            }
        }
        let mut request = self.world.by(&own, &Method::GET, "/api/v1/alerts");
        for header in ["cookie", "user-agent", "x-forwarded-for", "x-amzn-trace-id", "referer", "x-other"] {
            request = request.header(header, &mark);
        }
        self.send(request).await.expect(200);
        // Not a correlation id: the line has another one.
        let request = self.world.by(&own, &Method::GET, "/api/v1/alerts");
        self.world.send(request.header("x-correlation-id", format!("{mark} !"))).await.expect(200);
    }

    /// Settings, good and bad; gives every secret that was shown.
    async fn sets(&mut self) -> Vec<String> {
        let mark = self.marked("Setting");
        let (admin, tenant) = (self.world.stack.admin_token.clone(), self.world.tenant.clone());
        let (tenants, tokens) = ("/bridge/v1/tenants", "/bridge/v1/tokens");
        let own = format!("{tenants}/{tenant}");
        let mut secrets = vec![self.world.operator.clone()];
        let named = json!({"name": mark, "description": mark});
        self.json(&admin, Method::POST, tenants, &named).await.expect(201);
        self.json(&admin, Method::POST, tenants, &named).await.expect(409);
        self.json(&admin, Method::PATCH, &own, &json!({"name": mark})).await.expect(409);
        self.json(&admin, Method::PATCH, &own, &json!({"description": mark})).await.expect(200);
        for role in ["operator", "tenant administrator"] {
            let wanted = json!({
                "name": mark, "login": mark, "email": format!("{mark}@example.com"),
                "roles": [{"tenantID": tenant, "role": role}]
            });
            let issued = self.json(&admin, Method::POST, tokens, &wanted).await.expect(201).json();
            secrets.push(text(&issued, "token"));
            let id = text(&issued, "id");
            self.json(&text(&issued, "token"), Method::GET, "/api/v2/users/whoami", &json!(null))
                .await
                .expect(200);
            self.json(&admin, Method::DELETE, &format!("{tokens}/{id}"), &json!(null)).await.expect(204);
            self.json(&text(&issued, "token"), Method::GET, "/api/v2/users/whoami", &json!(null))
                .await
                .expect(403);
        }
        let bad = [
            json!({mark.as_str(): mark}),
            json!({"name": [mark]}),
            json!({"name": format!("{mark}\n")}),
            json!([mark]),
            json!({"name": "a", "roles": [{"tenantID": mark, "role": "operator"}]}),
            json!({"name": "a", "roles": [{"tenantID": tenant, "role": mark}]}),
            json!({"name": "a", "operations": [mark]}),
        ];
        for (path, method) in [(tenants, Method::POST), (tokens, Method::POST), (own.as_str(), Method::PATCH)]
        {
            for body in &bad {
                self.json(&admin, method.clone(), path, body).await.expect(400);
            }
        }
        self.json(&admin, Method::DELETE, &format!("{tokens}/{mark}"), &json!(null)).await.expect(404);
        secrets.extend(self.signs(&format!("{own}/webhook-secret")).await);
        secrets
    }

    /// Webhooks with right and wrong signatures.
    async fn signs(&mut self, path: &str) -> Vec<String> {
        let (admin, mark) = (self.world.stack.admin_token.clone(), self.marked("webhook"));
        self.json(&admin, Method::POST, path, &json!({"overlapHours": mark})).await.expect(400);
        let mut secrets = Vec::new();
        for _ in 0..2 {
            let made = self.json(&admin, Method::POST, path, &json!({})).await.expect(201).json();
            secrets.push(text(&made, "secret"));
        }
        let body = self.alert().to_string();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed();
        let target = format!("{INGEST}?tenantID={}&{mark}", self.world.tenant);
        let secret = SigningSecret::parse(Secret::new(secrets[1].clone())).unwrap();
        let sign = |secret: &SigningSecret| secret.sign(&mark, now, body.as_bytes()).unwrap();
        let (genuine, forged) = (sign(&secret), sign(&SigningSecret::from_random(&[0; SECRET_BYTES])));
        for (timestamp, signature, status) in [
            (now.to_string(), genuine.clone(), 202),
            (now.to_string(), forged, 403),
            (now.to_string(), mark.clone(), 400),
            (mark.clone(), genuine.clone(), 400),
            ("5".to_owned(), genuine.clone(), 400),
        ] {
            let request =
                self.world.request(&Method::POST, &target).header("content-type", "application/json");
            let request = request.header("webhook-id", &mark).header("webhook-timestamp", timestamp);
            self.send(request.header("webhook-signature", signature).body(body.clone())).await.expect(status);
        }
        self.json(&admin, Method::DELETE, path, &json!(null)).await.expect(204);
        secrets.push(genuine);
        secrets
    }
}

/// What may stand in no log: each secret, and of a token its secret half alone as well.
fn forbidden(secrets: Vec<String>, world: &World, mark: &str) -> Vec<String> {
    let halves: Vec<String> = secrets
        .iter()
        .filter_map(|secret| Some(secret.strip_prefix("kb_")?.split_once('_')?.1.to_owned()))
        .chain(secrets.iter().filter_map(|secret| Some(secret.strip_prefix("whsec_")?.to_owned())))
        .collect();
    let others = [world.stack.admin_token.clone(), mark.to_owned()];
    secrets.into_iter().chain(halves).chain(others).collect()
}

#[tokio::test]
async fn no_log_holds_a_secret_or_anything_personal() {
    let world = World::new().await;
    let logs = Logs::new(&world.stack);
    let mut suspect = Suspect::new(world);
    let id = suspect.ingests().await;
    suspect.imports().await;
    suspect.searches_and_closes(&id).await;
    suspect.knocks().await;
    let secrets = suspect.sets().await;
    suspect.keeps().await;
    let Suspect { world, mark, requests, answered } = suspect;
    assert!(answered.len() > 100, "only {} requests were made", answered.len());

    let mut lines = Vec::new();
    for round in 1..=ROUNDS {
        lines.clear();
        for function in FUNCTIONS {
            lines.extend(logs.read(function).await);
        }
        let handled = handled(&lines, &requests);
        if handled == answered {
            break;
        }
        let missing: Vec<_> = answered.iter().filter(|(id, _)| !handled.contains_key(*id)).collect();
        assert!(round < ROUNDS, "of {} lines {} are missing: {missing:?}", answered.len(), missing.len());
        for (method, path) in [
            (Method::GET, "/api/v1/alerts"),
            (Method::GET, "/bridge/v1/accounts"),
            (Method::GET, "/bridge/v1/tokens"),
            (Method::POST, INGEST),
            (Method::POST, CLOSE),
        ] {
            world.send(world.by("nobody", &method, path)).await.expect(403);
        }
    }
    let forbidden = forbidden(secrets, &world, &mark);
    assert!(
        forbidden.len() >= 10 && forbidden.iter().all(|secret| secret.len() >= 16),
        "{}",
        forbidden.len()
    );
    logs.check(&lines, &forbidden);
}

/// The status that the log tells of each request of ours.
fn handled(lines: &[String], requests: &str) -> BTreeMap<String, u16> {
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["message"] == "request handled")
        .filter_map(|line| {
            let id = line["correlation_id"].as_str().filter(|id| id.starts_with(requests))?.to_owned();
            Some((id, u16::try_from(line["status"].as_u64()?).ok()?))
        })
        .collect()
}

//! What goes to NCIRCC, what it answers, and what comes from there.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use bridge_domain::{RowId, ledger::State};
use bridge_e2e::{Logs, invoke};
use bridge_runtime::aws::Aws;
use bridge_simulators::Process;
use bridge_store::Store;
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{INGEST, ROUNDS, Suspect, forbidden, handled};
use crate::{
    ncircc_settings::{NCIRCC, TEST, turn},
    world::{World, text},
};

const SECRETS: &str = "/bridge/v1/secrets";
const INCIDENTS: &str = "/bridge/v1/incidents";
const FUNCTIONS: [&str; 7] = [
    "alert-ingest",
    "settings",
    "incident-api",
    "incident-export",
    "ncircc-settings",
    "ncircc-send",
    "ncircc-sync",
];
/// The longest wait for what has to come by itself.
const PATIENCE: Duration = Duration::from_mins(3);

/// An account at NCIRCC that a suspect uses.
struct Account {
    there: Process,
    /// A taxpayer number: digits can not carry the mark.
    inn: String,
    token: String,
    /// Where the secret with the token is.
    secret: String,
}

/// The ledger of an incident once it fits.
async fn ledger(world: &World, incident: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let (path, begin) = (format!("{INCIDENTS}/{incident}/export"), Instant::now());
    loop {
        let shown = world.send(world.by(&world.operator, &Method::GET, &path)).await.expect(200).json();
        if fits(&shown) {
            return shown;
        }
        assert!(begin.elapsed() < PATIENCE, "{incident}: not in {PATIENCE:?}: {shown}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Reads the account until an incident says of it what it should.
async fn synced(world: &World, incident: &str, status: &str) {
    let (path, begin) = (format!("{INCIDENTS}/{incident}"), Instant::now());
    loop {
        let _ = invoke(&world.stack, "ncircc-sync", &json!({})).await;
        let reply = world.send(world.by(&world.operator, &Method::GET, &path)).await;
        if reply.status == 200 && reply.json()["ncircc"]["status"] == status {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{incident}: not {status} in {PATIENCE:?}: {}", reply.text);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn all_sent(shown: &Value) -> bool {
    let rows = shown["rows"].as_array().unwrap();
    !rows.is_empty() && rows.iter().all(|row| row["state"] == "sent")
}

impl Suspect {
    async fn order(&mut self, path: &str, body: &Value, status: u16) -> Value {
        let operator = self.world.operator.clone();
        let reply = self.json(&operator, Method::POST, path, body).await.expect(status);
        serde_json::from_str(&reply.text).unwrap_or_default()
    }

    /// Connects with an account of its own, after all that can be wrong with that.
    async fn connects(&mut self) -> Account {
        let there = Process::start("sim-ncircc", &[]).await.unwrap();
        let (token, company, mark) = (self.marked("token"), self.marked("Company"), self.marked("said"));
        let inn = (100_000_000_000 + Uuid::new_v4().as_u128() % 900_000_000_000).to_string();
        there.control.configure(&json!({"token": token, "company": company, "login": mark})).await.unwrap();
        let (admin, tenant) = (self.world.stack.admin_token.clone(), self.world.tenant.clone());
        let secret = |kind: &str, value: &str| {
            json!({
                "tenantID": tenant, "type": kind, "name": format!("{mark} {}", Uuid::new_v4()),
                "description": mark, "value": {kind: value},
            })
        };
        let mut ids = Vec::new();
        for wanted in [
            secret("token", &token),
            secret("token", &self.marked("wrong")),
            secret("certificate", &there.intermediate_pem),
        ] {
            ids.push(
                self.json(&admin, Method::POST, SECRETS, &wanted).await.expect(201).json()["id"].clone(),
            );
        }
        let wanted = json!({
            "enabled": true, "url": there.url, "tenantID": tenant, "tokenSecretID": ids[0],
            "rootCASecretID": ids[2], "companyScope": "Communication", "companyName": company,
            "location": "RU-MOW", "inn": inn, "operatorAddress": self.marked("Street"),
            "email": format!("{mark}@example.com"), "requestsPerSecond": 50, "timeoutSeconds": 10,
        });
        let with = |name: &str, value: Value| {
            let mut bad = wanted.clone();
            bad[name] = value;
            bad
        };
        for bad in [
            with("url", json!(format!("https://{mark}@localhost"))),
            with("inn", json!(format!("{inn}0"))),
            with("email", json!(format!("{mark}@{mark}"))),
            with("operatorAddress", json!([mark])),
            with("companyScope", json!(mark)),
            with("location", json!(mark)),
            with("proxy", json!(format!("http://{mark}:{mark}@localhost:1"))),
            with("tokenSecretID", json!(mark)),
            with(&mark, json!(mark)),
        ] {
            self.json(&admin, Method::PUT, NCIRCC, &bad).await.expect(400);
            self.json(&admin, Method::POST, TEST, &bad).await.expect(400);
        }
        self.json(&admin, Method::PUT, NCIRCC, &wanted).await.expect(201);
        self.json(&admin, Method::POST, TEST, &json!({})).await.expect(200);
        for other in [
            with("tokenSecretID", ids[1].clone()),
            with("rootCASecretID", json!(null)),
            with("proxy", json!("http://localhost:1")),
            with("url", json!("https://no-such-host.invalid")),
        ] {
            let told = self.json(&admin, Method::POST, TEST, &other).await.expect(200);
            assert_eq!(told.json()["ok"], false, "{}", told.text);
        }
        Account { there, inn, token, secret: format!("{SECRETS}/{}", ids[0].as_str().unwrap()) }
    }

    /// An incident, made and worked on; gives its id.
    async fn works(&mut self) -> String {
        let mark = self.marked("work");
        let alert = self.alert();
        self.post(INGEST, alert.to_string()).await.expect(202);
        let tenant = self.world.tenant.clone();
        let wanted = json!({
            "name": mark, "tenantID": tenant, "description": mark, "assignee": mark, "alertIDs": [alert["id"]],
            "assetIDs": [mark], "accountIDs": [mark], "type": "Unauthorized disclosure of information",
        });
        for (name, value) in [("type", json!(mark)), ("priority", json!(mark)), (&*mark, json!(mark))] {
            let mut bad = wanted.clone();
            bad[name] = value;
            self.order(INCIDENTS, &bad, 400).await;
        }
        let made = self.order(INCIDENTS, &wanted, 201).await;
        let here = format!("{INCIDENTS}/{}", text(&made, "id"));
        let operator = self.world.operator.clone();
        let change = json!({"name": mark, "description": format!("{mark}.")});
        self.json(&operator, Method::PATCH, &here, &change).await.expect(200);
        self.order(&format!("{here}/assign"), &json!({"assignee": format!("{mark}.")}), 200).await;
        self.order(&format!("{here}/comments"), &json!({"text": mark}), 201).await;
        self.order(&format!("{here}/close"), &json!({"resolution": mark}), 400).await;
        self.get(&format!("{INCIDENTS}?search={mark}&name={mark}")).await.expect(200);
        self.get(&format!("{INCIDENTS}?status={mark}")).await.expect(400);
        text(&made, "id")
    }

    /// What is exported of an incident: much of it personal.
    fn form(&self) -> Value {
        let mark = self.marked("leak");
        json!({
            "affectedSystemName": mark, "affectedSystemCategory": "Information resource is not a CII object",
            "affectedSystemHasConnection": true, "detectedAt": "2024-05-06T10:00:00Z",
            "description": self.marked("Description"), "city": mark, "customImpact": mark, "detectionTool": mark,
            "technical": {"observables": {"domains": [format!("{mark}.example.com")]}},
            "personalDataLeak": {
                "reasons": mark, "personalData": mark, "damage": mark, "measures": mark, "additionalInfo": mark,
                "investigation": mark,
            },
        })
    }

    /// The export of an incident, after all that can be wrong with it.
    async fn exports(&mut self, incident: &str) {
        let (mark, path) = (self.marked("leak"), format!("{INCIDENTS}/{incident}/export"));
        let form = self.form();
        for (name, value) in [
            ("tlp", json!(mark)),
            ("category", json!(mark)),
            ("description", json!(format!("{mark}{}", "ж".repeat(5_000)))),
            ("detectedAt", json!(mark)),
            ("technical", json!({"observables": {"ipv4": [mark]}, mark.as_str(): mark})),
            ("personalDataLeak", json!({"inn": mark, "email": mark})),
            (&*mark, json!(mark)),
        ] {
            let mut bad = form.clone();
            bad[name] = value;
            self.order(&path, &bad, 400).await;
        }
        let mut dry = form.clone();
        dry["dryRun"] = json!(true);
        self.order(&path, &dry, 200).await;
        self.order(&path, &form, 202).await;
        self.order(&format!("{path}/resolve"), &json!({"resolution": mark, "uuid": mark}), 400).await;
    }

    /// Comments both ways, and what NCIRCC asks for, with files.
    async fn answers(&mut self, account: &Account, incident: &str, uuid: &str) {
        let (mark, path) = (self.marked("answer"), format!("{INCIDENTS}/{incident}/export"));
        self.order(&format!("{path}/comments"), &json!({"text": mark}), 202).await;
        self.order(&format!("{path}/comments"), &json!({"text": [mark], mark.as_str(): mark}), 400).await;
        let acts = json!([
            {"act": "comment", "uuid": uuid, "text": mark, "login": mark},
            {"act": "status", "uuid": uuid, "status": "Требуется дополнение"},
        ]);
        account.there.control.act(&acts).await.unwrap();
        synced(&self.world, incident, "Требуется дополнение").await;
        let path = format!("{path}/supplement");
        self.order(&path, &json!({"city": [mark], "endedAt": mark, mark.as_str(): mark}), 400).await;
        let file = || Part::text(mark.clone()).file_name(format!("{mark}.txt"));
        let bad = Form::new().part(mark.clone(), file()).text("endedAt", mark.clone());
        let good = Form::new().part("files", file()).text("city", mark.clone()).text("comment", mark.clone());
        let good = good.text("description", mark.clone());
        for (form, status) in [(bad, 400), (good, 202)] {
            let request = self.world.by(&self.world.operator, &Method::POST, &path).multipart(form);
            self.send(request).await.expect(status);
        }
        ledger(&self.world, incident, all_sent).await;
    }

    /// What NCIRCC sends of its own accord, and what is decided about it; gives the incident's id.
    async fn decides(&mut self, account: &Account) -> String {
        let mark = self.marked("notice");
        let act = json!({"act": "message", "type": "Зараженный ресурс", "event_description": mark});
        let told = account.there.control.act(&act).await.unwrap();
        let id = format!("ALRT-{}", text(&told, "uuid"));
        synced(&self.world, &id, "Новое").await;
        let path = format!("{INCIDENTS}/{id}/decision");
        self.order(&path, &json!({"status": mark, "result": mark, mark.as_str(): mark}), 400).await;
        self.order(&path, &json!({"status": "decided", "result": "measures taken"}), 202).await;
        ledger(&self.world, &id, all_sent).await;
        id
    }

    /// What NCIRCC refuses or fails at may repeat what it was sent, and the token.
    async fn fails(&mut self, account: &Account) -> [String; 3] {
        let echo = format!("{} {} {}", account.token, self.marked("echo"), account.inn);
        let fault = |fault: &str, status: u16| {
            json!({
                "fault": fault, "status": status, "error": echo, "times": 1, "method": "POST",
                "path": "/api/v2/incidents",
            })
        };
        let mut all = Vec::new();
        for (order, state) in
            [(fault("status", 400), "failed"), (fault("status_after_effect", 500), "unknown")]
        {
            account.there.control.fault(&order).await.unwrap();
            let id = self.works().await;
            self.exports(&id).await;
            ledger(&self.world, &id, |shown| shown["state"] == state).await;
            all.push(id);
        }
        // It is asked, and has it.
        ledger(&self.world, &all[1], |shown| shown["state"] == "sent").await;
        // The token is another one now.
        let other = json!({"token": self.marked("other")});
        account.there.control.configure(&other).await.unwrap();
        let id = self.works().await;
        self.exports(&id).await;
        ledger(&self.world, &id, |shown| !shown["lastAnswer"].is_null()).await;
        let _ = invoke(&self.world.stack, "ncircc-sync", &json!({})).await;
        // Nobody is to come across it later.
        let table = self.world.stack.state_table.parse().unwrap();
        let store = Store::new(Aws::load().await.config(), table);
        let row = store.row(&id.parse().unwrap(), &RowId::export()).await.unwrap().unwrap();
        let mut ended = row.value.ledger.clone();
        (ended.state, ended.next) = (State::Failed, None);
        store.save_row(row, ended).await.unwrap();
        [all.remove(0), all.remove(0), id]
    }
}

/// What the log tells of these rows: incident, kind, and where a step left it.
fn steps(lines: &[String]) -> BTreeSet<(String, String, &'static str)> {
    const STEPS: [&str; 5] = ["LedgerSent", "LedgerRetried", "LedgerUnknown", "LedgerStuck", "LedgerFailed"];
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["message"] == "ledger handled")
        .flat_map(|line| {
            let of = |step: &'static str| (text(&line, "incident"), text(&line, "kind"), step);
            let seen: Vec<_> = STEPS.into_iter().filter(|step| line[*step] == 1).map(of).collect();
            seen
        })
        .collect()
}

#[tokio::test]
async fn no_log_holds_anything_of_what_goes_to_ncircc() {
    let world = World::new().await;
    let _turn = turn(&world).await;
    let logs = Logs::new(&world.stack);
    let mut suspect = Suspect::new(world);
    let account = suspect.connects().await;
    let sent = suspect.works().await;
    suspect.exports(&sent).await;
    let shown = ledger(&suspect.world, &sent, |shown| shown["state"] == "sent").await;
    let form = suspect.form();
    suspect.order(&format!("{INCIDENTS}/{sent}/export"), &form, 409).await;
    suspect.answers(&account, &sent, &text(&shown, "uuid")).await;
    let notice = suspect.decides(&account).await;
    let [refused, lost, barred] = suspect.fails(&account).await;

    // It did go there.
    let state = account.there.control.state().await.unwrap();
    let body = &state["notifications"][0]["body"];
    assert_eq!(body["rkn_inn"].to_string(), account.inn, "{body}");
    assert!(state.to_string().matches(&suspect.mark).count() > 50, "{state}");
    let admin = suspect.world.stack.admin_token.clone();
    suspect.json(&admin, Method::DELETE, NCIRCC, &json!(null)).await.expect(204);
    suspect.json(&admin, Method::DELETE, &account.secret, &json!(null)).await.expect(204);

    let step = |incident: &str, kind: &str, step| (incident.to_owned(), kind.to_owned(), step);
    let expected = BTreeSet::from([
        step(&sent, "export", "LedgerSent"),
        step(&sent, "comment", "LedgerSent"),
        step(&sent, "supplement", "LedgerSent"),
        step(&notice, "decision", "LedgerSent"),
        step(&refused, "export", "LedgerFailed"),
        step(&lost, "export", "LedgerUnknown"),
        step(&lost, "export", "LedgerSent"),
        step(&barred, "export", "LedgerRetried"),
    ]);
    let Suspect { world, mark, requests, answered } = suspect;
    let mut lines = Vec::new();
    for round in 1..=ROUNDS {
        lines.clear();
        for function in FUNCTIONS {
            lines.extend(logs.read(function).await);
        }
        let (handled, steps) = (handled(&lines, &requests), steps(&lines));
        let noticed =
            lines.iter().any(|line| line.contains("NCIRCC sent a notice") && line.contains(&notice));
        if handled == answered && steps.is_superset(&expected) && noticed {
            break;
        }
        let missing: Vec<_> = answered.iter().filter(|(id, _)| !handled.contains_key(*id)).collect();
        let unseen: Vec<_> = expected.difference(&steps).collect();
        assert!(round < ROUNDS, "missing: {missing:?} {unseen:?}, notice {noticed}");
        for (method, path) in [
            (Method::POST, INGEST),
            (Method::GET, "/bridge/v1/tokens"),
            (Method::GET, INCIDENTS),
            (Method::GET, "/bridge/v1/incidents/INC-1/export"),
            (Method::GET, NCIRCC),
        ] {
            world.send(world.by("nobody", &method, path)).await.expect(403);
        }
        let _ = invoke(&world.stack, "ncircc-send", &json!({"Records": []})).await;
        let _ = invoke(&world.stack, "ncircc-sync", &json!({})).await;
    }
    let mut forbidden = forbidden(vec![world.operator.clone()], &world, &mark);
    forbidden.push(account.inn);
    logs.check(&lines, &forbidden);
}

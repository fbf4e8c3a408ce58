//! What comes of a directory, and how it is reached.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use bridge_e2e::{Logs, invoke};
use bridge_slapd::{Hostile, Object, Script};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ROUNDS, Suspect, forbidden, handled};
use crate::world::{World, text};

const SECRETS: &str = "/bridge/v1/secrets";
const LDAP: &str = "/bridge/v1/integrations/ldap";
const TASKS: &str = "/bridge/v1/tasks";
const ACCOUNTS: &str = "/bridge/v1/accounts";
const FUNCTIONS: [&str; 6] =
    ["settings", "ldap-settings", "ldap-refresh", "refresh-dispatch", "task-api", "account-api"];
/// Longest time for an import.
const PATIENCE: Duration = Duration::from_mins(2);

/// A directory, its top, and who may read it.
struct Corp {
    server: Hostile,
    base: String,
    user: String,
    password: String,
}

impl Suspect {
    /// A directory all of which is marked.
    async fn employs(&self) -> Corp {
        let base = format!("OU={},DC=corp,DC=test", self.marked("unit"));
        let (user, password) = (self.marked("reader"), self.marked("password"));
        let reader = Object::new(&format!("CN={user},{base}"), &[("sAMAccountName", &user)]);
        let person = |number: u8| {
            let mark = self.marked("person");
            let attributes =
                ["displayName", "mail", "title", "mobile", "description", "employeeID", "userPrincipalName"]
                    .map(|name| (name, mark.as_str()));
            Object::new(&format!("CN={number} {mark},{base}"), &attributes)
                .with("sAMAccountType", b"805306368")
                .with("sAMAccountName", format!("{number}-{mark}").as_bytes())
                .with("memberOf", format!("CN={mark},{base}").as_bytes())
                .with("objectGUID", &[number; 16])
        };
        let top = Object::new(&base, &[("objectClass", "organizationalUnit")]);
        let objects = vec![top, reader.with_password(&password), person(1), person(2)];
        let server = Hostile::start(Script::Controller(objects)).await.unwrap();
        Corp { server, base, user: format!("corp.test\\{user}"), password }
    }

    /// As the administrator.
    async fn manages(&mut self, method: Method, path: &str, body: &Value, status: u16) -> Value {
        let admin = self.world.stack.admin_token.clone();
        let reply = self.json(&admin, method, path, body).await.expect(status);
        serde_json::from_str(&reply.text).unwrap_or_default()
    }

    /// A secret for signing in.
    async fn signs_in_as(&mut self, user: &str, password: &str) -> Value {
        let wanted = json!({
            "tenantID": self.world.tenant, "type": "credentials", "description": self.marked("said"),
            "name": format!("{} {}", self.marked("Reader"), Uuid::new_v4()),
            "value": {"user": user, "password": password},
        });
        self.manages(Method::POST, SECRETS, &wanted, 201).await["id"].clone()
    }

    /// The import that an answer speaks of, at its end.
    async fn imported(&mut self, answer: &Value, state: &str) -> String {
        let (id, begin) = (text(answer, "taskID"), Instant::now());
        loop {
            let task = self.manages(Method::GET, &format!("{TASKS}/{id}"), &json!(null), 200).await;
            if task["ended"].is_string() {
                assert_eq!(task["state"], state, "{task}");
                return id;
            }
            assert!(begin.elapsed() < PATIENCE, "not over in {PATIENCE:?}: {task}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Connections that are none, and what is wrong with one is said without saying it.
    async fn connects_badly(&mut self, form: &Value) {
        let (mark, connections) = (self.marked("bad"), format!("{LDAP}/connections"));
        let with = |name: &str, value: Value| {
            let mut bad = form.clone();
            bad[name] = value;
            bad
        };
        for bad in [
            with("name", json!([mark])),
            with("urls", json!(format!("ldap://{mark}:{mark}@corp.test"))),
            with("type", json!(mark)),
            with("credentialsSecretID", json!(mark)),
            with("certificateSecretID", json!(mark)),
            with("baseDN", json!(mark)),
            with("filter", json!(format!("(cn={mark}"))),
            with("attributes", json!([format!("{mark} {mark}")])),
            with("timeoutSeconds", json!(mark)),
            with(&mark, json!(mark)),
        ] {
            self.manages(Method::POST, &connections, &bad, 400).await;
            self.manages(Method::POST, &format!("{connections}/test"), &bad, 400).await;
        }
        self.manages(Method::GET, &format!("{connections}/{mark}"), &json!(null), 404).await;
        self.manages(Method::GET, &format!("{TASKS}/{mark}"), &json!(null), 404).await;
        self.manages(Method::GET, &format!("{TASKS}?state={mark}"), &json!(null), 400).await;
    }
}

/// The tasks whose end the log tells.
fn ended(lines: &[String]) -> BTreeSet<String> {
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == "import ended").map(|line| text(&line, "task")).collect()
}

#[tokio::test]
async fn no_log_holds_anything_of_a_directory() {
    let world = World::new().await;
    let logs = Logs::new(&world.stack);
    let mut suspect = Suspect::new(world);
    let corp = suspect.employs().await;
    let secret = suspect.signs_in_as(&corp.user, &corp.password).await;
    let form = json!({
        "tenantID": suspect.world.tenant, "name": suspect.marked("Corp"), "type": "insecure",
        "urls": format!("127.0.0.1:{}", corp.server.port()), "credentialsSecretID": secret,
        "timeoutSeconds": 5, "baseDN": corp.base,
    });
    let connections = format!("{LDAP}/connections");
    suspect.connects_badly(&form).await;
    let told = suspect.manages(Method::POST, &format!("{connections}/test"), &form, 200).await;
    assert_eq!(told["ok"], true, "{told}");
    let made = suspect.manages(Method::POST, &connections, &form, 201).await;
    let mut tasks = vec![suspect.imported(&made, "completed").await];
    let here = format!("{connections}/{}", text(&made, "id"));

    // All of it did come.
    let mark = suspect.marked("person");
    let found = suspect.get(&format!("{ACCOUNTS}?mail={mark}")).await.expect(200);
    assert!(found.text.matches(&mark).count() > 10, "{}", found.text);

    // A wrong password, and servers that answer with what they were told.
    let wrong = suspect.marked("wrong");
    let wrong = suspect.signs_in_as(&corp.user, &wrong).await;
    let echo: &'static str = format!("data 52e, {} {}", corp.user, corp.password).leak();
    let refusing = Hostile::start(Script::RefuseBind(49, echo)).await.unwrap();
    let raw = Hostile::start(Script::Raw(suspect.marked("garbage").into_bytes())).await.unwrap();
    for (secret, port) in [(&wrong, corp.server.port()), (&secret, refusing.port()), (&secret, raw.port())] {
        let mut changed = form.clone();
        changed["credentialsSecretID"] = secret.clone();
        changed["urls"] = json!(format!("127.0.0.1:{port}"));
        let saved = suspect.manages(Method::PUT, &here, &changed, 200).await;
        tasks.push(suspect.imported(&saved, "failed").await);
        let told = suspect.manages(Method::POST, &format!("{here}/test"), &json!({}), 200).await;
        assert_eq!(told["ok"], false, "{told}");
    }
    let copy = suspect.manages(Method::POST, &format!("{here}/duplicate"), &json!({}), 201).await;
    let copy = format!("{connections}/{}", text(&copy, "id"));
    for place in [&copy, &here] {
        suspect.manages(Method::DELETE, place, &json!(null), 204).await;
    }

    let Suspect { world, mark, requests, answered } = suspect;
    let tasks = BTreeSet::from_iter(tasks);
    let mut lines = Vec::new();
    for round in 1..=ROUNDS {
        lines.clear();
        for function in FUNCTIONS {
            lines.extend(logs.read(function).await);
        }
        let (handled, ended) = (handled(&lines, &requests), ended(&lines));
        if handled == answered && ended.is_superset(&tasks) {
            break;
        }
        let missing: Vec<_> = answered.iter().filter(|(id, _)| !handled.contains_key(*id)).collect();
        let unseen: Vec<_> = tasks.difference(&ended).collect();
        assert!(round < ROUNDS, "missing: {missing:?} {unseen:?}");
        for path in [SECRETS, TASKS, ACCOUNTS, &format!("{LDAP}/tenants")] {
            world.send(world.by("nobody", &Method::GET, path)).await.expect(403);
        }
        let _ = invoke(&world.stack, "ldap-refresh", &json!({"Records": []})).await;
        let _ = invoke(&world.stack, "refresh-dispatch", &json!({})).await;
    }
    let mut forbidden = forbidden(vec![world.operator.clone()], &world, &mark);
    forbidden.push(corp.password);
    logs.check(&lines, &forbidden);
}

//! The function as it is, against directories behind real sockets and tables in a real engine.

mod crash;
mod many;
mod time;

use std::time::Duration;

use bridge_connect::Vault;
use bridge_domain::{
    ConnectionId, TaskId,
    import::{
        ImportKind,
        connection::{Connection, Kept},
        schedule::Schedule,
        settings::Settings,
        task::{Order, Task, Trigger},
    },
    ldap::{account::Account, guid::Guid},
    secret::Secret,
    vault::{Value as SecretValue, place},
};
use bridge_importing::Message;
use bridge_runtime::{batch::Failure, secrets::SecretCache, telemetry::Output};
use bridge_slapd::{BASE, Object, READER_PASSWORD};
use bridge_store::{Inventory, Store};
use bridge_world::{PREFIX, TENANT, World};
use serde_json::{Value, json};

use crate::{app::Parts, handler};

/// Who signs in, to a real server and to a controller of ours.
const READER: &str = bridge_slapd::READER;
const SECRET: &str = "reader";
/// Longer than a lease and the delays after it, in seconds.
const LATER: i64 = 600;

/// A bridge with one tenant and a secret for its directories.
struct Bench {
    world: World,
}

impl Bench {
    async fn start() -> Self {
        let world = World::start().await;
        let value = SecretValue::Credentials {
            user: Secret::new(READER.to_owned()),
            password: Secret::new(READER_PASSWORD.to_owned()),
        };
        world.add_secret(TENANT, SECRET, &value).await;
        Self { world }
    }

    fn store(&self) -> &Store {
        &self.world.store
    }

    fn inventory(&self) -> Inventory {
        Inventory::new(self.world.amazon.aws.config(), bridge_engine::INVENTORY.parse().unwrap())
    }

    /// What a new process has.
    fn parts(&self) -> Parts {
        let secrets = SecretCache::new(self.world.amazon.aws.secrets(), Duration::ZERO);
        Parts {
            store: Store::new(self.world.amazon.aws.config(), bridge_engine::STATE.parse().unwrap()),
            inventory: self.inventory(),
            vault: Vault::new(secrets, PREFIX.to_owned()),
            clock: self.world.hand.clock(),
            output: Output::memory(),
            work_limit: Duration::from_mins(14),
        }
    }

    /// A connection to a port of this machine.
    async fn connect(&self, id: &str, port: u16) {
        let (settings, kept) = self.kept(id, port);
        let over = self.store().imports(ImportKind::Ldap, &settings.tenant).await.unwrap().settings;
        self.store().create_connection(over.as_ref(), &settings, &kept).await.unwrap();
    }

    /// The connection leads elsewhere from now on.
    async fn lead(&self, id: &str, port: u16) {
        let (settings, kept) = self.kept(id, port);
        let imports = self.store().imports(ImportKind::Ldap, &settings.tenant).await.unwrap();
        let old = imports.connection(&connection(id)).unwrap();
        self.store().replace_connection(imports.settings.as_ref().unwrap(), old, &kept).await.unwrap();
    }

    fn kept(&self, id: &str, port: u16) -> (Settings, Kept) {
        let now = self.world.hand.now();
        let form: Value = json!({
            "kind": "ldap", "id": id, "tenantID": TENANT, "name": id, "urls": format!("127.0.0.1:{port}"),
            "type": "insecure", "credentialsSecretID": SECRET, "timeoutSeconds": 60, "baseDN": BASE,
            "attributes": bridge_slapd::ATTRIBUTES.as_slice(), "filter": "(sAMAccountType=805306368)", "disabled": false,
            "created": now, "updated": now,
        });
        let connection: Connection = serde_json::from_value(form).unwrap();
        let settings = Settings::new(TENANT.parse().unwrap(), ImportKind::Ldap, now);
        (settings, Kept { connection, schedule: Schedule::saved(now) })
    }

    /// Orders an import.
    async fn order(&self, id: &str) -> Message {
        let order = Order {
            kind: ImportKind::Ldap,
            tenant: TENANT.parse().unwrap(),
            connection: connection(id),
            trigger: Trigger::Schedule,
            confirmed: false,
        };
        let task = Task::new(TaskId::random(), order, self.world.hand.now());
        self.store().order_task(&task).await.unwrap();
        Message { task: task.id }
    }

    /// Hands a message over until it is done, as the queue does, with time in between.
    async fn work(&self, message: &Message) -> Task {
        for _ in 0..10 {
            match Box::pin(handler::handle(&self.parts(), message, "runner")).await {
                Ok(()) => return self.store().task(&message.task).await.unwrap().unwrap().value,
                Err(Failure::Retry { .. }) => self.world.hand.pass(LATER),
                Err(dead @ Failure::Dead { .. }) => panic!("{dead:?}"),
            }
        }
        panic!("the task does not end");
    }

    async fn account(&self, id: &str, guid: [u8; 16]) -> Option<Account> {
        let guid = Guid::from_bytes(&guid).unwrap();
        self.inventory().account(&connection(id), guid, self.world.hand.now()).await.unwrap()
    }
}

fn connection(id: &str) -> ConnectionId {
    id.parse().unwrap()
}

/// The objects of a controller: whoever signs in, and users by number and title.
fn objects(users: &[(u8, &str)]) -> Vec<Object> {
    let reader = Object::new(READER, &[("objectClass", "top")]).with_password(READER_PASSWORD);
    let user = |(number, title): &(u8, &str)| {
        let dn = format!("CN=User {number},{BASE}");
        let text = [("objectClass", "user"), ("sAMAccountType", "805306368"), ("title", title)];
        Object::new(&dn, &text).with("objectGUID", &[*number; 16])
    };
    std::iter::once(reader).chain(users.iter().map(user)).collect()
}

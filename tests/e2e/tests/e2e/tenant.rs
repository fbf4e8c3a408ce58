//! Tenants and tokens that a test makes for itself.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{User, World};

/// A tenant of the test's own.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The first general administrator, who made it.
    pub(crate) admin: User,
}

impl Tenant {
    pub(crate) async fn new() -> Self {
        Self::on(&World::new()).await
    }

    pub(crate) async fn on(world: &Arc<World>) -> Self {
        let (admin, name) = (world.admin(), format!("Tenant {}", Uuid::new_v4()));
        let made = admin.post("/bridge/v1/tenants", &json!({"name": name})).await.expect(201).json();
        Self { id: made["id"].as_str().unwrap().to_owned(), name, admin }
    }

    /// The main tenant, of which a stack has one; made by whoever needs it first.
    pub(crate) async fn main(world: &Arc<World>) -> Self {
        let admin = world.admin();
        let wanted = json!({"name": format!("Main {}", Uuid::new_v4()), "main": true});
        let made = admin.post("/bridge/v1/tenants", &wanted).await;
        if made.status == 201 {
            let made = made.json();
            let text = |key: &str| made[key].as_str().unwrap().to_owned();
            return Self { id: text("id"), name: text("name"), admin };
        }
        made.refused_with(409, "main tenant");
        let mut found = admin.get("/api/v2/tenants?main").await.expect(200).array();
        let found = found.pop().unwrap();
        let text = |key: &str| found[key].as_str().unwrap().to_owned();
        Self { id: text("id"), name: text("name"), admin }
    }

    /// Several at once, in the order made.
    pub(crate) async fn several(world: &Arc<World>, count: usize) -> Vec<Self> {
        let all = stream::iter(0..count).map(|_| async { Ok::<_, ()>(Self::on(world).await) });
        all.buffered(8).try_collect().await.unwrap()
    }

    /// Somebody with this role here and nowhere else.
    pub(crate) async fn user(&self, role: &str) -> User {
        of(&[self], role).await
    }

    pub(crate) async fn analyst(&self) -> User {
        self.user("analyst").await
    }

    pub(crate) async fn change(&self, change: &Value) {
        self.admin.patch(&format!("/bridge/v1/tenants/{}", self.id), change).await.expect(200);
    }

    pub(crate) async fn disable(&self) {
        self.change(&json!({"disabled": true})).await;
    }
}

/// Somebody with this role in each of these tenants.
pub(crate) async fn of(tenants: &[&Tenant], role: &str) -> User {
    let roles: Vec<Value> =
        tenants.iter().map(|tenant| json!({"tenantID": tenant.id, "role": role})).collect();
    issue(&tenants[0].admin, json!({"name": "Somebody", "roles": roles})).await.user
}

/// A token, as it was issued.
pub(crate) struct Issued {
    pub(crate) id: String,
    pub(crate) user: User,
    pub(crate) answer: Value,
}

/// Issues a token, which must succeed.
pub(crate) async fn issue(issuer: &User, wanted: Value) -> Issued {
    let answer = issuer.post("/bridge/v1/tokens", &wanted).await.expect(201).json();
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    Issued { id: text("id"), user: issuer.world.user(&text("token")), answer }
}

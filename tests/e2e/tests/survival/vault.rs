//! Secrets for the integrations.

use serde_json::Value;

use crate::{alerts::text, world::User};

/// Makes a secret, which must succeed; gives its id.
pub(crate) async fn keep(user: &User, wanted: &Value) -> String {
    text(&user.post("/bridge/v1/secrets", wanted).await.expect(201).json(), "id").to_owned()
}

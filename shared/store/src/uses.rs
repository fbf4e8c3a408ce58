//! Who uses which secrets: counted in the same transaction as what names them, so that a secret that
//! something needs is never deleted.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, SecretId, TenantId,
    vault::{Kind, User},
};

use crate::{
    item::attr,
    keys::Key,
    transact::{Terms, Transaction},
};

/// Counts a user of a secret.
const USE: &str = "ADD #ub :user";
/// Counts it no more; a set that is empty is not there.
const RELEASE: &str = "DELETE #ub :user";

/// What a user needs a secret to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// What it holds.
    pub(crate) kind: Kind,
}

/// The secrets of one user.
pub(crate) type Needs = BTreeMap<SecretId, Need>;

impl<E: From<CallError>> Transaction<'_, E> {
    /// Counts `user` for the secrets in `after` instead of those in `before`. A secret that is not as it
    /// is needed fails the transaction with what `refused` makes of it.
    pub(crate) fn count(
        &mut self,
        user: &User,
        (before, after): (&Needs, &Needs),
        refused: impl Fn(SecretId) -> E,
        changed: impl Fn() -> E,
    ) -> Result<(), CallError> {
        // What both need was counted before and can not have been deleted since.
        for (secret, need) in after.iter().filter(|(secret, need)| before.get(secret) != Some(*need)) {
            let terms = terms(user, &need.tenant, "#t = :t AND #ty = :ty");
            let kind = AttributeValue::S(need.kind.as_str().to_owned());
            let terms = terms.naming(&[attr::TYPE]).value("ty", kind);
            self.update(&Key::Secret(secret.clone()), USE, terms, refused(secret.clone()))?;
        }
        for (secret, need) in before.iter().filter(|(secret, _)| !after.contains_key(secret)) {
            let terms = terms(user, &need.tenant, "#t = :t");
            self.update(&Key::Secret(secret.clone()), RELEASE, terms, changed())?;
        }
        Ok(())
    }
}

fn terms(user: &User, tenant: &TenantId, condition: &str) -> Terms {
    Terms::new(condition)
        .naming(&[attr::USED_BY, attr::TENANT])
        .value("user", AttributeValue::Ss(vec![user.to_string()]))
        .value("t", AttributeValue::S(tenant.to_string()))
}

//! Who may do what: roles, operations, tokens and the principal behind a request.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Name, TenantId, Timestamp, TokenId,
    secret::{Secret, SecretDigest},
};

/// Role of a user in one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Works alerts.
    #[serde(rename = "operator")]
    Operator,
    /// Works alerts and rules.
    #[serde(rename = "analyst")]
    Analyst,
    /// Also manages the tenant and its tokens.
    #[serde(rename = "tenant administrator")]
    TenantAdministrator,
}

impl Role {
    /// The role's name in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Analyst => "analyst",
            Self::TenantAdministrator => "tenant administrator",
        }
    }
}

/// The name of the role above all tenants.
pub const GENERAL_ADMINISTRATOR: &str = "general administrator";

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// An operation that a token may be allowed, named as KUMA names its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Operation {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl Operation {
            /// Every operation there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The operation's name in requests and answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

operations! {
    /// Search alerts.
    SearchAlerts = "GET /alerts",
    /// Close an alert.
    CloseAlert = "POST /alerts/close",
    /// Post alerts.
    PostAlerts = "POST /bridge/alerts",
    /// List tenants.
    ListTenants = "GET /tenants",
    /// Ask who the token is.
    WhoAmI = "GET /users/whoami",
    /// Read and change tenants and their webhook secrets.
    ManageTenants = "POST /bridge/tenants",
    /// Issue, list and revoke tokens.
    ManageTokens = "POST /bridge/tokens",
    /// Read and change secrets, without their values.
    ManageSecrets = "POST /bridge/secrets",
    /// Read, change and test the systems that alerts and incidents are sent to.
    ManageIntegrations = "POST /bridge/integrations",
    /// Search incidents.
    SearchIncidents = "GET /incidents",
    /// Create incidents.
    CreateIncident = "POST /incidents/create",
    /// Change, link, assign and comment on incidents.
    ChangeIncident = "POST /incidents/assign",
    /// Close incidents.
    CloseIncident = "POST /incidents/close",
    /// Export incidents to NCIRCC, and answer it.
    ExportIncident = "POST /bridge/incidents/export",
    /// Search accounts.
    SearchAccounts = "GET /bridge/accounts",
    /// See what imports do and did.
    SearchTasks = "GET /bridge/tasks",
}

/// Which operations a token may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Every operation, those to come included: the default.
    All,
    /// Only these.
    Only(Vec<Operation>),
}

impl Allowed {
    /// Whether `operation` is among them.
    #[must_use]
    pub fn contains(&self, operation: Operation) -> bool {
        match self {
            Self::All => true,
            Self::Only(list) => list.contains(&operation),
        }
    }
}

/// What a user may see: everything, or the tenants in which it has a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grants {
    /// The general administrator.
    Everything,
    /// One role in each of these tenants.
    Tenants(BTreeMap<TenantId, Role>),
}

impl Grants {
    /// Whether a tenant exists for this user. A tenant without a role does not.
    #[must_use]
    pub fn sees(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Everything => true,
            Self::Tenants(roles) => roles.contains_key(tenant),
        }
    }

    /// Whether the user manages this tenant.
    #[must_use]
    pub fn administers(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Everything => true,
            Self::Tenants(roles) => roles.get(tenant) == Some(&Role::TenantAdministrator),
        }
    }
}

/// A token as the store keeps it: everything but its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its public half.
    pub id: TokenId,
    /// Name of the user it was issued to.
    pub name: Name,
    /// Login of that user.
    pub login: String,
    /// E-mail of that user, may be empty.
    pub email: String,
    /// What the user may see.
    pub grants: Grants,
    /// What the token may do.
    pub operations: Allowed,
    /// When it was issued.
    pub created: Timestamp,
    /// When it stops working, if ever.
    pub expires: Option<Timestamp>,
    /// SHA-256 of its secret half.
    pub digest: SecretDigest,
}

impl Token {
    /// The principal, if `presented` is this token and it has not expired at `now`.
    #[must_use]
    pub fn authenticate(self, presented: &Secret, now: Timestamp) -> Option<Principal> {
        let fresh = self.expires.is_none_or(|expires| now < expires);
        (fresh && self.digest.matches(&presented.digest())).then_some(Principal {
            id: self.id.to_string(),
            name: self.name,
            login: self.login,
            email: self.email,
            grants: self.grants,
            operations: self.operations,
        })
    }
}

/// Who makes a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    /// Id of the user or token.
    pub id: String,
    /// Display name.
    pub name: Name,
    /// Login.
    pub login: String,
    /// E-mail, may be empty.
    pub email: String,
    /// What it may see.
    pub grants: Grants,
    /// What it may do.
    pub operations: Allowed,
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Name, login and e-mail are personal data.
        f.debug_struct("Principal").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Prefix of every token value issued here.
const PREFIX: &str = "kb_";

/// A bearer value as it was presented.
#[derive(Clone, Debug)]
pub enum Bearer {
    /// `kb_<id>_<secret>`: issued by the bridge.
    Issued {
        /// Public half.
        id: TokenId,
        /// Secret half.
        secret: Secret,
    },
    /// Anything else: can only be the generated first token of the stack.
    Other(Secret),
}

impl Bearer {
    /// Splits a presented value.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        value
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .and_then(|(id, secret)| {
                Some(Self::Issued { id: TokenId::from_str(id).ok()?, secret: Secret::new(secret.to_owned()) })
            })
            .unwrap_or_else(|| Self::Other(Secret::new(value.to_owned())))
    }

    /// The value to hand to the user, once.
    #[must_use]
    pub fn render(id: &TokenId, secret: &Secret) -> Secret {
        Secret::new(format!("{PREFIX}{id}_{}", secret.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(expires: Option<Timestamp>) -> Token {
        Token {
            id: "abc".parse().unwrap(),
            name: "IRP".parse().unwrap(),
            login: "irp".into(),
            email: String::new(),
            grants: Grants::Everything,
            operations: Allowed::All,
            created: Timestamp::MIN,
            expires,
            digest: Secret::new("s".into()).digest(),
        }
    }

    #[test]
    fn a_token_works_until_the_instant_it_expires() {
        let at = Timestamp::from_micros(1_000_000).unwrap();
        let before = Timestamp::from_micros(999_999).unwrap();
        let good = Secret::new("s".into());
        assert!(token(None).authenticate(&good, Timestamp::MAX).is_some());
        assert!(token(Some(at)).authenticate(&good, before).is_some());
        assert!(token(Some(at)).authenticate(&good, at).is_none());
        assert!(token(None).authenticate(&Secret::new("t".into()), before).is_none());
    }

    #[test]
    fn a_rendered_token_is_read_back_as_issued() {
        let id: TokenId = "abc".parse().unwrap();
        let value = Bearer::render(&id, &Secret::new("s_with_bars".into()));
        match Bearer::parse(value.expose()) {
            Bearer::Issued { id: read, secret } => {
                assert_eq!(read, id);
                assert_eq!(secret.expose(), "s_with_bars");
            }
            Bearer::Other(_) => panic!("not read as issued"),
        }
        assert!(matches!(Bearer::parse("anything"), Bearer::Other(_)));
        assert!(matches!(Bearer::parse("kb_a#b_c"), Bearer::Other(_)));
    }

    #[test]
    fn roles_are_per_tenant() {
        let (a, b): (TenantId, TenantId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let grants = Grants::Tenants(BTreeMap::from([(a.clone(), Role::Analyst)]));
        assert!(grants.sees(&a) && !grants.sees(&b) && !grants.administers(&a));
        assert!(Grants::Everything.administers(&b));
    }

    #[test]
    fn a_principal_prints_no_personal_data() {
        let mut token = token(None);
        token.email = "canary@example.com".into();
        let principal = token.authenticate(&Secret::new("s".into()), Timestamp::MIN).unwrap();
        assert!(!format!("{principal:?}").contains("canary"));
    }
}

//! Where the running stack is: read from the environment that `bridge-local` prepares.

use std::{fmt, path::PathBuf, time::Duration};

use reqwest::{Certificate, Client, redirect};

/// A running stack and what is needed to talk to it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Stack {
    /// Base address of the API, without a trailing slash: `BRIDGE_URL`.
    pub url: String,
    /// The certificate authority that signed the API's certificate, a PEM file: `BRIDGE_CA`.
    pub ca: PathBuf,
    /// The first general administrator's token: `BRIDGE_ADMIN_TOKEN`.
    pub admin_token: String,
    /// The secret that holds this token: `BRIDGE_ADMIN_TOKEN_SECRET`.
    pub admin_token_secret: String,
    /// The AWS endpoint: `AWS_ENDPOINT_URL`.
    pub aws_endpoint: String,
    /// The AWS region: `AWS_DEFAULT_REGION`.
    pub region: String,
    /// The name of the state table: `BRIDGE_STATE_TABLE`.
    pub state_table: String,
    /// The name of the cache table: `BRIDGE_CACHE_TABLE`.
    pub cache_table: String,
    /// The name of the inventory table: `BRIDGE_INVENTORY_TABLE`.
    pub inventory_table: String,
    /// URL of the queue of rvision-send: `BRIDGE_RVISION_QUEUE`.
    pub rvision_queue: String,
    /// URL of its dead-letter queue: `BRIDGE_RVISION_DEAD_QUEUE`.
    pub rvision_dead_queue: String,
    /// URL of the queue of kuma-send: `BRIDGE_KUMA_QUEUE`.
    pub kuma_queue: String,
    /// URL of its dead-letter queue: `BRIDGE_KUMA_DEAD_QUEUE`.
    pub kuma_dead_queue: String,
    /// URL of the queue of alert-pull: `BRIDGE_PULL_QUEUE`.
    pub pull_queue: String,
    /// URL of its dead-letter queue: `BRIDGE_PULL_DEAD_QUEUE`.
    pub pull_dead_queue: String,
    /// URL of the queue of ldap-refresh: `BRIDGE_LDAP_QUEUE`.
    pub ldap_queue: String,
    /// URL of its dead-letter queue: `BRIDGE_LDAP_DEAD_QUEUE`.
    pub ldap_dead_queue: String,
    /// URL of the queue of ncircc-send: `BRIDGE_NCIRCC_QUEUE`.
    pub ncircc_queue: String,
    /// URL of its dead-letter queue: `BRIDGE_NCIRCC_DEAD_QUEUE`.
    pub ncircc_dead_queue: String,
    /// The name of the deployed stack: `BRIDGE_STACK`.
    pub name: String,
    /// The HTTP API's id: `BRIDGE_API_ID`.
    pub api_id: String,
    /// The emulator's log, in which the functions' own logs appear too: `BRIDGE_LOG`.
    pub log: Option<PathBuf>,
    /// Whether the emulator enforces the functions' IAM policies: `BRIDGE_AUTH`.
    pub iam_enforced: bool,
}

/// The environment does not describe a running stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRunning {
    reason: String,
}

impl fmt::Display for NotRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no local stack to talk to ({}): run through `make test`, or `make up` and `source .local/stack.env`",
            self.reason
        )
    }
}

impl std::error::Error for NotRunning {}

impl Stack {
    /// Reads the stack from this process's environment.
    ///
    /// # Errors
    /// When a variable is missing: the message says how to get a stack.
    pub fn from_env() -> Result<Self, NotRunning> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the stack from any source of variables.
    ///
    /// # Errors
    /// When a variable is missing or empty.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, NotRunning> {
        let present = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required =
            |name: &str| present(name).ok_or_else(|| NotRunning { reason: format!("{name} is not set") });
        Ok(Self {
            url: required("BRIDGE_URL")?.trim_end_matches('/').to_owned(),
            ca: required("BRIDGE_CA")?.into(),
            admin_token: required("BRIDGE_ADMIN_TOKEN")?,
            admin_token_secret: required("BRIDGE_ADMIN_TOKEN_SECRET")?,
            aws_endpoint: required("AWS_ENDPOINT_URL")?,
            region: required("AWS_DEFAULT_REGION")?,
            state_table: required("BRIDGE_STATE_TABLE")?,
            cache_table: required("BRIDGE_CACHE_TABLE")?,
            inventory_table: required("BRIDGE_INVENTORY_TABLE")?,
            rvision_queue: required("BRIDGE_RVISION_QUEUE")?,
            rvision_dead_queue: required("BRIDGE_RVISION_DEAD_QUEUE")?,
            kuma_queue: required("BRIDGE_KUMA_QUEUE")?,
            kuma_dead_queue: required("BRIDGE_KUMA_DEAD_QUEUE")?,
            pull_queue: required("BRIDGE_PULL_QUEUE")?,
            pull_dead_queue: required("BRIDGE_PULL_DEAD_QUEUE")?,
            ldap_queue: required("BRIDGE_LDAP_QUEUE")?,
            ldap_dead_queue: required("BRIDGE_LDAP_DEAD_QUEUE")?,
            ncircc_queue: required("BRIDGE_NCIRCC_QUEUE")?,
            ncircc_dead_queue: required("BRIDGE_NCIRCC_DEAD_QUEUE")?,
            name: required("BRIDGE_STACK")?,
            api_id: required("BRIDGE_API_ID")?,
            log: present("BRIDGE_LOG").map(PathBuf::from),
            iam_enforced: present("BRIDGE_AUTH").is_some_and(|value| value == "true"),
        })
    }

    /// A client that trusts the stack's own certificate authority and nothing else.
    ///
    /// # Errors
    /// When the authority's file cannot be read or holds no certificate.
    pub fn client(&self) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
        let pem = std::fs::read(&self.ca)
            .map_err(|error| NotRunning { reason: format!("{}: {error}", self.ca.display()) })?;
        Ok(Client::builder()
            .tls_certs_only(Certificate::from_pem_bundle(&pem)?)
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_mins(1))
            .build()?)
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("url", &self.url)
            .field("name", &self.name)
            .field("aws_endpoint", &self.aws_endpoint)
            .field("state_table", &self.state_table)
            .field("admin_token", &"[redacted]")
            .finish_non_exhaustive()
    }
}

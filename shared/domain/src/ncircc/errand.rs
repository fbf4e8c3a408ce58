//! What the ledger owes NCIRCC.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{IncidentId, RowId, TenantId, ledger::Ledger};

/// One thing to be done at NCIRCC, with all that is needed for it: what is sent later is what was
/// ordered, whatever has changed meanwhile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Errand {
    /// A new notification.
    #[serde(rename_all = "camelCase")]
    Export {
        /// The exact body, JSON.
        body: String,
        /// A text that stands in the notification and in no other: it is found by this.
        marker: String,
    },
    /// What NCIRCC asked for: files first, then the fields, which end the request.
    #[serde(rename_all = "camelCase")]
    Supplement {
        /// The notification.
        uuid: String,
        /// Short name of the company.
        company: String,
        /// The exact body of the change, JSON.
        body: String,
        /// The status that the change sets, as on the wire.
        status: String,
        /// Files to attach.
        files: Vec<FileNote>,
    },
    /// A decision about a notice.
    #[serde(rename_all = "camelCase")]
    Decision {
        /// The notice.
        uuid: String,
        /// The exact body of the change, JSON.
        body: String,
        /// The status that the change sets, as on the wire.
        status: String,
    },
    /// A comment.
    #[serde(rename_all = "camelCase")]
    Comment {
        /// The notification or notice.
        uuid: String,
        /// Its text.
        text: String,
    },
}

/// What is known of a file that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileNote {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-1 in lower-case hex: what NCIRCC tells of its files.
    pub sha1: String,
    /// How many parts it is stored in.
    pub parts: u32,
}

impl Errand {
    /// The word for it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Export { .. } => "export",
            Self::Supplement { .. } => "supplement",
            Self::Decision { .. } => "decision",
            Self::Comment { .. } => "comment",
        }
    }
}

impl fmt::Debug for Errand {
    /// Not what is said: a leak's block names people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The incident it belongs to.
    pub incident: IncidentId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: RowId,
    /// Id of the token that ordered it.
    pub by: String,
    /// What is to be done.
    pub errand: Errand,
    /// How it stands.
    pub ledger: Ledger,
}

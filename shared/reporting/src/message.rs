//! What lies in the queue.

use bridge_domain::{IncidentId, RowId};
use serde::{Deserialize, Serialize};

/// Somebody has to look at a row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The incident.
    #[serde(rename = "incidentID")]
    pub incident: IncidentId,
    /// The row.
    pub row: RowId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_and_what_is_not_ours_is_refused() {
        let text = r#"{"incidentID":"INC-1","row":"export"}"#;
        let message: Message = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert!(serde_json::from_str::<Message>(r#"{"incidentID":"INC-1","row":"export","x":1}"#).is_err());
    }
}

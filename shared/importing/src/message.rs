//! What lies in the queues.

use bridge_domain::TaskId;
use serde::{Deserialize, Serialize};

/// Somebody has to look at a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The task.
    #[serde(rename = "taskID")]
    pub task: TaskId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_and_what_is_not_ours_is_refused() {
        let text = r#"{"taskID":"a-1"}"#;
        let message: Message = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert!(serde_json::from_str::<Message>(r#"{"taskID":"a","x":1}"#).is_err());
    }
}

//! Writing a page so that it fits into what Lambda can answer.

use bridge_runtime::http::{
    ANSWER_LIMIT, Answer, GzipSupport, HttpError, Request, accepts_gzip, base64_len, gzip, json_escaped_len,
};
use serde::Serialize;

/// Most bytes of the body inside Lambda's answer; the rest is for headers and the envelope.
const TEXT_LIMIT: usize = ANSWER_LIMIT - 16 * 1024;

/// A list as it is; compressed when it is too large. An incident has up to 350 KB, though hardly any
/// has more than two.
pub(crate) async fn write(list: &impl Serialize, request: &Request) -> Result<Answer, HttpError> {
    let text = serde_json::to_string(list).map_err(|_| HttpError::internal("a list can not be written"))?;
    if json_escaped_len(&text) <= TEXT_LIMIT {
        return Ok(Answer::json_text(200, text));
    }
    if accepts_gzip(&request.headers) != GzipSupport::Refused {
        // Compressing megabytes takes a while, so it runs beside the other tasks.
        let packed = tokio::task::spawn_blocking(move || gzip(text.as_bytes())).await;
        let packed = packed.map_err(|_| HttpError::internal("compressing a page panicked"))?;
        let packed = packed.map_err(|_| HttpError::internal("a page could not be compressed"))?;
        if base64_len(packed.len()) <= TEXT_LIMIT {
            return Ok(Answer::encoded_gzip(200, packed));
        }
    }
    let fewer = "ask for fewer of them: by id, or by a shorter period";
    Err(HttpError::too_large("the page does not fit into an answer", fewer))
}

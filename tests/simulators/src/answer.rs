//! Answers, and the ways in which they reach the client.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use hyper::body::{Body, Frame, SizeHint};
use serde_json::Value;
use tokio::time::{Sleep, sleep};

/// What a simulator says.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self { status, headers: vec![(CONTENT_TYPE, json)], body: body.to_string().into() }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn bytes(content_type: &str, body: Bytes) -> Self {
        let mut headers = Vec::new();
        if let Ok(value) = HeaderValue::from_str(content_type) {
            headers.push((CONTENT_TYPE, value));
        }
        Self { status: 200, headers, body }
    }

    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.headers.extend(seconds.map(|seconds| (RETRY_AFTER, seconds.into())));
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    pub(crate) fn sent(self, pace: Pace) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody { rest: self.body, pace, step: Step::Ready });
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().extend(self.headers);
        response
    }
}

/// How a body is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    Whole,
    /// Half of it, then the connection ends.
    Half,
    /// So many bytes at a time, with a pause before each.
    Drip {
        bytes: usize,
        every: Duration,
    },
}

/// A body on its way.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    rest: Bytes,
    pace: Pace,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Ready,
    Waiting(Pin<Box<Sleep>>),
    /// The half is handed over; the next turn sends it.
    Flush,
    Cut,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        let part = match (this.pace, &mut this.step) {
            (Pace::Half, Step::Ready) => {
                this.step = Step::Flush;
                this.rest.split_to(this.rest.len() / 2)
            }
            (Pace::Half, Step::Flush) => {
                this.step = Step::Cut;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            (Pace::Half, _) => return Poll::Ready(Some(Err(io::Error::other("cut short, as ordered")))),
            _ if this.rest.is_empty() => return Poll::Ready(None),
            (Pace::Whole, _) => std::mem::take(&mut this.rest),
            (Pace::Drip { bytes, every }, step) => {
                if let Step::Ready = step {
                    *step = Step::Waiting(Box::pin(sleep(every)));
                }
                if let Step::Waiting(pause) = step {
                    std::task::ready!(pause.as_mut().poll(cx));
                }
                *step = Step::Ready;
                this.rest.split_to(bytes.max(1).min(this.rest.len()))
            }
        };
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && !matches!(self.pace, Pace::Half)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

//! Dying in the middle of things.

use std::task::Poll;

/// Runs `work` until it waits once more than `waits` times, and drops it there; `None` then. What it
/// had asked for by that time is on its way, as when a process is killed.
pub fn cut<F: Future>(work: F, waits: usize) -> impl Future<Output = Option<F::Output>> {
    let mut work = Box::pin(work);
    let mut left = waits;
    std::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
}

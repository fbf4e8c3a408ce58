//! What trying a connection out found, one question after the other, for whoever has to put it right.

use std::slice::Iter;

use bridge_domain::CallError;
use serde::Serialize;

/// One question and its answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The word for the question.
    pub check: &'static str,
    /// Whether the answer is good.
    pub ok: bool,
    /// What was found; of a fault, what is wrong and what to do.
    pub message: String,
}

/// The questions in their order. Each builds on those before it: the first that fails is the last.
#[derive(Debug)]
pub struct Report {
    left: Iter<'static, &'static str>,
    done: Vec<Finding>,
}

/// A report that is complete.
#[derive(Debug, Serialize)]
pub struct Findings {
    /// Whether every answer is good.
    pub ok: bool,
    /// The answers, in the order asked.
    pub checks: Vec<Finding>,
}

impl Report {
    /// A report on the questions with these words.
    #[must_use]
    pub fn new(names: &'static [&'static str]) -> Self {
        Self { left: names.iter(), done: Vec::new() }
    }

    fn add(&mut self, ok: bool, message: impl Into<String>) {
        if let Some(check) = self.left.next() {
            self.done.push(Finding { check, ok, message: message.into() });
        }
    }

    /// The answer to the next question is good.
    pub fn pass(&mut self, message: impl Into<String>) {
        self.add(true, message);
    }

    /// The answer to the next question is not good: nothing is asked after it.
    pub fn fail(&mut self, message: impl Into<String>) {
        self.add(false, message);
    }

    /// What a question brought, if it succeeded.
    pub fn of<T>(&mut self, result: Result<T, CallError>) -> Option<T> {
        result.map_err(|error| self.fail(error.public)).ok()
    }

    /// What the first call to `host` brought: it shows whether there is a connection, whether TLS trusts
    /// the other side, and whether the token is accepted. It answers these three questions.
    pub fn of_first_call<T>(&mut self, host: &str, result: Result<T, CallError>) -> Option<T> {
        let code = result.as_ref().err().map_or("", |error| error.code.as_ref());
        if !matches!(code, "dns" | "connect" | "connect_timeout" | "proxy" | "timeout" | "broken") {
            self.pass(format!("{host} takes connections"));
            if code != "tls" {
                self.pass(format!("the certificate of {host} is trusted"));
            }
        }
        let result = self.of(result);
        if result.is_some() {
            self.pass("the token is accepted");
        }
        result
    }

    /// What signing in to a directory brought: it shows whether there is a connection, whether TLS comes
    /// about, and whether the sign-in is accepted. It answers these three questions.
    pub fn of_sign_in<T>(&mut self, result: Result<T, bridge_directory::Error>) -> Option<T> {
        use bridge_directory::{Fault, Stage};
        let fault = result.as_ref().err().map(|error| error.fault);
        let reached = !matches!(
            fault,
            Some(Fault::UnknownHost | Fault::Refused | Fault::Unreachable | Fault::Timeout(Stage::Connect))
        );
        if reached {
            self.pass("a controller takes connections");
            let secured = !matches!(
                fault,
                Some(
                    Fault::Tls(_)
                        | Fault::StartTls(_)
                        | Fault::NoStartTls
                        | Fault::Timeout(Stage::StartTls | Stage::Tls)
                )
            );
            if secured {
                self.pass("the connection is as the settings want it");
            }
        }
        let result = self.of(result.map_err(CallError::from));
        if result.is_some() {
            self.pass("the sign-in is accepted");
        }
        result
    }

    /// The whole, with the questions that were not asked.
    #[must_use]
    pub fn finish(mut self) -> Findings {
        let ok = self.left.len() == 0 && self.done.iter().all(|check| check.ok);
        while self.left.len() > 0 {
            self.fail("not checked, because of the one before");
        }
        Findings { ok, checks: self.done }
    }
}

#[cfg(test)]
mod tests;

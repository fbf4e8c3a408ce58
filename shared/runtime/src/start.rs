//! What happens before the first event: configuration, log, AWS clients, the function's own state.

use std::{
    io::{self, Write},
    process,
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    Error,
    aws::Aws,
    config::{self, ConfigError, Env},
    telemetry::{self, Output},
};

/// Why a function could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the function could not connect: {0}")]
    Connect(Error),
}

impl StartError {
    /// The one line that tells everything.
    fn line(&self, function: &str) -> Value {
        match self {
            Self::Config(error) => json!({
                "level": "ERROR",
                "message": "configuration is incomplete",
                "function": function,
                "problems": error.problems,
            }),
            Self::Connect(error) => json!({
                "level": "ERROR",
                "message": "the function could not connect",
                "function": function,
                "detail": error.to_string(),
            }),
        }
    }
}

/// Builds the function's state, or ends the process with one line on stderr and a non-zero status.
pub(crate) async fn start<C, A, Fut>(
    function: &'static str,
    read: impl FnOnce(&mut Env) -> Option<C>,
    connect: impl FnOnce(C, Aws) -> Fut,
    output: &Output,
) -> Arc<A>
where
    Fut: Future<Output = Result<A, Error>>,
{
    match try_start(function, Env::process(), read, connect, output).await {
        Ok(app) => app,
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "{}", error.line(function));
            process::exit(1)
        }
    }
}

async fn try_start<C, A, Fut>(
    function: &'static str,
    env: Env,
    read: impl FnOnce(&mut Env) -> Option<C>,
    connect: impl FnOnce(C, Aws) -> Fut,
    output: &Output,
) -> Result<Arc<A>, StartError>
where
    Fut: Future<Output = Result<A, Error>>,
{
    let loaded = config::load_from(env, read)?;
    telemetry::install(function, loaded.log_level, output);
    connect(loaded.config, Aws::load().await).await.map(Arc::new).map_err(StartError::Connect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_incomplete_configuration_is_one_line() {
        let read = |env: &mut Env| env.required::<String>("STATE_TABLE");
        let env = Env::from_pairs([("LOG_LEVEL", "info")]);
        let error = try_start("f", env, read, |_, _| async { Ok(()) }, &Output::memory()).await.unwrap_err();
        assert_eq!(
            error.line("f"),
            json!({
                "level": "ERROR",
                "message": "configuration is incomplete",
                "function": "f",
                "problems": [{ "variable": "STATE_TABLE", "problem": "is not set" }],
            })
        );
    }

    #[test]
    fn a_failed_connection_is_one_line() {
        let line = StartError::Connect("no route".into()).line("f");
        assert_eq!(
            (&line["message"], &line["detail"]),
            (&"the function could not connect".into(), &"no route".into())
        );
    }
}

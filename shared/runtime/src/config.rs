//! Typed configuration, read once from the environment, with every problem named at once.

use std::{collections::BTreeMap, env::VarError, fmt, str::FromStr};

use serde::Serialize;

/// The variable every function reads besides its own.
const LOG_LEVEL: &str = "LOG_LEVEL";

/// The environment, and the problems met while reading it.
///
/// A `Config` reads all its variables first and unwraps them afterwards, so that one start tells
/// everything that is wrong:
///
/// ```
/// use bridge_runtime::config::{Env, load_from};
///
/// struct Config { table: String, shards: u8 }
///
/// fn read(env: &mut Env) -> Option<Config> {
///     let table = env.required("STATE_TABLE");
///     let shards = env.required("SHARDS");
///     Some(Config { table: table?, shards: shards? })
/// }
///
/// let problems = load_from(Env::from_pairs([("SHARDS", "many")]), read).map(|_| ()).unwrap_err().problems;
/// assert_eq!(problems.len(), 3); // LOG_LEVEL and STATE_TABLE are not set, SHARDS is no number
/// ```
#[derive(Debug)]
pub struct Env {
    source: Source,
    problems: Vec<Problem>,
}

enum Source {
    Process,
    Pairs(BTreeMap<String, String>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment of a function holds its credentials.
        f.write_str(match self {
            Self::Process => "Process",
            Self::Pairs(_) => "Pairs",
        })
    }
}

impl Env {
    /// The environment of this process.
    #[must_use]
    pub const fn process() -> Self {
        Self { source: Source::Process, problems: Vec::new() }
    }

    /// An environment made of these variables only.
    #[must_use]
    pub fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { source: Source::Pairs(pairs), problems: Vec::new() }
    }

    /// The value of a variable that must be there. `None` when it is not set, is empty, or can not
    /// be parsed; the reason is kept for [`ConfigError`], the value is not.
    pub fn required<T>(&mut self, variable: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        match self.value(variable).and_then(|value| parse(&value)) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems.push(Problem { variable, problem });
                None
            }
        }
    }

    fn value(&self, variable: &str) -> Result<String, String> {
        let value = match &self.source {
            Source::Pairs(pairs) => pairs.get(variable).cloned().ok_or(VarError::NotPresent),
            Source::Process => std::env::var(variable),
        };
        match value {
            Err(VarError::NotPresent) => Err("is not set".into()),
            Err(VarError::NotUnicode(_)) => Err("is not Unicode text".into()),
            Ok(value) if value.trim().is_empty() => Err("is empty".into()),
            Ok(value) => Ok(value),
        }
    }
}

/// From this length on, a message that quotes the value is replaced. A shorter one occurs in many
/// a message by chance and is no secret.
const QUOTED_FROM: usize = 4;

fn parse<T>(value: &str) -> Result<T, String>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    value.parse().map_err(|error: T::Err| {
        let message = error.to_string();
        let quotes = value.len() >= QUOTED_FROM && message.contains(value);
        if quotes { "is not valid".into() } else { message }
    })
}

/// What is wrong with one variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong, in words; never the value.
    pub problem: String,
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// One entry for each variable, in the order in which they were read.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration is incomplete")?;
        for (position, Problem { variable, problem }) in self.problems.iter().enumerate() {
            write!(f, "{} {variable} {problem}", if position == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// How much the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// For a developer.
    Debug,
    /// For an operator: the usual choice.
    Info,
    /// Only what may need a look.
    Warn,
    /// Only what needs a person.
    Error,
}

/// The text names no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of trace, debug, info, warn, error")]
pub struct LogLevelError;

impl FromStr for LogLevel {
    type Err = LogLevelError;

    fn from_str(text: &str) -> Result<Self, LogLevelError> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "trace" => Self::Trace,
            "debug" => Self::Debug,
            "info" => Self::Info,
            "warn" => Self::Warn,
            "error" => Self::Error,
            _ => return Err(LogLevelError),
        })
    }
}

/// A function's configuration and what the runtime reads for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<C> {
    /// What `read` made.
    pub config: C,
    /// `LOG_LEVEL`.
    pub log_level: LogLevel,
}

/// Reads the configuration from the environment of the process.
///
/// # Errors
///
/// Every variable that is missing, empty or unparsable, `LOG_LEVEL` among them.
pub fn load<C>(read: impl FnOnce(&mut Env) -> Option<C>) -> Result<Loaded<C>, ConfigError> {
    load_from(Env::process(), read)
}

/// Reads the configuration from `env`.
///
/// # Errors
///
/// As [`load`].
pub fn load_from<C>(
    mut env: Env,
    read: impl FnOnce(&mut Env) -> Option<C>,
) -> Result<Loaded<C>, ConfigError> {
    let log_level = env.required(LOG_LEVEL);
    let config = read(&mut env);
    match (config, log_level) {
        (Some(config), Some(log_level)) if env.problems.is_empty() => Ok(Loaded { config, log_level }),
        _ => Err(ConfigError { problems: env.problems }),
    }
}

/// The names of all variables that a function needs, `LOG_LEVEL` among them, in reading order:
/// what an empty environment is told to be missing.
pub fn variables<C>(read: impl FnOnce(&mut Env) -> Option<C>) -> Vec<&'static str> {
    let nothing: [(&str, &str); 0] = [];
    load_from(Env::from_pairs(nothing), read)
        .err()
        .map(|error| error.problems.into_iter().map(|problem| problem.variable).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Config {
        table: String,
        shards: u8,
    }

    fn read(env: &mut Env) -> Option<Config> {
        let table = env.required("STATE_TABLE");
        let shards = env.required("SHARDS");
        Some(Config { table: table?, shards: shards? })
    }

    #[test]
    fn a_complete_environment_is_read() {
        let env = Env::from_pairs([("STATE_TABLE", "state"), ("SHARDS", "4"), ("LOG_LEVEL", "info")]);
        let loaded = load_from(env, read).unwrap();
        assert_eq!(
            loaded,
            Loaded { config: Config { table: "state".into(), shards: 4 }, log_level: LogLevel::Info }
        );
    }

    #[test]
    fn every_problem_is_named_at_once_and_no_value_is_printed() {
        let env = Env::from_pairs([("STATE_TABLE", " "), ("SHARDS", "canary-value")]);
        let error = load_from(env, read).unwrap_err();
        assert_eq!(
            error.to_string(),
            "configuration is incomplete: LOG_LEVEL is not set; STATE_TABLE is empty; SHARDS invalid digit found in string"
        );
    }

    #[test]
    fn an_error_that_quotes_the_value_is_not_repeated() {
        #[derive(Debug)]
        struct Chatty;
        impl FromStr for Chatty {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Err(format!("can not use {text}"))
            }
        }
        let env = Env::from_pairs([("LOG_LEVEL", "info"), ("SECRET", "canary-value")]);
        let error = load_from(env, |env| env.required::<Chatty>("SECRET")).unwrap_err();
        assert_eq!(error.problems, [Problem { variable: "SECRET", problem: "is not valid".into() }]);
    }

    #[test]
    fn a_variable_of_the_process_is_read() {
        assert!(Env::process().required::<String>("PATH").is_some());
        assert!(Env::process().required::<String>("BRIDGE_NO_SUCH_VARIABLE").is_none());
        assert!(!format!("{:?}", Env::from_pairs([("K", "canary")])).contains("canary"));
    }

    #[test]
    fn the_variables_of_a_function_can_be_listed() {
        assert_eq!(variables(read), ["LOG_LEVEL", "STATE_TABLE", "SHARDS"]);
    }

    #[test]
    fn a_level_is_read_in_any_case() {
        assert_eq!("WARN".parse(), Ok(LogLevel::Warn));
        assert_eq!("loud".parse::<LogLevel>(), Err(LogLevelError));
    }
}

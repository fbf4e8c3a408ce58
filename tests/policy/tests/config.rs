//! A function is given exactly the variables that it reads, no more and no less.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use bridge_policy::{Result, graph::Graph, none, template::Template};
use serde_json::Value;

/// How long a function may take to find out that it has no configuration.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_template_sets_what_each_binary_asks_for() -> Result<()> {
    let template = Template::load()?;
    let target = Graph::load()?.metadata.target_directory;
    let mut violations = Vec::new();
    for function in template.functions()? {
        let name = &function.name;
        let binary = target.join("release").join(name);
        if !binary.exists() {
            violations.push(format!("{binary} is not built; run: cargo build --release -p {name}"));
            continue;
        }
        match asked_for(binary.as_std_path()) {
            Err(error) => violations.push(format!("{name}: {error}")),
            Ok(asked) => {
                violations.extend(
                    asked
                        .difference(&function.variables)
                        .map(|v| format!("{name}: the template does not set {v}")),
                );
                violations.extend(
                    function.variables.difference(&asked).map(|v| format!("{name}: does not read {v}")),
                );
            }
        }
    }
    none(&violations)
}

/// The variables that a binary names when it is started with an empty environment.
fn asked_for(binary: &Path) -> Result<BTreeSet<String>> {
    let mut child = Command::new(binary)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let started = Instant::now();
    while child.try_wait()?.is_none() {
        if started.elapsed() > PATIENCE {
            child.kill()?;
            return Err("runs with an empty environment instead of refusing to start".into());
        }
        sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Err("reports success with an empty environment".into());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let problems = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| problems(&line))
        .ok_or_else(|| format!("names no problems, it said: {said}"))?;
    let names =
        problems.iter().filter_map(|problem| problem.get("variable")?.as_str().map(ToOwned::to_owned));
    Ok(names.collect())
}

/// The list called `problems`, wherever the log line has it.
fn problems(line: &Value) -> Option<Vec<Value>> {
    match line.get("problems") {
        Some(Value::Array(list)) => Some(list.clone()),
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        _ => line.as_object()?.values().find_map(problems),
    }
}

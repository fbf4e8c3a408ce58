//! What goes wrong: faults outside, and functions that die.

use std::{fs, time::Duration};

use bridge_e2e::{Run, invoke};
use bridge_harness::Stack;
use bridge_simulators::Control;
use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

use crate::random::Random;

/// Functions that may die at any moment.
const MORTAL: [&str; 2] = ["rvision-send", "kuma-send"];

/// Switches faults of a system on and off for as long as it lives.
pub(crate) async fn trouble(control: Control, mut random: Random, path: &'static str) {
    loop {
        let order = match random.below(7) {
            0 => json!({"fault": "status", "status": 500}),
            1 => json!({"fault": "status", "status": 503, "retryAfter": 1}),
            2 => json!({"fault": "status", "status": 429, "retryAfter": 1}),
            3 => json!({"fault": "status_after_effect", "status": 502}),
            4 => json!({"fault": "reset_after_effect"}),
            5 => json!({"fault": "reset"}),
            _ => json!({"fault": "delay_ms", "delayMs": 700}),
        };
        let some = json!({"times": 1 + random.below(2), "skip": random.below(3), "path": path});
        control.fault(&crate::alerts::with(&order, some)).await.unwrap();
        pause(&mut random, 1_500).await;
        if random.below(2) == 0 {
            control.clear_faults().await.unwrap();
            pause(&mut random, 1_000).await;
        }
    }
}

/// Kills senders for as long as it lives.
pub(crate) async fn kill(stack: Stack, mut random: Random, killed: &std::sync::atomic::AtomicUsize) {
    loop {
        pause(&mut random, 3_000).await;
        let alive = processes(&stack, &MORTAL);
        if !alive.is_empty() {
            let id = random.pick(&alive).to_string();
            // It may be gone already.
            if Command::new("kill").args(["-s", "KILL", &id]).status().await.unwrap().success() {
                killed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }
}

async fn pause(random: &mut Random, most: usize) {
    sleep(Duration::from_millis(u64::try_from(200 + random.below(most)).unwrap())).await;
}

/// Ids of the processes of these functions of this very stack.
pub(crate) fn processes(stack: &Stack, functions: &[&str]) -> Vec<u32> {
    let name = |function: &&str| format!("AWS_LAMBDA_FUNCTION_NAME={}-{function}", stack.name);
    let names: Vec<String> = functions.iter().map(name).collect();
    // Two stacks may have one name; only one of them has this endpoint.
    let here = format!("AWS_ENDPOINT_URL={}", stack.aws_endpoint);
    let ours = |id: &u32| {
        let Ok(variables) = fs::read(format!("/proc/{id}/environ")) else { return false };
        let all: Vec<&[u8]> = variables.split(|byte| *byte == 0).collect();
        let command = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        command.windows(9).any(|part| part == b"bootstrap")
            && all.contains(&here.as_bytes())
            && names.iter().any(|name| all.contains(&name.as_bytes()))
    };
    let all = fs::read_dir("/proc").unwrap();
    all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(ours).collect()
}

/// Runs the sweeper at once.
pub(crate) async fn sweep(stack: &Stack) {
    assert_eq!(invoke(stack, "sweeper", &json!({})).await, Run::Done);
}

/// The members of a list in a state.
pub(crate) fn list<'a>(state: &'a Value, key: &str) -> &'a [Value] {
    state[key].as_array().unwrap()
}

//! `make redrive` on real queues: what a person sees of the dead letters, and what becomes of them.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use aws_sdk_sqs::{
    Client,
    types::{Message, MessageAttributeValue, QueueAttributeName},
};
use bridge_runtime::aws::Aws;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{alerts::uuid, world::World};

/// Longer than any test: only what is released is visible again.
const VISIBILITY: &str = "600";

/// The queues of a stack that has nothing else.
struct Queues {
    client: Client,
    stack: String,
}

/// What a run said, and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// The cells of each line of the table that holds a text, but for the reason.
    fn rows(&self, part: &str) -> Vec<Vec<&str>> {
        self.out
            .lines()
            .filter(|line| line.contains(part))
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect()
    }
}

/// Runs the program that `make redrive` runs.
async fn redrive(stack: &str, args: &[&str]) -> Said {
    let here = std::env::current_exe().unwrap();
    let program: PathBuf = here.ancestors().nth(2).unwrap().join("bridge-redrive");
    assert!(program.is_file(), "{} is not built: run `make build`", program.display());
    let output = Command::new(program).args(["--stack", stack]).args(args).output().await.unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
}

fn delivery(alert: &str, target: &str) -> String {
    json!({"tenantID": "tenant-1", "alertID": alert, "targetID": target}).to_string()
}

impl Queues {
    async fn new() -> Self {
        // Says how to get a stack when there is none.
        let _ = World::new();
        let queues = Self { client: Aws::load().await.sqs(), stack: format!("e2e-{}", uuid()) };
        for kind in ["rvision", "kuma", "pull", "ncircc", "ldap"] {
            for name in [kind.to_owned(), format!("{kind}-dead")] {
                let request = queues.client.create_queue().queue_name(format!("{}-{name}", queues.stack));
                let request = request.attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY);
                request.send().await.unwrap();
            }
        }
        queues
    }

    async fn url(&self, name: &str) -> String {
        let request = self.client.get_queue_url().queue_name(format!("{}-{name}", self.stack));
        request.send().await.unwrap().queue_url.unwrap()
    }

    /// Buries a message as the consumers do.
    async fn bury(&self, kind: &str, body: &str, reason: &str) {
        let url = self.url(&format!("{kind}-dead")).await;
        let send = self.client.send_message().queue_url(url).message_body(body);
        let send = send
            .message_attributes("reason", text(reason))
            .message_attributes("original_message_id", text(&uuid()))
            .message_attributes("correlation_id", text("case-7"));
        send.send().await.unwrap();
    }

    /// Takes what is visible now.
    async fn take(&self, name: &str) -> Vec<Message> {
        let url = self.url(name).await;
        let mut taken = Vec::new();
        loop {
            let request = self.client.receive_message().queue_url(&url).max_number_of_messages(10);
            let messages = request.message_attribute_names("All").send().await.unwrap().messages;
            match messages {
                Some(messages) if !messages.is_empty() => taken.extend(messages),
                _ => return taken,
            }
        }
    }

    async fn bodies(&self, name: &str) -> Vec<Value> {
        let taken = self.take(name).await;
        let mut bodies: Vec<Value> = taken
            .iter()
            .map(|message| message.body.as_deref().unwrap())
            .map(|body| serde_json::from_str(body).unwrap_or_else(|_| body.into()))
            .collect();
        bodies.sort_by_key(ToString::to_string);
        bodies
    }
}

#[tokio::test]
async fn listing_shows_why_and_changes_nothing() {
    let queues = Queues::new().await;
    for _ in 0..2 {
        queues.bury("rvision", &delivery("alert-1", "target-1"), "R-Vision refuses the token").await;
    }
    queues.bury("kuma", &delivery("alert-2", "target-2"), "there is no such alert").await;
    queues.bury("pull", "{\"tenantID\": canary", "the body can not be read").await;
    let row = json!({"incidentID": "INC-1", "row": "export"});
    queues.bury("ncircc", &row.to_string(), "there is no such row").await;

    for dry in [&[][..], &["--dry-run"]] {
        let said = redrive(&queues.stack, dry).await.expect(0);
        let alike = said.rows("R-Vision refuses the token");
        assert_eq!(alike.len(), 1, "{}", said.out);
        assert_eq!(alike[0][..5], ["rvision", "tenant-1", "alert-1", "target-1", "2"]);
        assert_eq!(said.rows("there is no such alert")[0][..4], ["kuma", "tenant-1", "alert-2", "target-2"]);
        assert_eq!(said.rows("the body can not be read")[0][..4], ["pull", "-", "-", "-"]);
        assert_eq!(said.rows("there is no such row")[0][..4], ["ncircc", "-", "INC-1", "export"]);
        assert!(!said.out.contains("canary"), "{}", said.out);
        assert!(said.out.ends_with("5 dead letters. Nothing was changed: --yes queues them again.\n"));
    }
    let one = redrive(&queues.stack, &["--queue", "kuma"]).await.expect(0);
    assert!(one.out.contains("1 dead letter. Nothing"), "{}", one.out);

    // All of them are visible at once, as they were.
    assert_eq!(queues.take("rvision-dead").await.len(), 2);
    assert_eq!(queues.bodies("kuma-dead").await.len(), 1);
    assert_eq!(queues.bodies("pull-dead").await, [Value::from("{\"tenantID\": canary")]);
    assert_eq!(queues.bodies("ncircc-dead").await, [row]);
    for queue in ["rvision", "kuma", "pull", "ncircc", "ldap"] {
        assert!(queues.take(queue).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_chosen_is_queued_again_and_nothing_else() {
    let queues = Queues::new().await;
    queues.bury("rvision", &delivery("alert-1", "target-1"), "Certificate unknown").await;
    queues.bury("rvision", &delivery("alert-2", "target-1"), "the token is refused").await;
    queues.bury("rvision", &delivery("alert-3", "target-2"), "certificate unknown").await;
    let work = json!({"tenantID": "tenant-1", "targetID": "target-1", "pull": true}).to_string();
    queues.bury("pull", &work, "certificate unknown").await;

    let chosen = ["--target", "target-1", "--reason", "certificate", "--newer", "1h"];
    let said = redrive(&queues.stack, &[&chosen[..], &["--yes"]].concat()).await.expect(0);
    assert!(said.out.ends_with("2 dead letters queued again, 2 others left as they are.\n"), "{}", said.out);

    let again = queues.take("rvision").await;
    assert_eq!(again.len(), 1);
    let body: Value = serde_json::from_str(again[0].body.as_deref().unwrap()).unwrap();
    let wanted = json!({"tenantID": "tenant-1", "alertID": "alert-1", "targetID": "target-1", "again": true});
    assert_eq!(body, wanted);
    let attributes = again[0].message_attributes.as_ref().unwrap();
    assert_eq!(attributes["correlation_id"].string_value.as_deref(), Some("case-7"));
    assert!(!attributes.contains_key("reason"));
    // A question to a KUMA Core is asked again as it was.
    assert_eq!(queues.bodies("pull").await, [serde_json::from_str::<Value>(&work).unwrap()]);

    let left: Vec<Value> = queues.bodies("rvision-dead").await;
    assert_eq!(left.iter().map(|body| &body["alertID"]).collect::<Vec<_>>(), ["alert-2", "alert-3"]);
    assert!(queues.take("pull-dead").await.is_empty());
    let none = redrive(&queues.stack, &["--older", "1d"]).await.expect(0);
    assert!(none.out.contains("No dead letter fits") || none.out.contains("hidden"), "{}", none.out);
}

#[tokio::test]
async fn a_long_queue_is_emptied_to_its_end() {
    let queues = Queues::new().await;
    for number in 0..64 {
        queues.bury("kuma", &delivery(&format!("alert-{number}"), "target-1"), "busy").await;
    }
    let said = redrive(&queues.stack, &["--queue", "kuma", "--yes"]).await.expect(0);
    assert!(said.out.ends_with("64 dead letters queued again.\n"), "{}", said.out);
    assert_eq!(queues.take("kuma").await.len(), 64);
    let said = redrive(&queues.stack, &["--queue", "kuma"]).await.expect(0);
    assert_eq!(said.out, "There are no dead letters.\n");
}

#[tokio::test]
async fn a_letter_that_can_not_be_queued_stays() {
    let queues = Queues::new().await;
    let small = queues.client.set_queue_attributes().queue_url(queues.url("kuma").await);
    small.attributes(QueueAttributeName::MaximumMessageSize, "1024").send().await.unwrap();
    queues.bury("kuma", &delivery(&"a".repeat(1100), "target-1"), "busy").await;
    queues.bury("kuma", &delivery("alert-1", "target-1"), "busy").await;
    let said = redrive(&queues.stack, &["--yes"]).await.expect(1);
    assert!(said.out.contains("not queued, still a dead letter"), "{}", said.out);
    assert!(said.out.contains("1 dead letter queued again."), "{}", said.out);
    assert_eq!(queues.take("kuma").await.len(), 1);
    assert_eq!(queues.take("kuma-dead").await.len(), 1);
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_named() {
    let _ = World::new();
    let said = redrive("e2e-no-such-stack", &["--yes"]).await.expect(1);
    assert!(said.err.contains("e2e-no-such-stack-rvision") && said.err.contains("--stack"), "{}", said.err);
    let said = redrive("e2e", &["--all"]).await.expect(2);
    assert!(said.err.contains("`--all` does not belong here"), "{}", said.err);
}

/// From the consumer to the dead-letter queue and back to the consumer, which gives up once more.
#[tokio::test]
async fn the_consumer_of_the_stack_gets_it_again() {
    let world = World::new();
    let client = Aws::load().await.sqs();
    let alert = uuid();
    let send = client.send_message().queue_url(&world.stack.kuma_queue);
    send.message_body(delivery(&alert, &uuid())).send().await.unwrap();

    let letters = async |count: usize, args: &[&str]| {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let all = [&["--queue", "kuma", "--alert", &alert][..], args].concat();
            let said = redrive(&world.stack.name, &all).await.expect(0);
            if said.rows(&alert).len() == count {
                return said;
            }
            assert!(Instant::now() < deadline, "{}", said.out);
        }
    };
    let said = letters(1, &[]).await;
    assert!(said.out.contains("there is no such alert"), "{}", said.out);
    let said = letters(1, &["--yes"]).await;
    assert!(said.out.contains("1 dead letter queued again"), "{}", said.out);
    // It is given up again, and still says that a person wanted it.
    letters(1, &[]).await;
    letters(1, &["--yes"]).await;
}

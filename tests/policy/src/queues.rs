//! The rule about queues: work that fails is kept, seen, and never handed out twice at once.

use serde_json::Value;

use crate::{
    Result,
    template::{Resource, Template, items, target},
};

/// A message must stay invisible for at least this many times the consumer's time-out.
const VISIBILITY_FACTOR: u64 = 6;
/// Visibility of a queue that sets none, in seconds.
const DEFAULT_VISIBILITY: u64 = 30;

/// What is wrong with the queues of a template: each needs a dead-letter queue or is one, each
/// dead-letter queue needs an alarm on its depth, and each consumer a visibility that fits.
///
/// # Errors
/// When the functions can not be read.
pub fn violations(template: &Template) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let dead: Vec<&str> = template.all("AWS::SQS::Queue").filter_map(dead_letter_queue).collect();
    for queue in template.all("AWS::SQS::Queue") {
        let id = queue.id;
        let is_dead = dead.contains(&id);
        if !is_dead && dead_letter_queue(queue).and_then(|dlq| template.resource(dlq)).is_none() {
            found.push(format!("{id}: no dead-letter queue"));
        }
        let (metric, what) = if is_dead {
            ("ApproximateNumberOfMessagesVisible", "depth")
        } else {
            ("ApproximateAgeOfOldestMessage", "age")
        };
        if template.alarms(metric, id).next().is_none() {
            found.push(format!("{id}: no alarm on its {what}"));
        }
        let visibility =
            queue.property("/VisibilityTimeout").and_then(Value::as_u64).unwrap_or(DEFAULT_VISIBILITY);
        for function in template.functions()? {
            let reads = consumed(template, function.resource.id).contains(&id);
            if reads && visibility < VISIBILITY_FACTOR * function.timeout {
                found.push(format!(
                    "{id}: visibility {visibility} s is under {VISIBILITY_FACTOR} x {} s of {}",
                    function.timeout, function.resource.id
                ));
            }
        }
    }
    Ok(found)
}

fn dead_letter_queue(queue: Resource<'_>) -> Option<&str> {
    queue.property("/RedrivePolicy/deadLetterTargetArn").and_then(target)
}

/// The queues that a function reads, by SAM event or by a mapping of its own.
fn consumed<'a>(template: &'a Template, function: &'a str) -> Vec<&'a str> {
    let events = template
        .resource(function)
        .and_then(|function| function.property("/Events"))
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(_, event)| event.pointer("/Properties/Queue").and_then(target));
    let mappings = template
        .all("AWS::Lambda::EventSourceMapping")
        .filter(move |mapping| mapping.property("/FunctionName").and_then(target) == Some(function))
        .filter_map(|mapping| items(mapping.property("/EventSourceArn")).find_map(target));
    events.chain(mappings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 60, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}}
  Dead: {Type: AWS::SQS::Queue}
  Sender:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: x/sender/, Timeout: 10, Events: {Work: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn}}}}
  Old:
    Type: AWS::CloudWatch::Alarm
    Properties: {MetricName: ApproximateAgeOfOldestMessage, Dimensions: [{Name: QueueName, Value: !GetAtt Work.QueueName}]}
  Full:
    Type: AWS::CloudWatch::Alarm
    Properties: {MetricName: ApproximateNumberOfMessagesVisible, Dimensions: [{Name: QueueName, Value: !GetAtt Dead.QueueName}]}
";

    fn judged(text: &str) -> Vec<String> {
        violations(&Template::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn a_good_queue_passes_and_each_omission_is_found() {
        assert_eq!(judged(GOOD), Vec::<String>::new());
        let cases = [
            ("VisibilityTimeout: 60", "VisibilityTimeout: 59", "under 6 x 10 s"),
            ("VisibilityTimeout: 60, ", "", "visibility 30 s"),
            ("!GetAtt Dead.Arn", "!GetAtt Nowhere.Arn", "no dead-letter queue"),
            ("ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent", "no alarm on its depth"),
            ("ApproximateAgeOfOldestMessage", "NumberOfMessagesSent", "no alarm on its age"),
        ];
        for (from, to, expected) in cases {
            let found = judged(&GOOD.replace(from, to));
            assert!(found.iter().any(|violation| violation.contains(expected)), "{to}: {found:?}");
        }
    }
}

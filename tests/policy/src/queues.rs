//! The rule about queues: work that fails is kept, seen, and never handed out twice at once.

use serde_json::Value;

use crate::{
    Result,
    template::{Function, Resource, Template, items, target},
};

/// A message must stay invisible for at least this many times the consumer's time-out.
const VISIBILITY_FACTOR: u64 = 6;
/// Visibility of a queue that sets none, in seconds.
const DEFAULT_VISIBILITY: u64 = 30;
/// The longest that SQS keeps a message, in seconds: a person has to have time to look.
const LONGEST_RETENTION: u64 = 14 * 24 * 60 * 60;
/// What a consumer does with its queue.
const CONSUMER_ACTIONS: [&str; 4] =
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];

/// What is wrong with the queues of a template: each is encrypted and has a dead-letter queue or is
/// one, each dead-letter queue keeps its messages as long as can be, takes them from its own queue
/// alone and has an alarm on its depth, and each consumer a visibility that fits, a mapping that
/// takes partial failures and a limit of its own, and the permissions it needs for both queues.
///
/// # Errors
/// When the functions can not be read.
pub fn violations(template: &Template) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let dead: Vec<&str> = template.all("AWS::SQS::Queue").filter_map(dead_letter_queue).collect();
    for queue in template.all("AWS::SQS::Queue") {
        let id = queue.id;
        let is_dead = dead.contains(&id);
        if queue.property("/SqsManagedSseEnabled") != Some(&Value::Bool(true)) {
            found.push(format!("{id}: not encrypted"));
        }
        if is_dead {
            found.extend(dead_faults(queue));
        }
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
            if !consumed(template, function.resource.id).contains(&id) {
                continue;
            }
            if visibility < VISIBILITY_FACTOR * function.timeout {
                found.push(format!(
                    "{id}: visibility {visibility} s is under {VISIBILITY_FACTOR} x {} s of {}",
                    function.timeout, function.resource.id
                ));
            }
            found.extend(permission_faults(template, queue, &function)?);
        }
    }
    for mapping in template.all("AWS::Lambda::EventSourceMapping") {
        found.extend(mapping_faults(template, mapping));
    }
    Ok(found)
}

fn dead_faults(queue: Resource<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if queue.property("/MessageRetentionPeriod").and_then(Value::as_u64) != Some(LONGEST_RETENTION) {
        found.push(format!("{}: does not keep its messages for {LONGEST_RETENTION} s", queue.id));
    }
    let by_queue = queue.property("/RedriveAllowPolicy/redrivePermission").is_some_and(|by| by == "byQueue");
    let sources = items(queue.property("/RedriveAllowPolicy/sourceQueueArns")).count();
    if !by_queue || sources != 1 {
        found.push(format!("{}: any queue may move messages into it", queue.id));
    }
    found
}

/// What a consumer may not do with its queue and its dead-letter queue, though it has to.
fn permission_faults(
    template: &Template,
    queue: Resource<'_>,
    function: &Function<'_>,
) -> Result<Vec<String>> {
    let permissions = template.permissions(function)?;
    let may = |action: &str, on: &str| {
        permissions.iter().any(|statement| {
            statement.actions.contains(&action)
                && statement.resources.iter().any(|resource| target(resource) == Some(on))
        })
    };
    let own = CONSUMER_ACTIONS.map(|action| (action, Some(queue.id)));
    let needed = own.into_iter().chain([("sqs:SendMessage", dead_letter_queue(queue))]);
    Ok(needed
        .filter_map(|(action, on)| on.map(|on| (action, on)))
        .filter(|(action, on)| !may(action, on))
        .map(|(action, on)| format!("{}: may not {action} on {on}", function.resource.id))
        .collect())
}

fn mapping_faults(template: &Template, mapping: Resource<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let partial = items(mapping.property("/FunctionResponseTypes"))
        .any(|response| response.as_str() == Some("ReportBatchItemFailures"));
    if !partial {
        found.push(format!("{}: one failure makes a whole batch come back", mapping.id));
    }
    // Above the reserved concurrency the queue would hand out messages only to be refused, and each
    // refusal counts as a receive.
    let limit = mapping.property("/ScalingConfig/MaximumConcurrency");
    let reserved = mapping
        .property("/FunctionName")
        .and_then(target)
        .and_then(|function| template.resource(function))
        .and_then(|function| function.property("/ReservedConcurrentExecutions"));
    if limit.is_none() || limit != reserved {
        found.push(format!("{}: its limit is not the reserved concurrency of its function", mapping.id));
    }
    found
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
    Properties:
      VisibilityTimeout: 60
      SqsManagedSseEnabled: true
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
  Dead:
    Type: AWS::SQS::Queue
    Properties:
      SqsManagedSseEnabled: true
      MessageRetentionPeriod: 1209600
      RedriveAllowPolicy: {redrivePermission: byQueue, sourceQueueArns: ['arn:work']}
  SenderRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement:
              - Effect: Allow
                Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility']
                Resource: !GetAtt Work.Arn
              - {Effect: Allow, Action: 'sqs:SendMessage', Resource: !GetAtt Dead.Arn}
  Sender:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: x/sender/, Timeout: 10, Role: !GetAtt SenderRole.Arn, ReservedConcurrentExecutions: !Ref Limit}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Sender
      EventSourceArn: !GetAtt Work.Arn
      FunctionResponseTypes: [ReportBatchItemFailures]
      ScalingConfig: {MaximumConcurrency: !Ref Limit}
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
            ("      VisibilityTimeout: 60\n", "", "visibility 30 s"),
            ("byQueue", "allowAll", "any queue may move"),
            ("MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600", "keep its messages"),
            ("SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false", "not encrypted"),
            ("'sqs:DeleteMessage', ", "", "may not sqs:DeleteMessage on Work"),
            ("Action: 'sqs:SendMessage'", "Action: 'sqs:Send'", "may not sqs:SendMessage on Dead"),
            ("[ReportBatchItemFailures]", "[]", "whole batch"),
            ("MaximumConcurrency: !Ref Limit", "MaximumConcurrency: 9", "is not the reserved concurrency"),
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

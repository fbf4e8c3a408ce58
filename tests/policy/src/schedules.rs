//! The rule about schedules: each is on, and may do what it is for and nothing else.

use serde_json::Value;

use crate::{
    Result,
    template::{Resource, Statement, Template, items, target},
};

/// Who takes on the role of a schedule.
const SCHEDULER: &str = "scheduler.amazonaws.com";

/// What is wrong with the schedules of a template: each is enabled, on time, bounded in what it tries
/// again, and under a role of its own that allows one action on its target; a function that it calls
/// itself runs once at a time.
///
/// # Errors
/// When there is no schedule to judge.
pub fn violations(template: &Template) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let (mut roles, mut schedules) = (Vec::new(), 0);
    for schedule in template.all("AWS::Scheduler::Schedule") {
        schedules += 1;
        let id = schedule.id;
        if schedule.property("/State").is_none_or(|state| state != "ENABLED") {
            found.push(format!("{id}: not enabled"));
        }
        if schedule.property("/FlexibleTimeWindow/Mode").is_none_or(|mode| mode != "OFF") {
            found.push(format!("{id}: comes at any time of a window"));
        }
        if schedule.property("/Target/RetryPolicy/MaximumEventAgeInSeconds").is_none() {
            found.push(format!("{id}: tries what is late for a day"));
        }
        let role = schedule
            .property("/Target/RoleArn")
            .and_then(target)
            .and_then(|role| template.resource(role))
            .filter(|role| role.kind() == "AWS::IAM::Role");
        match role {
            None => found.push(format!("{id}: no role of the template")),
            Some(role) if roles.contains(&role.id) => found.push(format!("{id}: shares its role")),
            Some(role) => {
                roles.push(role.id);
                found.extend(role_faults(template, schedule, role));
            }
        }
    }
    if schedules == 0 { Err("no schedule was found".into()) } else { Ok(found) }
}

fn role_faults(template: &Template, schedule: Resource<'_>, role: Resource<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let trust: Vec<&Value> = items(role.property("/AssumeRolePolicyDocument/Statement")).collect();
    let scheduler_of_this_account = |statement: &&Value| {
        statement.pointer("/Principal/Service").is_some_and(|service| service == SCHEDULER)
            && statement.pointer("/Condition/StringEquals/aws:SourceAccount").is_some()
    };
    if trust.len() != 1 || !trust.iter().all(scheduler_of_this_account) {
        found.push(format!("{}: others than the scheduler of this account may take it", role.id));
    }
    let on = schedule.property("/Target/Arn").and_then(target).and_then(|on| template.resource(on));
    let Some(on) = on else {
        found.push(format!("{}: its target is not in the template", schedule.id));
        return found;
    };
    let wanted = match on.kind() {
        "AWS::Serverless::Function" => "lambda:InvokeFunction",
        "AWS::SQS::Queue" => "sqs:SendMessage",
        other => {
            found.push(format!("{}: no rule for a schedule of {other}", schedule.id));
            return found;
        }
    };
    if on.kind() == "AWS::Serverless::Function"
        && on.property("/ReservedConcurrentExecutions").and_then(Value::as_u64) != Some(1)
    {
        found.push(format!("{}: two runs of {} may meet", schedule.id, on.id));
    }
    let fits = |statement: &Statement<'_>| {
        statement.actions == [wanted]
            && statement.resources.iter().map(|resource| target(resource)).eq([Some(on.id)])
    };
    let statements: Vec<Statement<'_>> =
        template.statements().into_iter().filter(|statement| statement.owner == role.id).collect();
    if statements.len() != 1 || !statements.iter().all(fits) {
        found.push(format!("{}: must allow {wanted} on {} and nothing else", role.id, on.id));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
Resources:
  Work: {Type: AWS::SQS::Queue}
  Other: {Type: AWS::SQS::Queue}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Principal: {Service: scheduler.amazonaws.com}
            Condition: {StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}}
      Policies:
        - PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:SendMessage', Resource: !GetAtt Work.Arn}]}
  Turn:
    Type: AWS::Scheduler::Schedule
    Properties:
      State: ENABLED
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt Work.Arn, RoleArn: !GetAtt Role.Arn, RetryPolicy: {MaximumEventAgeInSeconds: 60}}
";

    fn judged(text: &str) -> Vec<String> {
        violations(&Template::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn a_good_schedule_passes_and_each_omission_is_found() {
        assert_eq!(judged(GOOD), Vec::<String>::new());
        let cases = [
            ("ENABLED", "DISABLED", "not enabled"),
            ("'OFF'", "FLEXIBLE", "any time"),
            (", RetryPolicy: {MaximumEventAgeInSeconds: 60}", "", "late for a day"),
            ("!GetAtt Role.Arn", "!GetAtt Work.Arn", "no role"),
            ("scheduler.amazonaws.com", "lambda.amazonaws.com", "others than the scheduler"),
            ("aws:SourceAccount", "aws:Nothing", "others than the scheduler"),
            ("sqs:SendMessage", "sqs:DeleteMessage", "must allow sqs:SendMessage on Work"),
            (
                "Resource: !GetAtt Work.Arn",
                "Resource: !GetAtt Other.Arn",
                "must allow sqs:SendMessage on Work",
            ),
            ("Target: {Arn: !GetAtt Work.Arn", "Target: {Arn: !GetAtt Gone.Arn", "not in the template"),
            ("Target: {Arn: !GetAtt Work.Arn", "Target: {Arn: !GetAtt Role.Arn", "no rule for"),
        ];
        for (from, to, expected) in cases {
            let found = judged(&GOOD.replace(from, to));
            assert!(found.iter().any(|violation| violation.contains(expected)), "{to}: {found:?}");
        }
    }

    #[test]
    fn a_function_that_is_called_by_time_runs_once_at_a_time() {
        let function =
            "Work: {Type: AWS::Serverless::Function, Properties: {ReservedConcurrentExecutions: 1}}";
        let good = GOOD
            .replace("Work: {Type: AWS::SQS::Queue}", function)
            .replace("sqs:SendMessage", "lambda:InvokeFunction");
        assert_eq!(judged(&good), Vec::<String>::new());
        let found =
            judged(&good.replace("ReservedConcurrentExecutions: 1", "ReservedConcurrentExecutions: 2"));
        assert!(found.iter().any(|violation| violation.contains("two runs of Work may meet")), "{found:?}");
    }
}

//! The SAM template as JSON, short forms such as `!Ref` written out, and what rules ask of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::Result;

/// A template.
#[derive(Clone, Debug)]
pub struct Template {
    document: Value,
}

/// One resource.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its logical id.
    pub id: &'a str,
    /// All of it.
    pub body: &'a Value,
}

impl<'a> Resource<'a> {
    /// Its type.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        self.body.get("Type").and_then(Value::as_str).unwrap_or_default()
    }

    /// A property, by a JSON pointer such as `/SSESpecification/SSEEnabled`.
    #[must_use]
    pub fn property(&self, pointer: &str) -> Option<&'a Value> {
        self.body.get("Properties")?.pointer(pointer)
    }
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function<'a> {
    /// The resource.
    pub resource: Resource<'a>,
    /// Its name: the last directory of `CodeUri`.
    pub name: String,
    /// Its time-out in seconds.
    pub timeout: u64,
    /// The role it runs under, by logical id.
    pub role: Option<&'a str>,
    /// Names of its environment variables, the global ones included.
    pub variables: BTreeSet<String>,
}

/// A statement of an IAM policy that allows something.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// The resource that holds the policy.
    pub owner: &'a str,
    /// Its `Sid`.
    pub sid: &'a str,
    /// What it allows.
    pub actions: Vec<&'a str>,
    /// On what.
    pub resources: Vec<&'a Value>,
    /// Under which condition.
    pub condition: Option<&'a Value>,
}

/// A route of the HTTP API.
#[derive(Clone, Debug)]
pub struct Route<'a> {
    /// Logical id.
    pub id: &'a str,
    /// Method.
    pub method: &'a str,
    /// Path, with its trailing slash if it has one.
    pub path: &'a str,
    /// Logical id of the function that answers.
    pub function: &'a str,
}

impl Route<'_> {
    /// The path without a trailing slash.
    #[must_use]
    pub fn bare_path(&self) -> &str {
        self.path.strip_suffix('/').unwrap_or(self.path)
    }
}

impl Template {
    /// The template of this repository.
    ///
    /// # Errors
    /// When it can not be read.
    pub fn load() -> Result<Self> {
        Self::parse(&crate::text("infra/template.yaml")?)
    }

    /// A template from its text.
    ///
    /// # Errors
    /// When it is no YAML, or has a key that is no text.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { document: plain(serde_yaml_ng::from_str(text)?)? })
    }

    /// A top-level section such as `Parameters`; empty when it is not there.
    pub fn section<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        entries(self.document.get(name))
    }

    /// A value by JSON pointer.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer)
    }

    /// A resource by its logical id.
    #[must_use]
    pub fn resource<'a>(&'a self, id: &'a str) -> Option<Resource<'a>> {
        Some(Resource { id, body: self.document.get("Resources")?.get(id)? })
    }

    /// The resources of a type.
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Resource<'a>> {
        self.section("Resources")
            .map(|(id, body)| Resource { id, body })
            .filter(move |found| found.kind() == kind)
    }

    /// The functions.
    ///
    /// # Errors
    /// When one has no time-out or no `CodeUri`.
    pub fn functions(&self) -> Result<Vec<Function<'_>>> {
        self.all("AWS::Serverless::Function").map(|resource| self.function(resource)).collect()
    }

    fn function<'a>(&'a self, resource: Resource<'a>) -> Result<Function<'a>> {
        let id = resource.id;
        let code = resource
            .property("/CodeUri")
            .and_then(Value::as_str)
            .ok_or_else(|| format!("{id}: no CodeUri"))?;
        let global = self.at("/Globals/Function");
        let timeout = resource
            .property("/Timeout")
            .or_else(|| global?.get("Timeout"))
            .and_then(Value::as_u64)
            .ok_or_else(|| format!("{id}: no Timeout"))?;
        let variables = entries(global.and_then(|global| global.pointer("/Environment/Variables")))
            .chain(entries(resource.property("/Environment/Variables")))
            .map(|(name, _)| name.to_owned())
            .collect();
        Ok(Function {
            resource,
            name: code.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned(),
            timeout,
            role: resource.property("/Role").and_then(target),
            variables,
        })
    }

    /// Every statement of every policy that allows something, the trust of roles left out.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement<'_>> {
        let mut found = Vec::new();
        for (id, body) in self.section("Resources") {
            collect_statements(id, body, &mut found);
        }
        found
    }

    /// What a function may do.
    ///
    /// # Errors
    /// When it has no role of the template.
    pub fn permissions<'a>(&'a self, function: &Function<'a>) -> Result<Vec<Statement<'a>>> {
        let role =
            function.role.ok_or_else(|| format!("{}: no role of the template", function.resource.id))?;
        Ok(self.statements().into_iter().filter(|statement| statement.owner == role).collect())
    }

    /// The routes.
    ///
    /// # Errors
    /// When one has no method and path, or no integration that is a function of the template.
    pub fn routes(&self) -> Result<Vec<Route<'_>>> {
        self.all("AWS::ApiGatewayV2::Route").map(|route| self.route(route)).collect()
    }

    fn route<'a>(&'a self, route: Resource<'a>) -> Result<Route<'a>> {
        let id = route.id;
        let key = route.property("/RouteKey").and_then(Value::as_str).unwrap_or_default();
        let (method, path) =
            key.split_once(' ').ok_or_else(|| format!("{id}: {key:?} is no method and path"))?;
        let integration = route
            .property("/Target/Fn::Sub")
            .and_then(Value::as_str)
            .and_then(|text| text.strip_prefix("integrations/${")?.strip_suffix('}'))
            .and_then(|id| self.resource(id))
            .ok_or_else(|| format!("{id}: its target is no integration of the template"))?;
        let function = integration
            .property("/IntegrationUri")
            .and_then(target)
            .filter(|id| self.resource(id).is_some_and(|found| found.kind() == "AWS::Serverless::Function"))
            .ok_or_else(|| format!("{}: calls no function of the template", integration.id))?;
        Ok(Route { id, method, path, function })
    }

    /// The alarms on a metric of a resource: those with a dimension that refers to it.
    pub fn alarms<'a>(&'a self, metric: &'a str, on: &'a str) -> impl Iterator<Item = Resource<'a>> {
        self.all("AWS::CloudWatch::Alarm").filter(move |alarm| {
            alarm.property("/MetricName").and_then(Value::as_str) == Some(metric)
                && items(alarm.property("/Dimensions"))
                    .any(|dimension| dimension.get("Value").and_then(target) == Some(on))
        })
    }
}

/// The logical id behind a `Ref` or `Fn::GetAtt`.
#[must_use]
pub fn target(value: &Value) -> Option<&str> {
    value.get("Ref").or_else(|| value.get("Fn::GetAtt")?.get(0)).and_then(Value::as_str)
}

/// The elements of a list; a single value counts as a list of one, nothing as an empty one.
pub fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (list, single) = match value {
        Some(Value::Array(list)) => (list.as_slice(), None),
        other => (&[][..], other),
    };
    list.iter().chain(single)
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn collect_statements<'a>(owner: &'a str, value: &'a Value, found: &mut Vec<Statement<'a>>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if key == "AssumeRolePolicyDocument" {
                    continue;
                }
                if key == "Statement" {
                    found.extend(items(Some(inner)).filter_map(|statement| allowed(owner, statement)));
                }
                collect_statements(owner, inner, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| collect_statements(owner, inner, found)),
        _ => {}
    }
}

fn allowed<'a>(owner: &'a str, statement: &'a Value) -> Option<Statement<'a>> {
    (statement.get("Effect")? == "Allow").then(|| Statement {
        owner,
        sid: statement.get("Sid").and_then(Value::as_str).unwrap_or_default(),
        // NotAction allows all but a list: to a rule that is the same as a wildcard.
        actions: if statement.get("NotAction").is_some() {
            vec!["*"]
        } else {
            items(statement.get("Action")).filter_map(Value::as_str).collect()
        },
        resources: items(statement.get("Resource")).collect(),
        condition: statement.get("Condition"),
    })
}

/// YAML as JSON: `!Ref X` becomes `{"Ref": "X"}`, `!GetAtt A.B` `{"Fn::GetAtt": ["A", "B"]}`, and so on.
///
/// # Errors
/// A key that is no text, or a number JSON does not have.
pub fn plain(yaml: Yaml) -> Result<Value> {
    Ok(match yaml {
        Yaml::Sequence(list) => Value::Array(list.into_iter().map(plain).collect::<Result<_>>()?),
        Yaml::Mapping(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| {
                    let key = key.as_str().ok_or_else(|| format!("{key:?} is no text"))?.to_owned();
                    Ok((key, plain(value)?))
                })
                .collect::<Result<Map<_, _>>>()?,
        ),
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let value = plain(tagged.value)?;
            match (name, value) {
                ("Ref" | "Condition", value) => json!({ name: value }),
                ("GetAtt", Value::String(text)) => {
                    let (id, attribute) = text.split_once('.').unwrap_or((&text, ""));
                    json!({ "Fn::GetAtt": [id, attribute] })
                }
                (name, value) => json!({ format!("Fn::{name}"): value }),
            }
        }
        other => serde_json::to_value(other)?,
    })
}

/// Whether a pattern, in which `*` stands for any text, covers a whole text.
#[must_use]
pub fn covers(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            tail.char_indices()
                .map(|(at, _)| at)
                .chain([tail.len()])
                .any(|at| tail.get(at..).is_some_and(|tail| covers(rest, tail)))
        }),
    }
}

/// Groups routes by the function that answers them.
#[must_use]
pub fn by_function<'a>(routes: &[Route<'a>]) -> BTreeMap<&'a str, Vec<Route<'a>>> {
    let mut grouped: BTreeMap<&str, Vec<Route<'_>>> = BTreeMap::new();
    for route in routes {
        grouped.entry(route.function).or_default().push(route.clone());
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_written_out() {
        let template =
            Template::parse("A: !Ref X\nB: !GetAtt X.Y.Z\nC: !Sub '${X}'\nD: !If [P, !Ref Q, r]").unwrap();
        let expected = json!({
            "A": {"Ref": "X"}, "B": {"Fn::GetAtt": ["X", "Y.Z"]}, "C": {"Fn::Sub": "${X}"},
            "D": {"Fn::If": ["P", {"Ref": "Q"}, "r"]},
        });
        assert_eq!(template.document, expected);
    }

    #[test]
    fn a_pattern_covers_whole_texts_only() {
        assert!(covers("GET/api/*/alerts*", "GET/api/v1/alerts/"));
        assert!(covers("*/bridge/v1/tokens*", "DELETE/bridge/v1/tokens/{id}"));
        assert!(!covers("GET/api/*/alerts", "GET/api/v1/alerts/"));
        assert!(!covers("GET/api/*/alerts*", "POST/api/v1/alerts"));
    }

    #[test]
    fn statements_are_found_wherever_they_are_and_trust_is_not_one() {
        let template = Template::parse(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: 'x:*'}]}\n      Policies: [{PolicyDocument: {Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}}]\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Policies: [{Statement: [{Effect: Allow, NotAction: 'a:B', Resource: '*'}]}]}\n",
        )
        .unwrap();
        let found: Vec<_> = template.statements().iter().map(|s| (s.owner, s.actions.join(","))).collect();
        assert_eq!(found.len(), 2);
        assert!(found.contains(&("R", "s3:*".to_owned())) && found.contains(&("F", "*".to_owned())));
    }
}

//! Tests of the store run on tables of an engine in their process: these are those of the template.

use std::collections::BTreeMap;

use bridge_engine::{CACHE, Engine, INVENTORY, STATE};
use bridge_policy::{Result, template::Template};
use serde_json::{Value, json};

/// Keys as the template writes them.
fn keys<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    pairs.into_iter().map(|(name, kind)| json!({"AttributeName": name, "KeyType": kind})).collect()
}

#[tokio::test]
async fn the_engines_tables_are_the_templates() -> Result<()> {
    let template = Template::load()?;
    let engine = Engine::start().await.map_err(|error| error.to_string())?;
    for (name, id) in [(STATE, "StateTable"), (CACHE, "CacheTable"), (INVENTORY, "InventoryTable")] {
        let wanted = template.resource(id).ok_or_else(|| format!("no {id}"))?;
        let answer = engine.client.describe_table().table_name(name).send().await?;
        let table = answer.table().ok_or_else(|| format!("no {name}"))?;
        let own = table.key_schema().iter().map(|key| (key.attribute_name(), key.key_type().as_str()));
        assert_eq!(Some(&keys(own)), wanted.property("/KeySchema"), "{name}");

        let mut indexes = BTreeMap::new();
        for index in table.global_secondary_indexes() {
            let projection = index.projection().ok_or("an index without a projection")?;
            let mut shown = json!({
                "ProjectionType": projection.projection_type().map(|kind| kind.as_str().to_owned()),
            });
            if !projection.non_key_attributes().is_empty() {
                shown["NonKeyAttributes"] = json!(projection.non_key_attributes());
            }
            let key = index.key_schema().iter().map(|key| (key.attribute_name(), key.key_type().as_str()));
            indexes.insert(index.index_name().unwrap_or_default().to_owned(), json!([keys(key), shown]));
        }
        let listed = wanted.property("/GlobalSecondaryIndexes").and_then(Value::as_array);
        let wanted: BTreeMap<String, Value> = listed
            .into_iter()
            .flatten()
            .map(|index| {
                let name = index["IndexName"].as_str().unwrap_or_default().to_owned();
                (name, json!([index["KeySchema"], index["Projection"]]))
            })
            .collect();
        assert_eq!(indexes, wanted, "{name}");
    }
    Ok(())
}

//! The faults of `docs/reference/emulator.md`, and whether they are played.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::faults::Fault;
use crate::operations::named_in_the_adapters;

/// The effects that the reference shows, and that no cell can have.
pub(crate) fn unplayed(reference: &str) -> BTreeSet<String> {
    let operations = named_in_the_adapters();
    let cells = Fault::ALL.into_iter().flat_map(|fault| {
        let meant = operations
            .iter()
            .filter(move |operation| fault.left_out(operation).is_none());
        meant.map(move |operation| variant(&fault.effect(operation)))
    });
    let played: BTreeSet<String> = cells.collect();
    let shown: BTreeSet<String> = effects(reference).iter().map(variant).collect();
    assert!(shown.len() > 20, "{shown:?}");
    &shown - &played
}

/// Every effect in an example of the page.
fn effects(reference: &str) -> Vec<Value> {
    let blocks = reference.split("```json").skip(1);
    let lists =
        blocks.filter_map(|block| serde_json::from_str::<Value>(block.split("```").next()?).ok());
    lists
        .flat_map(|list| list.as_array().cloned().unwrap_or_default())
        .map(|fault| fault["effect"].clone())
        .filter(Value::is_object)
        .collect()
}

/// What tells one effect from another: its fields, those within it, and the words among which one is chosen; not numbers,
/// durations, and what somebody writes. A refusal that is written out is one of any kind.
fn variant(effect: &Value) -> String {
    if effect.get("status").is_some() {
        return "status".to_owned();
    }
    let fields = effect.as_object().into_iter().flatten();
    let told = fields.map(|(name, value)| match (name.as_str(), value) {
        ("preset" | "reset", Value::String(word)) => format!("{name} {word}"),
        (_, Value::Object(within)) => {
            let within: Vec<&str> = within.keys().map(String::as_str).collect();
            format!("{name} {}", within.join(" and "))
        }
        (_, _) => name.clone(),
    });
    told.collect::<Vec<String>>().join(", ")
}

#[test]
fn a_variant_of_an_effect_is_another_one() {
    let reference = r#"
```json
[
  { "effect": { "staleList": { "seconds": 10 } } },
  { "effect": { "staleList": { "writes": 1 } } },
  { "effect": { "preset": "tooManyRequests" } },
  { "effect": { "preset": "tooManyRequests", "retryAfter": 30 } },
  { "effect": { "reset": "before" } },
  { "effect": { "reset": "after" } },
  { "effect": { "otherWriter": { "merge": { "labels": {} } } } },
  { "effect": { "otherWriter": { "append": { "nats": [] } } } }
]
```
"#;
    let shown: BTreeSet<String> = effects(reference).iter().map(variant).collect();
    assert_eq!(shown.len(), 8, "{shown:?}");
}

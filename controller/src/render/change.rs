//! A field that differs, in one line.

use std::collections::BTreeMap;

use privatelink_core::kinds::FieldChange;
use serde_json::Value;

use crate::printable::in_a_line;

/// The longest value that is shown whole, in characters.
const LONGEST: usize = 72;
/// So many items of a list are shown by their names.
const MOST_ITEMS: usize = 5;
/// So much of what two long values have in common is shown before they part, in characters.
const COMMON: usize = 12;

/// As a plan shows it: from what is there to what will be.
pub(super) fn planned(change: &FieldChange) -> String {
    let FieldChange { field, from, to } = change;
    if let Some((gone, new)) = items_that_differ(from, to) {
        let new = new.map(|items| format!("+ {items}"));
        let gone = gone.map(|items| format!("- {items}"));
        let parts: Vec<String> = new.into_iter().chain(gone).collect();
        return format!("{field}: {}", parts.join(", "));
    }
    let (from, to) = apart(from, to);
    format!("{field}: {from} → {to}")
}

/// As drift shows it: what is there instead of what was applied.
pub(super) fn drifted(change: &FieldChange) -> String {
    let FieldChange { field, from, to } = change;
    if let Some((beside, missing)) = items_that_differ(from, to) {
        let missing = missing.map(|items| format!("without {items}"));
        let beside = beside.map(|items| format!("with {items} beside"));
        let parts: Vec<String> = missing.into_iter().chain(beside).collect();
        return format!("{field}: {}", parts.join(", and "));
    }
    let (from, to) = apart(from, to);
    format!("{field}: {from} instead of {to}")
}

/// The items of two lists that only the first one has, and those that only the second one has. `None` when the lists
/// are short enough to be shown whole, differ in nothing but their order, or are no lists.
fn items_that_differ(from: &Value, to: &Value) -> Option<(Option<String>, Option<String>)> {
    let (Value::Array(before), Value::Array(after)) = (from, to) else {
        return None;
    };
    if whole(from).chars().count().max(whole(to).chars().count()) <= LONGEST {
        return None;
    }
    let only = |one: &[Value], other: &[Value]| -> Vec<String> {
        let differing = one.iter().filter(|item| !other.contains(item));
        differing.map(whole).collect()
    };
    let (gone, new) = (only(before, after), only(after, before));
    // By their last names, where these tell them apart.
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for item in gone.iter().chain(&new) {
        *named.entry(last_name(item)).or_default() += 1;
    }
    let unique = named.values().all(|count| *count == 1);
    let list = |items: &[String]| {
        let shown = items.iter().take(MOST_ITEMS);
        let mut shown: Vec<String> = shown
            .map(|item| cut(if unique { last_name(item) } else { item }))
            .collect();
        if items.len() > MOST_ITEMS {
            shown.push(format!("{} more", items.len() - MOST_ITEMS));
        }
        (!items.is_empty()).then(|| shown.join(", "))
    };
    (!named.is_empty()).then(|| (list(&gone), list(&new)))
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Two values in few words, and never the same words for both.
fn apart(from: &Value, to: &Value) -> (String, String) {
    let (from, to) = (whole(from), whole(to));
    let short = (cut(&from), cut(&to));
    if short.0 != short.1 {
        return short;
    }
    let alike = from.chars().zip(to.chars()).take_while(|(a, b)| a == b);
    let skipped = alike.count().saturating_sub(COMMON);
    let rest = |text: &str| {
        cut(&format!(
            "…{}",
            text.chars().skip(skipped).collect::<String>()
        ))
    };
    (rest(&from), rest(&to))
}

fn whole(value: &Value) -> String {
    let whole = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(word) => word.clone(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other.to_string()
        }
    };
    in_a_line(&whole).into_owned()
}

/// Long texts, such as our own records, by their beginning.
fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(from: Value, to: Value) -> FieldChange {
        FieldChange::new("f", from, to)
    }

    #[test]
    fn long_values_are_shown_by_their_beginning() {
        let one = |value: Value| apart(&value, &json!(1)).0;
        assert_eq!(one(Value::Null), "nothing");
        assert_eq!(one("ALL_TRAFFIC".into()), "ALL_TRAFFIC");
        assert_eq!(one("a\u{202e}b\u{1b}[8m".into()), "a\u{fffd}b\u{fffd}[8m");
        assert_eq!(one("x".repeat(100).into()).chars().count(), 72);
    }

    #[test]
    fn long_values_that_begin_alike_are_shown_where_they_part() {
        let long = |end: &str| Value::from(format!("{}{end}", "x".repeat(100)));
        assert_eq!(
            planned(&change(long("yes"), long("no"))),
            "f: …xxxxxxxxxxxxyes → …xxxxxxxxxxxxno"
        );
    }

    #[test]
    fn of_long_lists_what_differs_is_shown_by_its_name() {
        let path = |name: &str| {
            format!("projects/acme-prod/regions/europe-west1/subnetworks/pl-b0r7rb-5ltpcqd{name}")
        };
        let (one, two, three) = (path("1"), path("2"), path("3"));
        let both = change(json!([one, two]), json!([one, three]));
        assert_eq!(
            planned(&both),
            "f: + pl-b0r7rb-5ltpcqd3, - pl-b0r7rb-5ltpcqd2"
        );
        assert_eq!(
            drifted(&both),
            "f: without pl-b0r7rb-5ltpcqd3, and with pl-b0r7rb-5ltpcqd2 beside"
        );
        let more = change(json!([one]), json!([one, two, three]));
        assert_eq!(
            planned(&more),
            "f: + pl-b0r7rb-5ltpcqd2, pl-b0r7rb-5ltpcqd3"
        );
        assert_eq!(
            drifted(&more),
            "f: without pl-b0r7rb-5ltpcqd2, pl-b0r7rb-5ltpcqd3"
        );
        // The same name in another project.
        let other = one.replace("acme-prod", "acme-test");
        assert_eq!(
            planned(&change(json!([one]), json!([other]))),
            "f: + projects/acme-test/regions/europe-west1/subnetworks/pl-b0r7rb-5ltpcqd1, \
             - projects/acme-prod/regions/europe-west1/subnetworks/pl-b0r7rb-5ltpcqd1"
        );
        let many: Vec<String> = (0..9).map(|n| path(&n.to_string())).collect();
        assert!(planned(&change(json!([]), json!(many))).ends_with("pl-b0r7rb-5ltpcqd4, 4 more"));
        let turned = change(json!([one, two]), json!([two, one]));
        assert!(planned(&turned).contains(" → "));
    }

    #[test]
    fn short_lists_are_shown_whole() {
        let short = change(json!(["a"]), json!(["a", "b"]));
        assert_eq!(planned(&short), r#"f: ["a"] → ["a","b"]"#);
    }
}

//! The page about the report, held to reports: it names every field that they have, and every word where a field takes
//! one of a few.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The page, from the root of the repository.
pub const PAGE: &str = "docs/reference/report.md";

/// Fields such as `steps[].id`, with the texts that they hold.
pub type Fields = BTreeMap<String, BTreeSet<String>>;

/// What has the fields of something else, as the page says.
const ALIKE: [(&str, &str); 2] = [
    ("later[]", "steps[]"),
    ("links[].traceForecast.", "links[].trace."),
];

/// Fields of Google's, whose values may be anything.
const GOOGLES: [&str; 2] = ["steps[].changes[].from", "steps[].changes[].to"];

/// What only a run has that was disturbed in its middle: `apply` goes on, and tells what it tried first.
const DISTURBED: &str = "steps[].mended";

/// Adds the fields of a report.
pub fn note(report: &Value, fields: &mut Fields) {
    walk("", report, fields);
}

fn walk(path: &str, value: &Value, fields: &mut Fields) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = known_as(path, name);
                let texts = fields.entry(path.clone()).or_default();
                texts.extend(member.as_str().map(str::to_owned));
                if !GOOGLES.contains(&path.as_str()) {
                    walk(&path, member, fields);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(&format!("{path}[]"), item, fields);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn known_as(parent: &str, name: &str) -> String {
    let dot = if parent.is_empty() { "" } else { "." };
    let path = format!("{parent}{dot}{name}");
    let alike = |(from, to): &(&str, &str)| path.strip_prefix(from).map(|it| format!("{to}{it}"));
    ALIKE.iter().find_map(alike).unwrap_or(path)
}

/// What the page does not say of these reports, and what it says that none of them has.
pub fn differences(page: &str, reported: &Fields) -> Vec<String> {
    let rows: BTreeMap<&str, &str> = page.lines().filter_map(row).collect();
    let mut wrong = Vec::new();
    for (field, texts) in reported {
        let Some(holds) = rows.get(field.as_str()) else {
            wrong.push(format!("{field} is in a report and not on the page"));
            continue;
        };
        let words = words(holds);
        if holds.starts_with("one of ") {
            let others = texts.iter().filter(|text| !words.contains(text.as_str()));
            wrong.extend(others.map(|text| format!("{field} is {text}, says a report")));
        }
    }
    let never = rows.keys().filter(|field| !reported.contains_key(**field));
    let never = never.filter(|field| **field != DISTURBED);
    wrong.extend(never.map(|field| format!("{field} is on the page and in no report")));
    wrong
}

/// A field, and what it holds: a row of three cells.
fn row(line: &str) -> Option<(&str, &str)> {
    let cells = line.strip_prefix("| `")?.strip_suffix(" |")?;
    let (field, rest) = cells.split_once("` | ")?;
    let (holds, _meaning) = rest.split_once(" | ")?;
    Some((field, holds))
}

/// What is in backticks.
fn words(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fields, differences, note};

    const A_PAGE: &str = "\
| field | what it holds | meaning |
| --- | --- | --- |
| `steps` | list of objects | what is done |
| `steps[].action` | one of `create`, `delete` | what |
| `steps[].changes` | list of objects | field by field |
| `steps[].changes[].to` | anything | what shall be there |
| `later` | list of objects, optional | the same |
";

    fn told(page: &str, reports: &[serde_json::Value]) -> Vec<String> {
        let mut fields = Fields::new();
        for report in reports {
            note(report, &mut fields);
        }
        differences(page, &fields)
    }

    #[test]
    fn a_page_that_names_every_field_and_word_is_right() {
        let change = json!({"to": {"anything": "else"}});
        let reports = [
            json!({"steps": [{"action": "create", "changes": [change]}]}),
            json!({"later": [{"action": "delete"}]}),
        ];
        assert_eq!(told(A_PAGE, &reports), Vec::<String>::new());
    }

    #[test]
    fn what_the_page_lacks_and_what_it_invents_is_told() {
        let reports =
            [json!({"steps": [{"action": "update", "why": "a reason", "changes": [{"to": 1}]}]})];
        let wrong = [
            "steps[].action is update, says a report",
            "steps[].why is in a report and not on the page",
            "later is on the page and in no report",
        ];
        assert_eq!(told(A_PAGE, &reports), wrong);
    }
}

//! A report as the lines of a golden: short enough to review, complete enough to notice any change.

use std::fmt::Write as _;

use serde_json::Value;

/// What a command answered, in lines.
pub fn transcript(title: &str, code: i32, report: &Value, requests: &Value) -> String {
    let mut text = format!("## {title}: exit {code}\n");
    let summary = &report["summary"];
    let counts: Vec<String> = ["create", "update", "delete", "wait", "refuse", "nothing"]
        .iter()
        .map(|action| format!("{action} {}", summary[*action]))
        .collect();
    let _ = writeln!(text, "{}", counts.join(", "));
    for step in items(&report["steps"]) {
        step_lines(&mut text, step);
    }
    for link in items(&report["links"]) {
        let drift = link["drift"]
            .as_str()
            .map(|rank| format!(", drift {rank}"))
            .unwrap_or_default();
        let path = link["path"]
            .as_str()
            .map(|path| format!(", path {path}"))
            .unwrap_or_default();
        let then = link["pathForecast"]
            .as_str()
            .map(|path| format!(", then {path}"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "link {}: {}{path}{then}{drift}",
            word(&link["name"]),
            word(&link["state"])
        );
    }
    for diagnostic in items(&report["diagnostics"]) {
        let place = word(&diagnostic["origin"]);
        let _ = writeln!(
            text,
            "{}[{}] {place}: {}",
            word(&diagnostic["severity"]),
            word(&diagnostic["code"]),
            word(&diagnostic["message"])
        );
        if let Some(help) = diagnostic["help"].as_str() {
            let _ = writeln!(text, "    help: {help}");
        }
    }
    let writes: Vec<String> = requests["byOperation"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(operation, _)| is_write(operation))
        .map(|(operation, count)| format!("{operation} {count}"))
        .collect();
    let _ = writeln!(
        text,
        "writes: {}",
        if writes.is_empty() {
            "none".to_owned()
        } else {
            writes.join(", ")
        }
    );
    text
}

fn step_lines(text: &mut String, step: &Value) {
    let action = word(&step["action"]);
    if action == "nothing" && step["code"].is_null() {
        return;
    }
    let outcome = step["outcome"]
        .as_str()
        .map(|outcome| format!(" [{outcome}]"))
        .unwrap_or_default();
    let drift = step["drift"]
        .as_str()
        .map(|rank| format!(" (drift: {rank})"))
        .unwrap_or_default();
    let code = step["code"]
        .as_str()
        .map(|code| format!(" {code}"))
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "{action}{outcome}{code} {} {}{drift}: {}",
        word(&step["kind"]),
        word(&step["id"]),
        word(&step["why"])
    );
    for change in items(&step["changes"]) {
        let field = word(&change["field"]);
        // Annotations hold digests of everything; that they change is enough here.
        if field.starts_with("annotations[") {
            let _ = writeln!(text, "    {field}");
        } else {
            let _ = writeln!(text, "    {field}: {} -> {}", change["from"], change["to"]);
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// Does a method change something, by the last word of its name?
pub fn is_write(operation: &str) -> bool {
    let method = operation.rsplit('.').next().unwrap_or_default();
    !matches!(
        method,
        "get" | "list" | "aggregatedList" | "wait" | "getIamPolicy"
    )
}

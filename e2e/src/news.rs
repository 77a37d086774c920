//! What a run tells that the same command does not tell anyway: what it says of a disturbance.

use serde_json::Value;

/// The diagnostics of a report.
pub fn diagnostics(report: &Value) -> impl Iterator<Item = &Value> {
    report["diagnostics"].as_array().into_iter().flatten()
}

/// Those that say what is wrong and what to do.
pub fn advice(report: &Value) -> impl Iterator<Item = &Value> {
    diagnostics(report).filter(|it| it["message"].is_string() && it["help"].is_string())
}

/// Those of them that are none of the usual ones, word for word.
pub fn news<'a>(report: &'a Value, usual: &[Value]) -> impl Iterator<Item = &'a Value> {
    advice(report).filter(|it| !usual.contains(it))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::news;

    #[test]
    fn what_is_said_anyway_or_without_advice_is_no_news() {
        let usual = json!({"code": "PL0102", "message": "two limits", "help": "ask for one"});
        let other = json!({"code": "PL0102", "message": "three limits", "help": "ask for one"});
        let mute = json!({"code": "PL0303", "message": "it is denied", "help": null});
        let report = json!({"diagnostics": [usual, mute, other]});
        let told: Vec<_> = news(&report, &[usual]).collect();
        assert_eq!(told, [&other]);
    }
}

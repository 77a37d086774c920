//! Which of our values stands for which recorded one. A recording holds placeholders (`${networkID}`),
//! values that were made up by the server (operation names, etags), and constants that somebody put in
//! the place of such values before publishing.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

/// What sort of made-up value a text is; values of different sorts may be spelled alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Number,
    Uid,
    Version,
    Time,
    Caller,
    Address,
    Name,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Bindings {
    placeholders: BTreeMap<String, String>,
    seen: BTreeMap<(Sort, String), String>,
    /// The other way round, for what is unique: our value, and the recorded one it stands for.
    ours: BTreeMap<(Sort, String), String>,
    /// Our values that an object keeps for as long as it is there, by its link and the field.
    kept: BTreeMap<(String, String), String>,
    /// Our values that an object keeps until something is written, by its link, the field, and how the recording shows
    /// the object.
    unwritten: BTreeMap<(String, String, String), String>,
}

/// Cuts a text at its placeholders: what is between them is literal.
fn parts(text: &str) -> Vec<(&str, Option<&str>)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, tail)) = rest.split_once("${") {
        let Some((name, after)) = tail.split_once('}') else {
            break;
        };
        parts.push((literal, Some(name)));
        rest = after;
    }
    parts.push((rest, None));
    parts
}

/// A value for a placeholder that a request needs before any answer has shown one. It is a name that
/// every resource may have.
fn made_up(placeholder: &str) -> String {
    let lower = placeholder.to_ascii_lowercase();
    match lower.as_str() {
        "projectid" => "recorded-project".to_owned(),
        "projectnumber" => "123456789012".to_owned(),
        "uniqueid" => "replayed".to_owned(),
        other => other.strip_suffix("id").unwrap_or(other).to_owned() + "-replayed",
    }
}

impl Bindings {
    /// A recorded text with everything in it that is bound; what is not, stays a placeholder.
    pub(super) fn known(&self, text: &str) -> String {
        let text = text.replace("/compute/beta/", "/compute/v1/");
        let mut filled = String::new();
        for (literal, placeholder) in parts(&text) {
            filled.push_str(literal);
            if let Some(name) = placeholder {
                let value = self.placeholders.get(name).cloned();
                filled.push_str(&value.unwrap_or_else(|| format!("${{{name}}}")));
            }
        }
        // Long made-up values also stand within links and requests.
        for ((_, recorded), ours) in &self.seen {
            if recorded.len() >= 8 {
                filled = filled.replace(recorded.as_str(), ours);
            }
        }
        filled
    }

    /// A text of a request, complete: placeholders that nothing is known of are made up.
    pub(super) fn fill(&mut self, text: &str) -> String {
        for (_, placeholder) in parts(text) {
            if let Some(name) = placeholder {
                self.placeholders
                    .entry(name.to_owned())
                    .or_insert_with(|| made_up(name));
            }
        }
        self.known(text)
    }

    /// As [`Bindings::fill`], of a body or a state document, keys included.
    pub(super) fn fill_value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (self.fill(name), self.fill_value(value)))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// Makes a placeholder stand for a value from now on.
    pub(super) fn name(&mut self, placeholder: &str, value: String) {
        self.placeholders.insert(placeholder.to_owned(), value);
    }

    /// Lets a placeholder be bound anew.
    pub(super) fn forget(&mut self, placeholder: &str) {
        self.placeholders.remove(placeholder);
    }

    /// Whether our text is what was recorded; placeholders seen for the first time are bound.
    pub(super) fn agrees(&mut self, recorded: &str, ours: &str) -> bool {
        let known = self.known(recorded);
        if !known.contains("${") {
            return known == ours;
        }
        let mut pattern = String::from("^");
        let mut names = Vec::new();
        for (literal, placeholder) in parts(&known) {
            pattern.push_str(&regex::escape(literal));
            if let Some(name) = placeholder {
                pattern.push_str("([^/]+)");
                names.push(name.to_owned());
            }
        }
        pattern.push('$');
        let found = Regex::new(&pattern)
            .ok()
            .and_then(|pattern| pattern.captures(ours));
        let Some(found) = found else { return false };
        for (at, name) in names.into_iter().enumerate() {
            let value = found.get(at + 1).map_or("", |it| it.as_str());
            let bound = self
                .placeholders
                .entry(name)
                .or_insert_with(|| value.to_owned());
            if bound != value {
                return false;
            }
        }
        true
    }

    /// Binds a made-up value on first sight; later it must be the same again. Of a unique sort, two
    /// recorded values are not one value here.
    pub(super) fn bind(&mut self, sort: Sort, recorded: &str, ours: &str) -> bool {
        let key = (sort, recorded.to_owned());
        if let Some(bound) = self.seen.get(&key) {
            return bound == ours;
        }
        let unique = match sort {
            Sort::Number | Sort::Uid | Sort::Version | Sort::Name => true,
            Sort::Time | Sort::Caller | Sort::Address => false,
        };
        let other = self.ours.get(&(sort, ours.to_owned()));
        if unique && other.is_some_and(|other| other != recorded) {
            return false;
        }
        self.ours
            .insert((sort, ours.to_owned()), recorded.to_owned());
        self.seen.insert(key, ours.to_owned());
        true
    }

    /// Holds what never changes of the object at a link equal, wherever it is shown.
    pub(super) fn keeps(&mut self, link: &str, field: &str, ours: &str) -> bool {
        let key = (link.to_owned(), field.to_owned());
        self.kept.entry(key).or_insert_with(|| ours.to_owned()) == ours
    }

    /// Forgets what the object at a link had: something new is made there.
    pub(super) fn made_anew(&mut self, link: &str) {
        self.kept.retain(|(object, _), _| object != link);
    }

    /// Holds a value of an object equal as long as nothing is written and the recording shows the object unchanged.
    pub(super) fn unwritten(&mut self, link: &str, field: &str, shown: &Value, ours: &str) -> bool {
        let key = (link.to_owned(), field.to_owned(), shown.to_string());
        self.unwritten.entry(key).or_insert_with(|| ours.to_owned()) == ours
    }

    /// From now on objects may be others than they were.
    pub(super) fn written(&mut self) {
        self.unwritten.clear();
    }

    /// The constant that stands for a fingerprint or etag in the request is the latest one seen.
    pub(super) fn latest(&mut self, redacted: &str, ours: &str) {
        let key = (Sort::Version, redacted.to_owned());
        self.seen.insert(key, ours.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::{Bindings, Sort};

    #[test]
    fn a_placeholder_is_bound_on_first_sight_and_then_held() {
        let mut bindings = Bindings::default();
        assert!(bindings.agrees("a/${x}/b", "a/one/b"));
        assert!(bindings.agrees("c-${x}", "c-one"));
        assert!(!bindings.agrees("c-${x}", "c-two"));
        assert!(!bindings.agrees("d/${y}", "e/one"));
        bindings.forget("x");
        assert!(bindings.agrees("${x}", "two"));
    }

    #[test]
    fn two_recorded_etags_are_not_one_here() {
        let mut bindings = Bindings::default();
        assert!(bindings.bind(Sort::Version, "a", "1"));
        assert!(!bindings.bind(Sort::Version, "b", "1"));
        assert!(!bindings.bind(Sort::Version, "a", "2"));
        assert!(bindings.bind(Sort::Time, "a", "1") && bindings.bind(Sort::Time, "b", "1"));
    }
}

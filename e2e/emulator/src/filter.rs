//! The `filter` of Compute's lists: `name = x`, `name eq reg.*ex`, `field:value`, joined by `AND`, `OR` and
//! brackets (which bind expressions that are joined by "and").

use regex::Regex;
use serde_json::Value;

/// A filter may nest so deep: each level is a call of its own, here and where it is applied.
const DEEPEST: usize = 64;

/// A filter that was understood.
#[derive(Debug)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// Equal, as text.
    Is(String, String),
    /// Matches the whole of the value.
    Matches(String, Regex),
    /// Contains, or is there at all (`*`).
    Has(String, String),
}

impl Filter {
    /// `None` for what is not a filter.
    pub(crate) fn parse(text: &str) -> Option<Filter> {
        let mut tokens = tokens(text)?;
        tokens.reverse();
        let filter = any(&mut tokens, DEEPEST)?;
        tokens.is_empty().then_some(filter)
    }

    pub(crate) fn admits(&self, resource: &Value) -> bool {
        match self {
            Filter::All(filters) => filters.iter().all(|filter| filter.admits(resource)),
            Filter::Any(filters) => filters.iter().any(|filter| filter.admits(resource)),
            Filter::Not(filter) => !filter.admits(resource),
            Filter::Is(field, wanted) => texts(resource, field).iter().any(|text| text == wanted),
            Filter::Matches(field, regex) => texts(resource, field)
                .iter()
                .any(|text| regex.is_match(text)),
            Filter::Has(field, wanted) => texts(resource, field)
                .iter()
                .any(|text| wanted == "*" || text.to_lowercase().contains(&wanted.to_lowercase())),
        }
    }
}

/// The values of a dotted field, as text; a list has several.
fn texts(resource: &Value, field: &str) -> Vec<String> {
    let found = field
        .split('.')
        .try_fold(resource, |value, name| value.get(name));
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match found {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().map(text).collect(),
        Some(value) => vec![text(value)],
    }
}

/// Words, quoted strings (without their quotes, marked by a leading quote) and signs.
fn tokens(text: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => rest[1..].find(first)? + 2,
            '!' if rest.starts_with("!=") => 2,
            '(' | ')' | '=' | ':' => 1,
            // A value may hold a colon (a URL); a field cannot, so only the first one is a sign.
            _ => {
                let value = matches!(
                    tokens.last().map(String::as_str),
                    Some("=" | "!=" | ":" | "eq" | "ne")
                );
                let ends =
                    |c: char| c.is_whitespace() || c == ')' || (!value && "=:!(".contains(c));
                rest.find(ends).unwrap_or(rest.len()).max(first.len_utf8())
            }
        };
        let token = &rest[..length];
        tokens.push(match first {
            '"' | '\'' => format!("\"{}", &token[1..length - 1]),
            _ => token.to_owned(),
        });
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn any(tokens: &mut Vec<String>, depth: usize) -> Option<Filter> {
    let mut filters = vec![all(tokens, depth)?];
    while tokens.last().is_some_and(|token| token == "OR") {
        tokens.pop();
        filters.push(all(tokens, depth)?);
    }
    Some(if filters.len() == 1 {
        filters.remove(0)
    } else {
        Filter::Any(filters)
    })
}

fn all(tokens: &mut Vec<String>, depth: usize) -> Option<Filter> {
    let mut filters = vec![one(tokens, depth)?];
    loop {
        match tokens.last().map(String::as_str) {
            Some("AND") => {
                tokens.pop();
            }
            None | Some("OR" | ")") => break,
            Some(_) => {}
        }
        filters.push(one(tokens, depth)?);
    }
    Some(if filters.len() == 1 {
        filters.remove(0)
    } else {
        Filter::All(filters)
    })
}

/// One comparison, negation or bracket; a filter that nests deeper than `depth` is none.
fn one(tokens: &mut Vec<String>, depth: usize) -> Option<Filter> {
    let depth = depth.checked_sub(1)?;
    let field = tokens.pop()?;
    if field == "(" {
        let filter = any(tokens, depth)?;
        return (tokens.pop()? == ")").then_some(filter);
    }
    if field == "NOT" {
        return Some(Filter::Not(Box::new(one(tokens, depth)?)));
    }
    let sign = tokens.pop()?;
    let value = tokens.pop()?;
    let value = value.strip_prefix('"').map_or(value.clone(), str::to_owned);
    let regex = || Regex::new(&format!("^(?:{value})$")).ok();
    Some(match sign.as_str() {
        "=" => Filter::Is(field, value),
        "!=" => Filter::Not(Box::new(Filter::Is(field, value))),
        "eq" => Filter::Matches(field, regex()?),
        "ne" => Filter::Not(Box::new(Filter::Matches(field, regex()?))),
        ":" => Filter::Has(field, value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::Filter;

    fn admits(filter: &str) -> bool {
        let network = "https://www.googleapis.com/compute/v1/projects/p/global/networks/prod";
        let resource = json!({ "name": "a-1", "network": network, "on": true, "o": { "x": 3 } });
        Filter::parse(filter).unwrap().admits(&resource)
    }

    #[test]
    fn the_usual_comparisons_work() {
        assert!(admits("name = a-1") && admits("name=a-1") && admits("name=\"a-1\""));
        assert!(!admits("name = a") && admits("name != a"));
        assert!(admits("name eq a-.*") && !admits("name eq a") && admits("name ne b.*"));
        assert!(admits("network eq .*/prod") && admits("network:networks/prod"));
        assert!(admits(
            "network = https://www.googleapis.com/compute/v1/projects/p/global/networks/prod"
        ));
        assert!(admits("on = true") && admits("o.x = 3") && !admits("missing:*"));
    }

    #[test]
    fn expressions_join() {
        assert!(admits("(name = a-1) (on = true)") && admits("name = b OR name = a-1"));
        assert!(!admits("name = a-1 AND on = false") && admits("NOT name = b"));
        assert!(Filter::parse("name").is_none() && Filter::parse("(name = a").is_none());
        let nested = |depth: usize| format!("{}name = a{}", "(".repeat(depth), ")".repeat(depth));
        assert!(Filter::parse(&nested(60)).is_some() && Filter::parse(&nested(64)).is_none());
        assert!(Filter::parse(&"(".repeat(60_000)).is_none());
    }
}

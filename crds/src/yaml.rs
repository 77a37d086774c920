//! Writes a JSON value as block YAML, enough for the definition that we publish.

use serde_json::Value;

/// Appends the value; every line is indented by `indent` spaces, nested ones by two more.
pub(crate) fn write(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                pad(indent, text);
                text.push_str(&scalar(&Value::String(name.clone())));
                text.push(':');
                below(field, indent + 2, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                pad(indent, text);
                text.push('-');
                if is_block(item) {
                    let mut block = String::new();
                    write(item, indent + 2, &mut block);
                    text.push(' ');
                    text.push_str(block.trim_start());
                } else {
                    below(item, indent + 2, text);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            pad(indent, text);
            text.push_str(&scalar(value));
            text.push('\n');
        }
    }
}

fn below(value: &Value, indent: usize, text: &mut String) {
    if is_block(value) {
        text.push('\n');
        write(value, indent, text);
    } else {
        text.push(' ');
        text.push_str(&scalar(value));
        text.push('\n');
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Plain where that cannot be misread, otherwise in JSON's quotes, which YAML shares.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(word) if is_plain(word) => word.clone(),
        other => other.to_string(),
    }
}

fn is_plain(word: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-./_$".contains(c);
    let read_as_something_else = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
        && word.chars().all(harmless)
        && !read_as_something_else.contains(&word.to_ascii_lowercase().as_str())
}

fn pad(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

//! The formats that a text or a number may be in.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regex::Regex;

/// What is wrong with a text in a format; `None` if nothing is.
pub(super) fn text(format: &str, text: &str) -> Option<&'static str> {
    let (fits, wanted) = match format {
        "int64" => (text.parse::<i64>().is_ok(), "a 64-bit integer"),
        "uint64" => (
            text.parse::<u64>().is_ok(),
            "a 64-bit integer without a sign",
        ),
        "google-datetime" => (
            text.parse::<jiff::Timestamp>().is_ok(),
            "a time as RFC 3339 has it",
        ),
        "google-duration" => (is_duration(text), "seconds, as in 3.5s"),
        "google-fieldmask" => (is_mask(text), "names of fields with commas between them"),
        "byte" => (is_base64(text), "Base64 in the alphabet for URLs"),
        _ => return Some("a format that this check does not know"),
    };
    (!fits).then_some(wanted)
}

/// What is wrong with an integer; `None` if nothing is.
pub(super) fn integer(format: &str, number: i64) -> Option<&'static str> {
    let (fits, wanted) = match format {
        "int32" => (i32::try_from(number).is_ok(), "a 32-bit integer"),
        "uint32" => (
            u32::try_from(number).is_ok(),
            "a 32-bit integer without a sign",
        ),
        _ => return Some("a format that this check does not know"),
    };
    (!fits).then_some(wanted)
}

pub(crate) fn is_duration(text: &str) -> bool {
    let Some(number) = text.strip_suffix('s') else {
        return false;
    };
    let number = number.strip_prefix('-').unwrap_or(number);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(part) && part.len() <= 9
}

fn is_mask(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._*-/`".contains(c);
    text.split(',')
        .all(|path| !path.is_empty() && path.chars().all(fits))
}

fn is_base64(text: &str) -> bool {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT)
        .decode(text)
        .is_ok()
}

/// Whether a text fits a pattern from its first to its last character; a pattern that no regular expression
/// of ours is fits all.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<BTreeMap<String, Option<Regex>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled
        .entry(pattern.to_owned())
        .or_insert_with(|| Regex::new(&format!("^(?:{pattern})$")).ok());
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_from_what_only_looks_like_them() {
        for (format, good, bad) in [
            ("int64", "-7", "7.0"),
            ("uint64", "18446744073709551615", "-1"),
            ("google-datetime", "2026-05-04T10:00:00.25Z", "2026-05-04"),
            ("google-duration", "3.5s", "3500ms"),
            (
                "google-fieldmask",
                "template.vpcAccess,ingress",
                "template, ingress",
            ),
            ("byte", "qYvGXB6_c9I=", "qYvGXB6/c9I="),
        ] {
            assert_eq!(text(format, good), None, "{good}");
            assert!(text(format, bad).is_some(), "{bad}");
        }
        assert_eq!(integer("uint32", 4_294_967_295), None);
        assert!(integer("int32", 4_294_967_295).is_some());
        assert!(fits("[a-z](?:[-a-z0-9]*[a-z0-9])?", "a-1"));
        assert!(!fits("[a-z](?:[-a-z0-9]*[a-z0-9])?", "a-1-"));
    }

    /// A pattern that is no regular expression of ours would be no check.
    #[test]
    fn every_pattern_of_google_s_compiles() {
        let Some(description) = super::super::documents::wanted() else {
            return;
        };
        let text = serde_json::to_value(description).unwrap_or_default();
        let (mut inside, mut count) = (vec![&text], 0);
        while let Some(value) = inside.pop() {
            let pattern = value.get("pattern").and_then(serde_json::Value::as_str);
            if let Some(pattern) = pattern {
                assert!(Regex::new(&format!("^(?:{pattern})$")).is_ok(), "{pattern}");
                count += 1;
            }
            inside.extend(
                value
                    .as_object()
                    .into_iter()
                    .flat_map(serde_json::Map::values),
            );
            inside.extend(value.as_array().into_iter().flatten());
        }
        assert!(count > 100, "{count}");
    }
}

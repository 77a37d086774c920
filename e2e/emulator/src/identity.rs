//! Identifiers that Google makes up, here as hashes: the same history gives the same identifiers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

fn leading(parts: &[&str]) -> u64 {
    digest(parts)[..8]
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A number from 0 up to, but not including, 1.
pub(crate) fn fraction(parts: &[&str]) -> f64 {
    let high = u32::try_from(leading(parts) >> 32).unwrap_or_default();
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}

/// A Compute id: nineteen digits, as a string.
pub(crate) fn id(parts: &[&str]) -> String {
    const FLOOR: u64 = 1_000_000_000_000_000_000;
    (FLOOR + leading(parts) % (8 * FLOOR)).to_string()
}

/// A project number: twelve digits.
pub(crate) fn project_number(project: &str) -> String {
    const FLOOR: u64 = 100_000_000_000;
    (FLOOR + leading(&["project", project]) % (8 * FLOOR)).to_string()
}

/// Lower-case hexadecimal digits, at most 64.
pub(crate) fn hex(parts: &[&str], digits: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::new();
    for byte in digest(parts) {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text.truncate(digits);
    text
}

/// Lower-case letters, at most 32, such as the end of a revision's name.
pub(crate) fn letters(parts: &[&str], count: usize) -> String {
    digest(parts)
        .iter()
        .take(count)
        .map(|byte| char::from(b'a' + byte % 26))
        .collect()
}

/// A UUID in version 4 shape.
pub(crate) fn uuid(parts: &[&str]) -> String {
    let hex = hex(parts, 32);
    let variant = ["8", "9", "a", "b"][usize::from(hex.as_bytes()[16] % 4)];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// A Compute fingerprint of a resource's content: eight bytes in URL-safe base64, padded.
pub(crate) fn fingerprint(content: &Value) -> String {
    let mut content = content.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.remove("fingerprint");
    }
    URL_SAFE.encode(&digest(&[&content.to_string()])[..8])
}

/// A Cloud Run etag: base64 within double quotes, which belong to the value.
pub(crate) fn etag(parts: &[&str]) -> String {
    format!("\"{}\"", STANDARD.encode(&digest(parts)[..12]))
}

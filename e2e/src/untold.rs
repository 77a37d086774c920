//! The one check that no output tells a secret, and the signs by which it knows one.

/// What tests plant, and what secrets begin with. Whatever a test plants begins with the first.
pub const SIGNS: [&str; 6] = [
    "PLANTED",
    "ya29.",
    "-----BEGIN",
    "GOCSPX-",
    "AIzaSy",
    "eyJhbGci",
];

/// Fails where a text tells a secret.
///
/// # Panics
///
/// With the line that does.
#[track_caller]
pub fn untold(text: &str) {
    let tells = |line: &&str| SIGNS.iter().any(|sign| line.contains(sign));
    let told = text.lines().find(tells);
    assert!(told.is_none(), "a secret is told: {told:?}");
}

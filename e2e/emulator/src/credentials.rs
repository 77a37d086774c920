//! Credentials that a client sends in the query: every one of Google's APIs takes them there. They are nobody's to
//! keep, so neither the log of requests nor a recording has them.

use std::borrow::Cow;

use crate::resources;

/// What stands in the place of a credential.
const BLANK: &str = "REDACTED";

/// The parameters that hold one, in lower case: the global ones of Google's discovery documents, and what
/// clients of other servers put there by mistake.
const PARAMETERS: [&str; 8] = [
    "access_token",
    "bearer_token",
    "client_secret",
    "id_token",
    "key",
    "oauth_token",
    "refresh_token",
    "token",
];

/// The query without the credentials that it holds.
pub(crate) fn blanked(query: &str) -> Cow<'_, str> {
    let holds = |pair: &str| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let name = resources::decode(name).unwrap_or_else(|| name.to_owned());
        let name = name.replace('+', " ");
        PARAMETERS.contains(&name.trim().to_ascii_lowercase().as_str())
    };
    if !query.split('&').any(holds) {
        return Cow::from(query);
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if holds(pair) => format!("{name}={BLANK}"),
        Some(_) | None => pair.to_owned(),
    });
    Cow::from(pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::blanked;

    #[test]
    fn credentials_are_blanked_however_they_are_written() {
        for (query, kept) in [
            ("", ""),
            (
                "alt=json&pageToken=abc&monkey=1",
                "alt=json&pageToken=abc&monkey=1",
            ),
            (
                "access_token=ya29.X&alt=json",
                "access_token=REDACTED&alt=json",
            ),
            ("alt=json&key=AIza=X", "alt=json&key=REDACTED"),
            ("KEY=a&oauth_token=b", "KEY=REDACTED&oauth_token=REDACTED"),
            ("access%5Ftoken=ya29.X", "access%5Ftoken=REDACTED"),
            ("%6bey=X&+key=X", "%6bey=REDACTED&+key=REDACTED"),
        ] {
            assert_eq!(blanked(query), kept);
        }
    }
}

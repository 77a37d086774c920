//! Secrets in other people's words. Google does not repeat a token in an error; a proxy, a stand-in or a broken
//! server between here and Google may, and a log is read by more people than a token is for.

use std::borrow::Cow;

/// How secrets begin, and what is said in their place.
const PREFIXES: &[(&str, &str)] = &[
    // Access tokens; identity tokens and signed assertions, which are base64 of `{"`.
    ("ya29.", "[token]"),
    ("eyJ", "[token]"),
    // Refresh tokens, secrets of OAuth clients, keys of APIs.
    ("1//", "[token]"),
    ("GOCSPX-", "[secret]"),
    ("AIza", "[key]"),
];

/// Words after which a secret stands, whatever it looks like.
const SCHEMES: &[&str] = &["bearer ", "basic "];

/// Names after whose `=` or `:` a secret stands, whatever it looks like; and what is said in its place.
const NAMES: &[(&str, &str)] = &[
    ("password", "[password]"),
    ("passwd", "[password]"),
    ("passphrase", "[password]"),
    ("secret", "[secret]"),
    ("api_key", "[key]"),
    ("apikey", "[key]"),
    ("private_key", "[key]"),
    ("access_token", "[token]"),
    ("refresh_token", "[token]"),
    ("id_token", "[token]"),
];

/// A secret has at least so many characters after its beginning; an ordinary word that begins alike has fewer.
const SHORTEST: usize = 8;

/// What may stand around a name or a value; JSON within JSON escapes its quotes.
const QUOTES: &[char] = &['\\', '"', '\''];

const PEM: &str = "-----BEGIN ";

/// The text with every secret in it replaced by what it is.
pub(crate) fn without_secrets(text: &str) -> Cow<'_, str> {
    let mut cleaned = String::new();
    let mut rest = text;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        let before = rest[..at].chars().next_back();
        if let Some(Secret {
            start,
            length,
            word,
        }) = secret(here, before)
        {
            cleaned.push_str(&rest[..at + start]);
            cleaned.push_str(word);
            rest = &here[start + length..];
            at = 0;
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    if cleaned.is_empty() {
        return Cow::Borrowed(text);
    }
    cleaned.push_str(rest);
    Cow::Owned(cleaned)
}

/// Where a secret is in a text, in bytes, and what is said instead.
struct Secret {
    start: usize,
    length: usize,
    word: &'static str,
}

impl Secret {
    /// One that the text begins with.
    fn first(length: usize, word: &'static str) -> Self {
        Self {
            start: 0,
            length,
            word,
        }
    }
}

/// The secret that the text begins with, or names first.
fn secret(text: &str, before: Option<char>) -> Option<Secret> {
    if text.starts_with(PEM) {
        let end = text.find("-----END ");
        let end = end.and_then(|end| Some(end + 9 + text[end + 9..].find("-----")? + 5));
        return Some(Secret::first(end.unwrap_or(text.len()), "[key]"));
    }
    if let Some(length) = userinfo(text) {
        return Some(Secret::first(length, "://[credentials]@"));
    }
    // A name may be the end of a longer one, such as `db_password` or `clientSecret`.
    if let Some(found) = assigned(text) {
        return Some(found);
    }
    // In the middle of a word nothing else begins.
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let scheme = SCHEMES.iter().find(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if let Some(scheme) = scheme {
        let length = run(&text[scheme.len()..]);
        return (length >= SHORTEST).then(|| Secret::first(scheme.len() + length, "[token]"));
    }
    PREFIXES.iter().find_map(|(prefix, word)| {
        let length = run(text.strip_prefix(prefix)?);
        (length >= SHORTEST).then(|| Secret::first(prefix.len() + length, word))
    })
}

/// The value in `password=hunter22` or `"password": "hunter22"`; the name stays.
fn assigned(text: &str) -> Option<Secret> {
    let (name, word) = NAMES.iter().find(|(name, _)| {
        text.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    let named = text[name.len()..].trim_start_matches(QUOTES);
    let quoted = named.len() < text.len() - name.len();
    let named = named.trim_start_matches(' ');
    // `secret: projects/...` is how Google names a secret that somebody may not read.
    if *name == "secret" && !quoted && named.starts_with(':') {
        return None;
    }
    let value = named.strip_prefix(['=', ':'])?.trim_start_matches(' ');
    let inner = value.trim_start_matches(QUOTES);
    let opening = &value[..value.len() - inner.len()];
    // A key in PEM is longer than its first word, and is looked for by itself.
    if inner.starts_with(PEM) {
        return None;
    }
    let length = match opening.chars().next_back() {
        None => inner.find(|c: char| c.is_whitespace() || ",;&\"'".contains(c)),
        Some(_) if opening.contains('\\') => inner.find('\\'),
        Some(quote) => closing(inner, quote),
    };
    let length = length.unwrap_or(inner.len());
    (length > 0).then(|| Secret {
        start: text.len() - inner.len(),
        length,
        word,
    })
}

/// Where a quoted text ends: at the next quote that is not escaped.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !escaped {
            return Some(at);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// How many characters at the beginning could be of a token; all of them are ASCII.
fn run(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(byte))
        .count()
}

/// The length of `://name:password@`.
fn userinfo(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("://")?;
    let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c));
    let at = rest[..end.unwrap_or(rest.len())].rfind('@')?;
    Some(3 + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_named_and_not_repeated_wherever_they_stand() {
        for (text, shown) in [
            ("sent ya29.a0AfH6SMBxyz to", "sent [token] to"),
            (
                r#"{"access_token":"ya29.c.b0Aaekm1K-_x","expires_in":1}"#,
                r#"{"access_token":"[token]","expires_in":1}"#,
            ),
            ("refresh=1//0gAbCdEfGhIjK&x", "refresh=[token]&x"),
            (
                "Authorization: Bearer abcdefghijkl.",
                "Authorization: [token]",
            ),
            ("Basic dXNlcjpwYXNz; x", "[token]; x"),
            ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln", "[token]"),
            ("secret 'GOCSPX-abcdefghij'", "secret '[secret]'"),
            (
                "http://me:pass@word@proxy:3128/x failed",
                "http://[credentials]@proxy:3128/x failed",
            ),
            (
                "k: -----BEGIN PRIVATE KEY-----\\nMIIEv\\n-----END PRIVATE KEY-----\\n, x",
                "k: [key]\\n, x",
            ),
            ("k: -----BEGIN RSA PRIVATE KEY----- MIIEv", "k: [key]"),
            ("with password=hunter22, x", "with password=[password], x"),
            ("?dbPassword=a%20b&x=1", "?dbPassword=[password]&x=1"),
            (
                r#"{"client_secret": "a \" b", "x": 1}"#,
                r#"{"client_secret": "[secret]", "x": 1}"#,
            ),
            (
                r#"{\"password\":\"hunter 22\",\"x\":1}"#,
                r#"{\"password\":\"[password]\",\"x\":1}"#,
            ),
            ("PASSWORD: hunter22", "PASSWORD: [password]"),
            ("api_key='x y' z", "api_key='[key]' z"),
            (
                r#""private_key":"-----BEGIN PRIVATE KEY-----\nMIIEv\n-----END PRIVATE KEY-----\n""#,
                r#""private_key":"[key]\n""#,
            ),
            ("password=[password]", "password=[password]"),
            ("the password=", "the password="),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "",
            "Basic tier; a bearer of news",
            "projects/p/regions/europe-west1/subnetworks/eyJ",
            "https://www.googleapis.com/compute/v1/projects/p?alt=json",
            "see https://cloud.google.com/iam/docs or mail me@example.com",
            "1// a comment, ya29. and éyJ",
            "monkeyJump-over-the-lazy-dog",
            "a password is needed, and no secret; pageToken=abcdefgh",
            "Permission denied on secret: projects/1/secrets/db/versions/latest",
        ] {
            assert!(matches!(without_secrets(text), Cow::Borrowed(_)), "{text}");
        }
    }
}

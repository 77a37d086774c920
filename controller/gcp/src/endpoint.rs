//! The address to which every API is sent instead of Google's own.

use std::net::IpAddr;

use reqwest::Url;

/// Why a text cannot be an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL.
    #[error("'{0}' is not an address such as http://127.0.0.1:8085")]
    NotAUrl(String),
    /// Credentials would be readable on the way.
    #[error("'{0}' is plain http to another machine: credentials would travel readable")]
    Readable(String),
    /// User names, queries and fragments have no place there.
    #[error("'{0}' holds more than scheme, host, port and path")]
    TooMuch(String),
}

/// A checked endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Without a slash at the end.
    pub(crate) base: String,
    /// A name or an address, without brackets.
    pub(crate) host: String,
    /// Plain http on this machine: a stand-in, which gets no credentials.
    pub(crate) stand_in: bool,
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, EndpointError> {
        // A password is not repeated in the message, nor is a key in a query.
        let shown = text.rsplit('@').next().unwrap_or(text);
        let shown = shown.split(['?', '#']).next().unwrap_or(shown).to_owned();
        let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl(shown.clone()))?;
        let host = url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned();
        if host.is_empty() || !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError::NotAUrl(shown));
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(EndpointError::TooMuch(shown));
        }
        let loopback = host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        let plain = url.scheme() == "http";
        if plain && !loopback {
            return Err(EndpointError::Readable(shown));
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            base,
            host,
            stand_in: plain,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn plain_http_on_this_machine_is_a_stand_in() {
        for text in [
            "http://127.0.0.1:8085",
            "http://localhost:8085/",
            "http://[::1]:8085",
        ] {
            assert!(Endpoint::parse(text).unwrap().stand_in, "{text}");
        }
        assert_eq!(
            Endpoint::parse("http://127.0.0.1:8085/").unwrap().base,
            "http://127.0.0.1:8085"
        );
        assert!(
            !Endpoint::parse("https://google.internal.example")
                .unwrap()
                .stand_in
        );
    }

    #[test]
    fn credentials_never_travel_in_the_clear() {
        for text in ["http://10.0.0.1:80", "http://localhost.example.com"] {
            assert!(
                matches!(Endpoint::parse(text), Err(EndpointError::Readable(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_endpoint_is_said_without_repeating_a_password() {
        assert!(matches!(
            Endpoint::parse("127.0.0.1:8085"),
            Err(EndpointError::NotAUrl(_))
        ));
        assert!(matches!(
            Endpoint::parse("ftp://127.0.0.1"),
            Err(EndpointError::NotAUrl(_))
        ));
        for text in [
            "http://me:secret@127.0.0.1:1",
            "http://me:sec@secret@127.0.0.1:1",
            "http://127.0.0.1:1/?key=secret",
            "http://127.0.0.1:1/#secret",
            "https://me:secret@",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}

//! Who may ask. Loopback keeps other machines out, but not the pages in a browser on this one: a page can send
//! plain forms to any address, and its own name can be made to resolve to loopback (DNS rebinding). Two things
//! give it away, which no other client sends: a name of its own that the request is addressed to, and the
//! headers in which a browser says where a request comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

/// What a request asks for, which decides what it may be addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The emulator's own endpoints: this machine's names only.
    Control,
    /// Google's APIs: also by their own names, for clients that use the emulator as a proxy.
    Google,
}

impl Part {
    pub(crate) fn of(path: &str) -> Part {
        if path.starts_with("/emulator/") {
            Part::Control
        } else {
            Part::Google
        }
    }

    /// The longest body that is read, in bytes: a state document of some 100,000 services; for the APIs, far above
    /// any that those served here can want.
    pub(crate) fn longest_body(self) -> usize {
        match self {
            Part::Control => 256 * 1024 * 1024,
            Part::Google => 16 * 1024 * 1024,
        }
    }
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    #[error("control endpoints answer to loopback names only, such as 127.0.0.1:8085")]
    NotLoopback,
    #[error("the emulator answers to loopback names and to those of googleapis.com only")]
    NotGoogle,
    #[error("the emulator answers no page of another site in a browser")]
    OtherSite,
}

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what only a page in a browser would send.
pub(crate) fn check(part: Part, head: &Parts) -> Result<(), Stranger> {
    let mut names = head
        .uri
        .authority()
        .map(|authority| Some(authority.as_str()))
        .into_iter()
        .chain(texts(&head.headers, &HOST))
        .peekable();
    match part {
        Part::Control => {
            let nobody = names.peek().is_none();
            if nobody || !names.all(|name| name.is_some_and(is_loopback)) {
                return Err(Stranger::NotLoopback);
            }
        }
        Part::Google => {
            if !names.all(|name| name.is_some_and(|name| is_loopback(name) || is_google(name))) {
                return Err(Stranger::NotGoogle);
            }
        }
    }
    let from_here = |origin: &str| {
        let host = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(is_loopback)
    };
    let own = texts(&head.headers, &ORIGIN).all(|origin| origin.is_some_and(from_here))
        && texts(&head.headers, &SITE).all(|site| site != Some("cross-site"));
    if own {
        Ok(())
    } else {
        Err(Stranger::OtherSite)
    }
}

/// Whom a request is addressed to: a proxy is told by the request line, a server by the header.
pub(crate) fn addressed(head: &Parts) -> String {
    let header = || head.headers.get(HOST)?.to_str().ok();
    let host = head.uri.host().or_else(header).unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// All values of a header; `None` for one that is no plain text.
fn texts<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
    headers
        .get_all(name)
        .into_iter()
        .map(|value| value.to_str().ok())
}

/// A host, with or without its port, that names this machine: written in full, because what a browser or a
/// resolver makes of shorter, longer or numeric spellings is not ours to guess.
fn is_loopback(authority: &str) -> bool {
    let Some(host) = without_port(authority) else {
        return false;
    };
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match in_brackets {
        Some(host) => host
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| IpAddr::from(address).is_loopback()),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host
                    .parse::<Ipv4Addr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

/// A name below `googleapis.com`, where nobody but Google can put a page.
fn is_google(authority: &str) -> bool {
    without_port(authority).is_some_and(|host| {
        let host = host.to_ascii_lowercase();
        host.strip_suffix(".googleapis.com").is_some_and(|label| {
            label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        })
    })
}

fn without_port(authority: &str) -> Option<&str> {
    match authority.rsplit_once(':') {
        // A colon within brackets belongs to the address.
        Some((_, rest)) if rest.ends_with(']') => Some(authority),
        Some((host, port)) => {
            let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
            (is_port && port.parse::<u16>().is_ok()).then_some(host)
        }
        None => Some(authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_few_names_and_all_are_written_in_full() {
        for host in [
            "localhost",
            "LOCALHOST:8085",
            "127.0.0.1",
            "127.1.2.3:80",
            "[::1]",
            "[::1]:65535",
            "[0:0:0:0:0:0:0:1]:1",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "localhost.",
            "localhost.:80",
            "localhost.evil.com",
            "evil.localhost",
            "127.0.0.1.nip.io",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0x7f000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
            "[::1",
            "::1",
            "[::1%25lo]:80",
            "[::1]evil.com",
            "[::ffff:127.0.0.1]",
            "user@localhost",
            "user:password@127.0.0.1:80",
            "evil.com@127.0.0.1",
            "127.0.0.1@evil.com",
            "127.0.0.1#@evil.com",
            "127.0.0.1, evil.com",
            "localhost:80:80",
            "localhost:99999",
            "localhost:+80",
            "localhost:evil",
            " localhost",
            "localh\u{f6}st",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn googles_names_are_those_below_its_domain() {
        for host in [
            "run.googleapis.com",
            "europe-west1-run.googleapis.com:443",
            "Compute.mtls.GoogleAPIs.com",
        ] {
            assert!(is_google(host), "{host}");
        }
        for host in [
            "googleapis.com.evil.com",
            "evilgoogleapis.com",
            "evil.com/.googleapis.com",
            "evil.com@run.googleapis.com",
            "evil.com:80.googleapis.com",
            "run.googleapis.com.",
        ] {
            assert!(!is_google(host), "{host}");
        }
    }
}

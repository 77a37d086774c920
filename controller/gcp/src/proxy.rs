//! Proxy settings of the environment. The SDK's clients follow them even to this machine and cannot be told
//! otherwise, so a stand-in behind a proxy is refused with words instead of a puzzling answer of the proxy.

use std::net::IpAddr;

use ipnet::IpNet;

/// The variable that would send plain http for `host` through a proxy, read as the SDK's HTTP client reads
/// them: capitals first, an empty value is none, and `*` counts for names but not for addresses.
pub(crate) fn in_the_way(
    host: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<&'static str> {
    let set = |names: [&'static str; 2]| {
        let found = names
            .into_iter()
            .find_map(|name| variable(name).map(|value| (name, value)));
        found.filter(|(_, value)| !value.is_empty())
    };
    let (name, _) =
        set(["HTTP_PROXY", "http_proxy"]).or_else(|| set(["ALL_PROXY", "all_proxy"]))?;
    let exempt = set(["NO_PROXY", "no_proxy"]).is_some_and(|(_, list)| is_exempt(host, &list));
    (!exempt).then_some(name)
}

fn is_exempt(host: &str, list: &str) -> bool {
    let mut entries = list
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    match host.parse::<IpAddr>() {
        Ok(address) => entries.any(|entry| {
            entry
                .parse::<IpNet>()
                .is_ok_and(|net| net.contains(&address))
                || entry.parse() == Ok(address)
        }),
        Err(_) => entries.any(|entry| entry == "*" || entry.trim_start_matches('.') == host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(host: &str, variables: &[(&str, &str)]) -> Option<&'static str> {
        in_the_way(host, |name| {
            variables
                .iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_a_proxy_nothing_is_in_the_way() {
        assert_eq!(found("127.0.0.1", &[]), None);
        assert_eq!(found("127.0.0.1", &[("HTTP_PROXY", "")]), None);
        assert_eq!(
            found("127.0.0.1", &[("HTTPS_PROXY", "http://proxy:3128")]),
            None
        );
    }

    #[test]
    fn a_proxy_is_named_by_its_variable() {
        assert_eq!(
            found("127.0.0.1", &[("http_proxy", "http://proxy:3128")]),
            Some("http_proxy")
        );
        assert_eq!(
            found("localhost", &[("ALL_PROXY", "http://proxy:3128")]),
            Some("ALL_PROXY")
        );
    }

    #[test]
    fn exemptions_count_by_address_range_or_name() {
        let with = |host, list| {
            found(
                host,
                &[("HTTP_PROXY", "http://proxy:3128"), ("NO_PROXY", list)],
            )
        };
        for (host, list) in [
            ("127.0.0.1", "example.com, 127.0.0.1"),
            ("127.0.0.1", "127.0.0.0/8"),
            ("::1", "::1"),
            ("localhost", "localhost"),
            ("localhost", "*"),
        ] {
            assert_eq!(with(host, list), None, "{host} {list}");
        }
        assert_eq!(with("127.0.0.1", "localhost"), Some("HTTP_PROXY"));
        assert_eq!(with("127.0.0.1", "*"), Some("HTTP_PROXY"));
    }
}

//! Requests in somebody else's words: for asking Google how it behaves, which no mapping of ours may stand
//! between. Each is sent once, through [`crate::attempt`] like all others.

use privatelink_core::cloud::CloudError;
use privatelink_core::ids::{ProjectId, Region};
use reqwest::{Method, Url};

use crate::Google;
use crate::attempt::{Access, Api, Call};
use crate::failure::{Failure, Nature};

/// One request as it is.
#[derive(Debug, Clone, Copy)]
pub struct Verbatim<'a> {
    /// Whose quota it counts against.
    pub project: &'a ProjectId,
    /// The same.
    pub region: &'a Region,
    /// `GET`, `POST` and so on.
    pub method: &'a str,
    /// The whole URL, at a host of one of the APIs that this crate uses.
    pub url: &'a str,
    /// The body, as JSON; empty if there is none.
    pub body: &'a str,
}

/// Whatever was answered, errors included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// The API that a host belongs to. Credentials go to no other one.
fn api(host: &str) -> Option<Api> {
    let apis = [Api::Compute, Api::Run, Api::VpcAccess];
    let known = apis.into_iter().find(|api| api.service() == host);
    // Version 1 of Cloud Run has a host per region.
    let regional = || {
        let region = host.strip_suffix("-run.googleapis.com")?;
        region.parse::<Region>().ok().map(|_| Api::Run)
    };
    known.or_else(regional)
}

impl Google {
    /// Sends one request, once.
    ///
    /// # Errors
    /// If there was no answer, or if the URL is none of Google's.
    pub async fn send_verbatim(&self, request: Verbatim<'_>) -> Result<Answered, CloudError> {
        let url = Url::parse(request.url).ok();
        let url = url.filter(|url| url.scheme() == "https" && url.port().is_none());
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let found = api(host);
        let access = if request.method == "GET" {
            Access::Read
        } else {
            Access::Write
        };
        let call = Call {
            api: found.unwrap_or(Api::Compute),
            access,
            operation: "verbatim",
            project: request.project,
            region: Some(request.region),
            doing: format!("send {} {}", request.method, request.url),
        };
        let method = Method::from_bytes(request.method.as_bytes());
        let (Some(url), Some(_), Ok(method)) = (&url, found, method) else {
            let why = "this is no request to an API of Google that privatelink uses";
            return Err(call.error(&Failure::new(Nature::NotSent, why)));
        };
        let path = url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        );
        let body = (!request.body.is_empty()).then(|| request.body.to_owned());
        let sending = self.raw.send_verbatim(host, method, &path, body);
        let answer = self.attempts.once(&call, sending).await;
        let (status, body) = answer.map_err(|failure| call.error(&failure))?;
        Ok(Answered { status, body })
    }
}

#[cfg(test)]
mod tests {
    use super::api;
    use crate::attempt::Api;

    #[test]
    fn credentials_go_to_the_three_apis_and_nowhere_else() {
        assert_eq!(api("compute.googleapis.com"), Some(Api::Compute));
        assert_eq!(api("europe-west1-run.googleapis.com"), Some(Api::Run));
        for other in [
            "",
            "storage.googleapis.com",
            "run.googleapis.com.example",
            "x.example-run.googleapis.com",
            "example.com",
        ] {
            assert_eq!(api(other), None, "{other}");
        }
    }
}

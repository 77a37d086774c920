//! Requests in somebody else's words: for asking Google how it behaves, which no mapping of ours may stand
//! between. Each is sent once, through [`crate::attempt`] like all others.

use std::borrow::Cow;

use privatelink_core::cloud::CloudError;
use privatelink_core::ids::{ProjectId, Region};
use reqwest::{Method, Url};
use serde_json::Value;

use crate::Google;
use crate::attempt::{Access, Api, Call};
use crate::failure::{Failure, Nature};
use crate::redact;

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
        let body = without_secrets(status, body);
        Ok(Answered { status, body })
    }
}

/// What is answered goes into a recording and onto a terminal, so secrets that an error repeats are taken out of it. All
/// else stays as it came.
fn without_secrets(status: u16, body: Vec<u8>) -> Vec<u8> {
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
        let text = String::from_utf8_lossy(&body);
        return match redact::without_secrets(&text) {
            Cow::Borrowed(_) => body,
            Cow::Owned(clean) => clean.into_bytes(),
        };
    };
    let error = if status < 400 {
        answer.get_mut("error")
    } else {
        Some(&mut answer)
    };
    if error.is_some_and(clean) {
        return answer.to_string().into_bytes();
    }
    body
}

/// Cleans every text in it; true if there was something to clean.
fn clean(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let Cow::Owned(clean) = redact::without_secrets(text) else {
                return false;
            };
            *text = clean;
            true
        }
        Value::Array(items) => items.iter_mut().fold(false, |found, it| clean(it) | found),
        Value::Object(fields) => fields
            .values_mut()
            .fold(false, |found, it| clean(it) | found),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{api, without_secrets};
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

    #[test]
    fn a_secret_that_an_error_repeats_is_taken_out_and_all_else_stays() {
        let token = "ya29.PLANTED-access-0123456789";
        let clean = |status, body: &str| {
            String::from_utf8_lossy(&without_secrets(status, body.as_bytes().to_vec())).into_owned()
        };
        let error = format!(r#"{{"error":{{"errors":[{{"message":"no {token} here"}}]}}}}"#);
        for status in [200, 401] {
            let cleaned = clean(status, &error);
            assert!(
                !cleaned.contains("PLANTED") && cleaned.contains("[token]"),
                "{cleaned}"
            );
        }
        assert!(!clean(502, &format!("<html>{token}")).contains("PLANTED"));
        let fine = r#"{ "name": "n",  "error": {"code": 9} }"#;
        assert_eq!(clean(200, fine), fine);
    }
}

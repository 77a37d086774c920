//! Lists in pages. A page token names the last resource of the page before, so that resources that come
//! and go between two pages neither repeat nor hide others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::call::{Api, Call};
use crate::engine::Engine;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(crate) static PAGE_CAP: Rule = Rule::documented(
    "list.page.cap",
    "docs/reference/google-cloud.md#list-pages",
    "A page holds at most 500 (Compute, VPC Access) or 100 (Run) resources, whatever was asked for.",
);
pub(crate) static PAGE_TOKEN: Rule = Rule::guessed(
    "list.page.token",
    "text unrecorded",
    "A page token that the server did not make is refused.",
);

pub(crate) static RULES: &[&Rule] = &[&PAGE_CAP, &PAGE_TOKEN];

/// Where a list is to begin and how long it may be.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) after: Option<String>,
    size: usize,
    /// Whether the list begins with this page.
    first: bool,
}

impl Window {
    pub(crate) fn of(engine: &Engine, call: &Call) -> Result<Window, Refusal> {
        let token = match call.resource.api {
            Api::Compute | Api::Run | Api::VpcAccess => "pageToken",
            Api::Knative => "continue",
        };
        let (parameter, cap) = match call.resource.api {
            Api::Compute => ("maxResults", 500),
            Api::Run => ("pageSize", 100),
            Api::VpcAccess => ("pageSize", 500),
            Api::Knative => ("limit", 100),
        };
        let asked = call
            .query(parameter)
            .and_then(|size| size.parse().ok())
            .filter(|size| *size > 0);
        let size = asked.unwrap_or(cap);
        let size = if engine.rule(&PAGE_CAP, size > cap) {
            cap
        } else {
            size
        };
        let token = call.query(token);
        let after = token.and_then(read_token);
        engine.refuse_if(&PAGE_TOKEN, token.is_some() && after.is_none(), || {
            let token = token.unwrap_or_default();
            match call.resource.api {
                Api::Compute => {
                    ErrorAnswer::invalid_field("pageToken", token, "Invalid page token.")
                }
                Api::Run | Api::VpcAccess | Api::Knative => ErrorAnswer::code(
                    Code::InvalidArgument,
                    format!("Invalid page token: {token}"),
                ),
            }
        })?;
        let size = call
            .disturbance
            .page_size
            .map_or(size, |most| size.min(most));
        Ok(Window {
            after: after.filter(|last| !last.is_empty()),
            size,
            first: token.is_none(),
        })
    }

    /// The entries of this page, and the token of the next one if there is one.
    pub(crate) fn take<'a>(
        &self,
        entries: impl Iterator<Item = (&'a str, &'a Value)>,
    ) -> (Vec<(&'a str, &'a Value)>, Option<String>) {
        if let Some(next) = self.nothing_yet() {
            return (Vec::new(), Some(next));
        }
        let mut page: Vec<_> = entries.take(self.size.saturating_add(1)).collect();
        if page.len() <= self.size {
            return (page, None);
        }
        page.truncate(self.size);
        let next = page.last().map(|(key, _)| write_token(key));
        (page, next)
    }

    /// What a page without anything ends in, when that was ordered: everything is still to come.
    fn nothing_yet(&self) -> Option<String> {
        (self.size == 0 && self.first).then(|| write_token(""))
    }
}

/// The token of the page that comes after this one of a list.
pub(crate) fn next(list: &Value) -> Option<&str> {
    let knative = || list["metadata"]["continue"].as_str();
    list["nextPageToken"].as_str().or_else(knative)
}

fn write_token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("after {last}"))
}

fn read_token(token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("after ").map(str::to_owned)
}

//! Who has written a router. A router has no version, so an entry that somebody adds between our read and our PATCH
//! is overwritten, and neither the list before nor the list after shows it. Google's record of operations does: every
//! write leaves one, with the time and whose it was (`docs/reference/google-cloud.md#router-patch`).

use std::collections::BTreeSet;

use google_cloud_wkt::Timestamp;
use privatelink_core::kinds::RegionalRef;
use reqwest::Method;
use serde::Deserialize;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::failure::{Failure, Nature};
use crate::lists::PageToken;
use crate::references::Unmapped;
use crate::words;

/// One write of a router, as Google remembers it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RouterWrite {
    pub(crate) name: String,
    /// The `requestId` that it was sent with, if any.
    pub(crate) client_operation_id: String,
    user: String,
    status: String,
    insert_time: String,
}

impl RouterWrite {
    /// Is Google still at it?
    pub(crate) fn goes_on(&self) -> bool {
        self.status != "DONE"
    }

    /// Who, and in which operation, in words.
    pub(crate) fn whose(&self) -> String {
        let (user, name) = (words::neutral(&self.user), words::neutral(&self.name));
        if user.is_empty() {
            name
        } else {
            format!("{user}, {name}")
        }
    }

    fn began(&self) -> Option<(i64, i32)> {
        let time = Timestamp::try_from(self.insert_time.as_str()).ok()?;
        Some((time.seconds(), time.nanos()))
    }
}

/// The first write that is not ours, was not there when the list was read, and came before `this` write of ours, which
/// has overwritten what it changed. What came after it shows in the list that is read at the end.
pub(crate) fn overwritten<'w>(
    known: &BTreeSet<String>,
    this: Option<&RouterWrite>,
    ours: impl Fn(&RouterWrite) -> bool,
    after: &'w [RouterWrite],
) -> Option<&'w RouterWrite> {
    let ours_began = this?.began()?;
    after.iter().find(|write| {
        let new = !ours(write) && !known.contains(&write.name);
        new && write.began().is_some_and(|began| began <= ours_began)
    })
}

impl Google {
    /// The writes of a router that Google remembers. Part of an attempt, not an attempt of its own.
    pub(crate) async fn router_writes(
        &self,
        call: &Call<'_>,
        router: &RegionalRef,
    ) -> Result<Vec<RouterWrite>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            // Without it the body is no list, and what was not read is never taken for absent.
            #[serde(rename = "kind")]
            _kind: String,
            #[serde(default)]
            items: Vec<RouterWrite>,
            next_page_token: Option<String>,
        }
        // The call is a write of the router, and this is about another list.
        let unread = |why: Unmapped| {
            let failure = Failure::from(&why);
            let message = format!(
                "its record of operations cannot be read: {}",
                failure.message
            );
            Failure { message, ..failure }
        };
        let look = call.on_the_way("compute.regionOperations.list");
        let path = format!(
            "/compute/v1/projects/{}/regions/{}/operations",
            router.project, router.region
        );
        let filter = format!("targetLink eq \".*/routers/{}\"", router.name);
        let mut writes = Vec::new();
        let mut token = PageToken::start(self.max_list_items);
        loop {
            let query = [("filter", filter.as_str()), ("pageToken", token.text())];
            let request = self
                .raw
                .send(Api::Compute, Method::GET, &path, &query, None);
            let body = self.attempts.once(&look, request).await?;
            let page: Page = serde_json::from_str(&body)
                .map_err(|error| Failure::new(Nature::Unparsable, &error.to_string()))?;
            let more = token
                .count(page.items.len())
                .and_then(|()| token.advance(page.next_page_token));
            writes.extend(page.items);
            if !more.map_err(unread)? {
                return Ok(writes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(name: &str, second: u32) -> RouterWrite {
        RouterWrite {
            name: name.to_owned(),
            insert_time: format!("2026-01-01T00:00:{second:02}.000-07:00"),
            ..RouterWrite::default()
        }
    }

    #[test]
    fn only_what_came_between_our_read_and_our_write_is_overwritten() {
        let known = BTreeSet::from(["before".to_owned()]);
        let found = |after: &[RouterWrite]| {
            let ours = |write: &RouterWrite| write.name == "ours";
            let this = after.iter().find(|write| ours(write));
            overwritten(&known, this, ours, after).map(|write| write.name.clone())
        };
        let (before, ours, later) = (write("before", 1), write("ours", 5), write("later", 6));
        assert_eq!(found(&[before.clone(), ours.clone(), later.clone()]), None);
        let between = write("between", 4);
        let all = [before, between, ours, later];
        assert_eq!(found(&all), Some("between".to_owned()));
    }
}

//! Pages, and aggregated answers. A list is whole or it is an error; a region that an aggregated answer could
//! not read is named (`docs/reference/google-cloud.md#aggregated-lists`).

use std::collections::BTreeMap;

use google_cloud_compute_v1::model;
use privatelink_core::cloud::Listing;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::Live;

use crate::references::{Place, Unmapped, scope_region};
use crate::words;

/// Objects per page of Compute: the most that it gives.
pub(crate) const COMPUTE_PAGE: u32 = 500;
/// Objects per page of Cloud Run and VPC Access.
pub(crate) const PAGE: i32 = 100;
/// The one warning that is none.
const NO_RESULTS: &str = "NO_RESULTS_ON_PAGE";

/// Where a list goes on, and how much more of it is read.
#[derive(Debug)]
pub(crate) struct PageToken {
    text: String,
    most: usize,
    read: usize,
}

impl PageToken {
    /// The beginning of a list of which at most so many items are read.
    pub(crate) fn start(most: usize) -> Self {
        Self {
            text: String::new(),
            most,
            read: 0,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Counts the items of a page, before anything is made of them. A page without items counts as one, so that a
    /// list of empty pages has an end too.
    pub(crate) fn count(&mut self, items: usize) -> Result<(), Unmapped> {
        self.read = self.read.saturating_add(items.max(1));
        if self.read > self.most {
            return Err(Unmapped::TooMany(self.most));
        }
        Ok(())
    }

    /// Moves on; false when that was the last page.
    pub(crate) fn advance(&mut self, next: Option<String>) -> Result<bool, Unmapped> {
        let next = next.unwrap_or_default();
        if next.is_empty() {
            return Ok(false);
        }
        if next == self.text {
            return Err(Unmapped::PageRepeated);
        }
        self.text = next;
        Ok(true)
    }
}

/// Every list of Compute's says what it is. One that does not is none: the SDK makes an empty list of an answer without
/// a body, and what was not read is never taken for absent.
pub(crate) fn refuse_unsaid(kind: Option<&String>) -> Result<(), Unmapped> {
    match kind {
        Some(_) => Ok(()),
        None => Err(Unmapped::Missing("the list".to_owned(), "kind")),
    }
}

/// A warning: its code, and Google's words.
pub(crate) type Warning = (String, String);

/// A list that is not aggregated has nobody to blame but itself.
pub(crate) fn refuse_partial(warning: Option<Warning>) -> Result<(), Unmapped> {
    match warning {
        Some((code, message)) if code != NO_RESULTS => Err(Unmapped::Partial(words::neutral(
            &format!("{code} {message}"),
        ))),
        Some(_) | None => Ok(()),
    }
}

/// One scope of an aggregated answer.
pub(crate) struct Scoped<M> {
    pub(crate) items: Vec<M>,
    pub(crate) warning: Option<Warning>,
}

/// One page of an aggregated answer, the same for every kind.
pub(crate) struct Aggregated<M> {
    kind: Option<String>,
    /// By scope: `regions/europe-west1`, `global`.
    pub(crate) scopes: BTreeMap<String, Scoped<M>>,
    pub(crate) unreachables: Vec<String>,
    pub(crate) warning: Option<Warning>,
    pub(crate) next: Option<String>,
}

impl<M> Aggregated<M> {
    /// How many items it has, over all scopes.
    pub(crate) fn len(&self) -> usize {
        self.scopes.values().map(|scope| scope.items.len()).sum()
    }

    /// Puts a page into the listing and returns where the list goes on. Only regional scopes count.
    pub(crate) fn read(
        self,
        listing: &mut Listing,
        project: &ProjectId,
        map: impl Fn(&M, Place<'_>) -> Result<Option<Live>, Unmapped>,
    ) -> Result<Option<String>, Unmapped> {
        refuse_unsaid(self.kind.as_ref())?;
        for (scope, Scoped { items, warning }) in self.scopes {
            let Some(region) = scope_region(&scope)? else {
                continue;
            };
            let place = Place {
                project,
                region: &region,
            };
            for item in &items {
                listing.items.extend(map(item, place)?);
            }
            if let Some((code, message)) = warning.filter(|(code, _)| code != NO_RESULTS) {
                listing
                    .unreadable
                    .insert(region, words::neutral(&format!("{code} {message}")));
            }
        }
        let unreachable: Vec<Region> = self
            .unreachables
            .iter()
            .filter_map(|scope| scope_region(scope).transpose())
            .collect::<Result<_, _>>()?;
        if unreachable.is_empty() {
            // Without a region that it is about, a warning is about all of them.
            refuse_partial(self.warning)?;
        }
        for region in unreachable {
            listing
                .unreadable
                .entry(region)
                .or_insert_with(|| "UNREACHABLE".to_owned());
        }
        Ok(self.next)
    }
}

/// The SDK has a type of its own for the warning of every list.
macro_rules! warning {
    ($warning:expr) => {
        $warning.map(|warning| {
            let code = warning
                .code
                .map(|code| code.to_string())
                .unwrap_or_default();
            (code, warning.message.unwrap_or_default())
        })
    };
}
pub(crate) use warning;

macro_rules! aggregated {
    ($list:ident, $item:ident, $field:ident) => {
        impl From<model::$list> for Aggregated<model::$item> {
            fn from(page: model::$list) -> Self {
                let scopes = page
                    .items
                    .into_iter()
                    .map(|(scope, list)| {
                        (
                            scope,
                            Scoped {
                                items: list.$field,
                                warning: warning!(list.warning),
                            },
                        )
                    })
                    .collect();
                Self {
                    kind: page.kind,
                    scopes,
                    unreachables: page.unreachables,
                    warning: warning!(page.warning),
                    next: page.next_page_token,
                }
            }
        }
    };
}

aggregated!(SubnetworkAggregatedList, Subnetwork, subnetworks);
aggregated!(AddressAggregatedList, Address, addresses);
aggregated!(RouterAggregatedList, Router, routers);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::{at, project};
    use crate::subnetworks::subnetwork;

    fn read(mut page: Value) -> Result<Listing, Unmapped> {
        page["kind"] = json!("compute#subnetworkAggregatedList");
        let page: model::SubnetworkAggregatedList = serde_json::from_value(page).unwrap();
        let mut listing = Listing::default();
        Aggregated::from(page).read(&mut listing, &project(), |item, place| {
            subnetwork(item, place).map(|found| Some(Live::Subnetwork(found)))
        })?;
        Ok(listing)
    }

    fn quiet() -> Value {
        json!({"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "There are no results for scope."}})
    }

    #[test]
    fn scopes_without_results_are_silent() {
        let item = json!({
            "name": "a", "ipCidrRange": "10.8.0.0/28",
            "network": "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/prod",
        });
        let page = json!({"items": {
            "global": quiet(), "regions/us-east1": quiet(), "regions/europe-west1": {"subnetworks": [item]},
        }});
        let listing = read(page).unwrap();
        assert!(listing.unreadable.is_empty());
        assert!(matches!(listing.items.as_slice(), [Live::Subnetwork(only)] if only.id == at("a")));
    }

    #[test]
    fn a_region_with_any_other_warning_is_unreadable() {
        let page = json!({"items": {
            "regions/us-east1": {"warning": {"code": "UNREACHABLE", "message": "Scope is unreachable."}},
            "regions/us-west1": {"warning": {"code": "SOMETHING_NEW", "message": "?"}},
            "regions/europe-west1": quiet(),
        }});
        let regions: Vec<String> = read(page)
            .unwrap()
            .unreadable
            .keys()
            .map(ToString::to_string)
            .collect();
        assert_eq!(regions, ["us-east1", "us-west1"]);
    }

    #[test]
    fn unreachables_name_their_regions() {
        let page =
            json!({"unreachables": ["regions/us-east1"], "warning": {"code": "UNREACHABLE"}});
        let regions: Vec<String> = read(page)
            .unwrap()
            .unreadable
            .keys()
            .map(ToString::to_string)
            .collect();
        assert_eq!(regions, ["us-east1"]);
    }

    #[test]
    fn a_warning_about_no_region_in_particular_makes_the_list_an_error() {
        assert!(matches!(
            read(json!({"warning": {"code": "UNREACHABLE"}})),
            Err(Unmapped::Partial(_))
        ));
    }

    #[test]
    fn a_page_token_that_comes_back_is_an_error() {
        let mut token = PageToken::start(9);
        assert_eq!(token.advance(Some("x".into())), Ok(true));
        assert_eq!(token.advance(Some("x".into())), Err(Unmapped::PageRepeated));
        assert_eq!(token.advance(None), Ok(false));
    }

    #[test]
    fn a_list_has_an_end_even_if_its_pages_are_empty() {
        let mut token = PageToken::start(5);
        assert_eq!((token.count(3), token.count(2)), (Ok(()), Ok(())));
        assert_eq!(token.count(1), Err(Unmapped::TooMany(5)));
        let mut token = PageToken::start(2);
        let counts: Vec<bool> = (0..3).map(|_| token.count(0).is_ok()).collect();
        assert_eq!(counts, [true, true, false]);
    }
}

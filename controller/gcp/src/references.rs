//! Google writes one reference in many ways: with a host or without, with an API version or without, by
//! short name, by project id or project number. Here they all become the core's references, once.

use std::str::FromStr;

use ipnet::Ipv4Net;
use privatelink_core::ids::{NameError, ProjectId, Region, ResourceName, ServiceName};
use privatelink_core::kinds::RegionalRef;
use privatelink_core::link::{NetworkRef, ServiceRef};

use crate::failure::{Failure, Nature};

/// A part of an answer that has no place in our types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unmapped {
    /// A field that every such object has is not there.
    #[error("{0} has no field {1}")]
    Missing(String, &'static str),
    /// A name that Google would not have accepted.
    #[error("a {0} has an unusable name")]
    Name(&'static str, #[source] NameError),
    /// A link to something else than the field is for.
    #[error("'{0}' is not a reference to one of the {1}")]
    Reference(String, &'static str),
    /// A range that is none.
    #[error("'{0}' is not an IPv4 range")]
    Range(String),
    /// Google named the same page twice, so the list would never end.
    #[error("the list repeats its page token")]
    PageRepeated,
    /// A list that is longer than we read.
    #[error("it has more than {0} items")]
    TooMany(usize),
    /// A part of a list that Google could not read, without saying which.
    #[error("Google could not read a part of it: {0}")]
    Partial(String),
    /// Text that is not the JSON we need.
    #[error("the body is not as documented")]
    Json(String),
}

impl From<&Unmapped> for Failure {
    fn from(why: &Unmapped) -> Self {
        let nature = match why {
            // All of it may be as the API promises.
            Unmapped::TooMany(_) => Nature::TooLong,
            Unmapped::Missing(..)
            | Unmapped::Name(..)
            | Unmapped::Reference(..)
            | Unmapped::Range(_)
            | Unmapped::PageRepeated
            | Unmapped::Partial(_)
            | Unmapped::Json(_) => Nature::Unparsable,
        };
        Self::new(nature, &why.to_string())
    }
}

/// Where an object is: what its short names are relative to. Names equal to these share their text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) project: &'a ProjectId,
    pub(crate) region: &'a Region,
}

/// A reference taken apart: `projects/P/regions/R/COLLECTION/NAME` behind any host and version.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    project: Option<&'a str>,
    region: Option<&'a str>,
    /// `None` for a short name.
    collection: Option<&'a str>,
    name: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let path = text.split_once("://").map_or(text, |(_, rest)| {
            rest.split_once('/').map_or("", |(_, path)| path)
        });
        let path = path.find("projects/").map_or(path, |start| &path[start..]);
        let mut parts = Self {
            project: None,
            region: None,
            collection: None,
            name: path,
        };
        let mut rest = path;
        while let Some((word, after)) = rest.split_once('/') {
            let (value, next) = after.split_once('/').unwrap_or((after, ""));
            match word {
                "projects" => parts.project = Some(value),
                "regions" | "locations" => parts.region = Some(value),
                "global" => {
                    rest = after;
                    continue;
                }
                _ => {}
            }
            (parts.collection, parts.name) = (Some(word), value);
            rest = next;
        }
        parts
    }

    fn named(text: &'a str, collection: &'static str) -> Result<Self, Unmapped> {
        let parts = Self::of(text);
        if parts.name.is_empty() || parts.collection.is_some_and(|found| found != collection) {
            return Err(Unmapped::Reference(text.to_owned(), collection));
        }
        Ok(parts)
    }

    /// The project: the one at hand when the reference names none, or names it by its number
    /// (`docs/reference/google-cloud.md#project-numbers`).
    fn project(&self, near: &ProjectId) -> Result<ProjectId, Unmapped> {
        match self.project {
            None => Ok(near.clone()),
            Some(text) if text == near.as_str() || text.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(near.clone())
            }
            Some(text) => named(text, "project"),
        }
    }

    fn region(&self, near: &Region) -> Result<Region, Unmapped> {
        match self.region {
            None => Ok(near.clone()),
            Some(text) if text == near.as_str() => Ok(near.clone()),
            Some(text) => named(text, "region"),
        }
    }
}

/// A name of one of the core's types.
pub(crate) fn named<N: FromStr<Err = NameError>>(
    text: &str,
    what: &'static str,
) -> Result<N, Unmapped> {
    text.parse().map_err(|error| Unmapped::Name(what, error))
}

/// The name of an object, which every answer gives.
pub(crate) fn own_name<'a>(
    name: Option<&'a String>,
    what: &'static str,
) -> Result<&'a str, Unmapped> {
    name.map(String::as_str)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Unmapped::Missing(what.to_owned(), "name"))
}

/// A network: `projects/P/global/networks/N`, or a short name in `project`.
pub(crate) fn network(text: &str, project: &ProjectId) -> Result<NetworkRef, Unmapped> {
    let parts = Parts::named(text, "networks")?;
    Ok(NetworkRef {
        project: parts.project(project)?,
        name: named(parts.name, "network")?,
    })
}

/// A thing in a region, Compute's or another API's: full, or a short name near `place`.
pub(crate) fn regional(
    text: &str,
    collection: &'static str,
    place: Place<'_>,
) -> Result<RegionalRef, Unmapped> {
    let parts = Parts::named(text, collection)?;
    Ok(RegionalRef {
        project: parts.project(place.project)?,
        region: parts.region(place.region)?,
        name: named(parts.name, collection)?,
    })
}

/// A thing that is at `place` itself.
pub(crate) fn here(name: &str, place: Place<'_>) -> Result<RegionalRef, Unmapped> {
    let name: ResourceName = named(name, "resource")?;
    Ok(RegionalRef {
        project: place.project.clone(),
        region: place.region.clone(),
        name,
    })
}

/// A Cloud Run service by its full name.
pub(crate) fn service(text: &str, place: Place<'_>) -> Result<ServiceRef, Unmapped> {
    let name: ServiceName = named(Parts::named(text, "services")?.name, "service")?;
    Ok(ServiceRef {
        project: place.project.clone(),
        region: place.region.clone(),
        name,
    })
}

/// The last word of a path.
pub(crate) fn short(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// The region of a scope such as `regions/europe-west1`; `None` for `global` and zones.
pub(crate) fn scope_region(scope: &str) -> Result<Option<Region>, Unmapped> {
    Parts::of(scope)
        .region
        .map(|text| named(text, "region"))
        .transpose()
}

/// An IPv4 range.
pub(crate) fn range(text: &str) -> Result<Ipv4Net, Unmapped> {
    text.parse().map_err(|_| Unmapped::Range(text.to_owned()))
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(crate) fn project() -> ProjectId {
        "acme-prod".parse().unwrap()
    }

    pub(crate) fn region() -> Region {
        "europe-west1".parse().unwrap()
    }

    pub(crate) fn at(name: &str) -> RegionalRef {
        RegionalRef {
            project: project(),
            region: region(),
            name: name.parse().unwrap(),
        }
    }

    #[test]
    fn every_spelling_of_a_reference_is_the_same_reference() {
        let (project, region) = (project(), region());
        let place = Place {
            project: &project,
            region: &region,
        };
        for text in [
            "https://www.googleapis.com/compute/v1/projects/acme-prod/regions/europe-west1/subnetworks/a",
            "https://www.googleapis.com/compute/beta/projects/acme-prod/regions/europe-west1/subnetworks/a",
            "https://compute.googleapis.com/compute/v1/projects/acme-prod/regions/europe-west1/subnetworks/a",
            "http://127.0.0.1:8085/compute/v1/projects/acme-prod/regions/europe-west1/subnetworks/a",
            "projects/acme-prod/regions/europe-west1/subnetworks/a",
            "projects/123456789012/regions/europe-west1/subnetworks/a",
            "regions/europe-west1/subnetworks/a",
            "a",
        ] {
            assert_eq!(regional(text, "subnetworks", place), Ok(at("a")), "{text}");
        }
    }

    #[test]
    fn another_project_or_region_stays_another() {
        let (project, region) = (project(), region());
        let place = Place {
            project: &project,
            region: &region,
        };
        let other = regional(
            "projects/acme-host/locations/us-east1/connectors/c",
            "connectors",
            place,
        )
        .unwrap();
        assert_eq!(
            other.location("connectors"),
            "projects/acme-host/locations/us-east1/connectors/c"
        );
        let domain = network("projects/example.com:acme-host/global/networks/n", &project).unwrap();
        assert_eq!(
            domain.to_string(),
            "projects/example.com:acme-host/global/networks/n"
        );
    }

    #[test]
    fn networks_may_be_short_or_global() {
        for text in [
            "prod",
            "global/networks/prod",
            "projects/acme-prod/global/networks/prod",
        ] {
            assert_eq!(
                network(text, &project()).unwrap().to_string(),
                "projects/acme-prod/global/networks/prod"
            );
        }
    }

    #[test]
    fn a_reference_to_something_else_is_refused() {
        let (project, region) = (project(), region());
        let place = Place {
            project: &project,
            region: &region,
        };
        for text in [
            "projects/acme-prod/regions/europe-west1/addresses/a",
            "",
            "https://example.com",
        ] {
            assert!(regional(text, "subnetworks", place).is_err(), "{text}");
        }
    }
}

//! Names as Google Cloud and Kubernetes spell them, each a type of its own.
//!
//! A value of these types is well formed, so nothing behind [`validate`](crate::validate) checks
//! spelling again. They share their text: a clone is a reference count, because ten thousand links
//! name the same few projects and regions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Why a text is not a name of its type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a {what}: {rule}")]
pub struct NameError {
    text: String,
    what: &'static str,
    rule: &'static str,
}

impl NameError {
    /// The rule that the text breaks, as a sentence for the reader of a declaration.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Declares one name type: what it is called, the rule in words and the rule in code.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A name that this crate made itself out of characters that are always accepted.
            #[allow(dead_code)] // Not every type of name is ever made by us.
            pub(crate) fn trusted(text: &str) -> Self {
                debug_assert!(text.parse::<Self>().is_ok(), "{text}");
                Self(Arc::from(text))
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(NameError { text: text.to_owned(), what: $what, rule: $rule })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, formatter)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type!(
    /// A project's id, such as `acme-prod` or `example.com:acme-prod`; never its number.
    ProjectId,
    "project id",
    "6 to 30 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen",
    is_project_id
);
name_type!(
    /// A region, such as `europe-west1`.
    Region,
    "region",
    "a region is written like europe-west1",
    is_region
);
name_type!(
    /// The name of a Cloud Run service.
    ServiceName,
    "Cloud Run service name",
    "at most 49 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen",
    |text| is_label(text, 49)
);
name_type!(
    /// The name of a Compute resource: network, subnetwork, router, NAT entry, address.
    ResourceName,
    "resource name",
    "at most 63 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen",
    |text| is_label(text, 63)
);
name_type!(
    /// The name of a Serverless VPC Access connector; shorter than other names
    /// (docs/reference/google-cloud.md#connector-name).
    ConnectorName,
    "connector name",
    "at most 25 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen",
    |text| is_label(text, 25)
);

/// Lower-case letters, digits and hyphens; a letter first, no hyphen last.
fn is_label(text: &str, longest: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= longest
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(|last| *last != b'-')
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// An id of six characters or more, optionally behind the domain of an old organisation.
fn is_project_id(text: &str) -> bool {
    let (domain, id) = text.rsplit_once(':').unwrap_or(("a.a", text));
    let is_part = |part: &str| {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty() && part.bytes().all(allowed)
    };
    let domain_is_one = domain.contains('.') && domain.split('.').all(is_part);
    domain_is_one && text.len() <= 100 && id.len() >= 6 && is_label(id, 30)
}

/// Words of letters joined by hyphens, and a number of one or two digits.
fn is_region(text: &str) -> bool {
    let words = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - words.len();
    (1..=2).contains(&digits)
        && text.len() <= 63
        && words.contains('-')
        && words
            .split('-')
            .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
}

/// What a declaration is called: a Kubernetes namespace and a name in it.
///
/// Files may leave the namespace out; then it is `default`, as in Kubernetes. Prints as
/// `namespace/name` and is read from that or from a bare name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkName {
    namespace: Arc<str>,
    name: Arc<str>,
}

impl LinkName {
    /// The namespace of declarations that name none.
    pub const DEFAULT_NAMESPACE: &str = "default";

    /// A name from its parts, both DNS labels as Kubernetes checks them (a name may hold dots).
    pub fn new(namespace: &str, name: &str) -> Result<Self, NameError> {
        let (what, rule) = (
            "Kubernetes name",
            "lower-case letters, digits and hyphens, starting and ending with a letter or digit",
        );
        if !is_kubernetes_label(namespace) {
            return Err(NameError {
                text: namespace.to_owned(),
                what,
                rule,
            });
        }
        if name.len() > 253 || !name.split('.').all(is_kubernetes_label) {
            return Err(NameError {
                text: name.to_owned(),
                what,
                rule,
            });
        }
        Ok(Self {
            namespace: Arc::from(namespace),
            name: Arc::from(name),
        })
    }

    /// The Kubernetes namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name within its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn is_kubernetes_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    (1..=63).contains(&bytes.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

impl FromStr for LinkName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (namespace, name) = text
            .split_once('/')
            .unwrap_or((Self::DEFAULT_NAMESPACE, text));
        Self::new(namespace, name)
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}/{}", self.namespace, self.name))
    }
}

impl fmt::Debug for LinkName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl Serialize for LinkName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LinkName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

//! The fingerprint of what a link wishes for.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Access, Adoption, Egress, Ingress, Internet, NetworkRef, Routing, ServiceRef};

/// A fingerprint of what a link wishes for: 16 hexadecimal digits.
///
/// It covers everything that decides what the cloud should look like, defaults filled in. It does
/// not cover the link's name, its place, or its [`LinkPolicy`](super::LinkPolicy): a policy says what may be done
/// about a difference, and turning it to `Report` must not make drift look like an unapplied
/// change. Services carry it across releases, so its bytes are pinned by a test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(String);

impl Digest {
    /// The digest as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// The wishes of a link, in the order and spelling that the digest is computed over.
#[derive(Serialize)]
pub(crate) struct Wish<'a> {
    pub(crate) source: &'a ServiceRef,
    pub(crate) destination: &'a ServiceRef,
    pub(crate) ingress: Option<Ingress>,
    pub(crate) network: &'a NetworkRef,
    pub(crate) egress: &'a Egress,
    pub(crate) routing: Routing,
    pub(crate) access: Access,
    pub(crate) internet: &'a Internet,
    pub(crate) adopt: &'a BTreeSet<Adoption>,
}

impl Wish<'_> {
    /// The first 16 hexadecimal digits of the SHA-256 of the wishes as compact JSON.
    pub(crate) fn digest(&self) -> Digest {
        struct Sink(Sha256);
        impl std::io::Write for Sink {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.update(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut sink = Sink(Sha256::new());
        // Neither the sink nor these types can fail to serialise.
        let _infallible = serde_json::to_writer(&mut sink, self);
        let hash = sink.0.finalize();
        let first = hash.iter().take(8);
        Digest(first.fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
    }
}

//! Regional external addresses: the ones that a NAT with manual addresses sends from.
//!
//! A declaration names them. One that exists is used as it is; one that does not is reserved, marked, and
//! given back with the link.

use serde::Serialize;

use crate::kinds::RegionalRef;
use crate::names::Mark;

/// An address as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveAddress {
    /// Which one.
    pub id: RegionalRef,
    /// NAT takes external addresses only.
    pub external: bool,
    /// The mark in its description, if it carries one.
    pub mark: Option<Mark>,
}

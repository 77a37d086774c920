//! What somebody wrote down, and where.

use privatelink_crds::PrivateLinkSpec;

use crate::diagnostic::Origin;
use crate::ids::LinkName;

/// One declaration as it was read: of the right shape, not yet known to be right.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// What it is called.
    pub name: LinkName,
    /// What it says, with the schema's own defaults filled in.
    pub spec: PrivateLinkSpec,
    /// Where it was read; findings about a field start here and are moved to its line by whoever
    /// still has the text.
    pub origin: Origin,
}

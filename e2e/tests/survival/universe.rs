//! Who we are in the scenarios: the defaults of the command line. The judges of the simulation ask for it here.

use std::sync::LazyLock;

use privatelink_core::names::Installation;

/// What the judges have to know of the world.
pub(crate) struct Universe {
    pub(crate) ours: Installation,
}

pub(crate) static UNIVERSE: LazyLock<Universe> = LazyLock::new(|| Universe {
    ours: Installation::new("privatelink", "default").unwrap(),
});

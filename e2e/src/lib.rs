//! What the tests of the whole share: an emulator of one's own, the binary, and scenarios as data.

pub mod cloud;
pub mod news;
pub mod page;
pub mod privatelink;
pub mod recovery;
pub mod rehearsal;
pub mod report_page;
pub mod scenario;
pub mod skipped;
pub mod state;
pub mod transcript;
pub mod untold;

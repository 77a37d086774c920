//! What containers can mount.

use crate::enums;
use crate::fields::{Field, Fields};

const EMPTY_DIR: Fields = &[
    ("medium", Field::Choice(enums::MEDIUM)),
    ("sizeLimit", Field::Text),
];

const BUCKET: Fields = &[
    ("bucket", Field::Text),
    ("mountOptions", Field::Texts),
    ("readOnly", Field::Bool),
];

const NFS: Fields = &[
    ("path", Field::Text),
    ("readOnly", Field::Bool),
    ("server", Field::Text),
];

const VERSION: Fields = &[
    ("mode", Field::Int),
    ("path", Field::Text),
    ("version", Field::Text),
];

const SECRET: Fields = &[
    ("defaultMode", Field::Int),
    ("items", Field::List(VERSION)),
    ("secret", Field::Text),
];

/// `Volume`.
pub(super) const VOLUME: Fields = &[
    (
        "cloudSqlInstance",
        Field::Object(&[("instances", Field::Texts)]),
    ),
    ("emptyDir", Field::Object(EMPTY_DIR)),
    ("filestore", Field::Object(&[("volume", Field::Text)])),
    ("gcs", Field::Object(BUCKET)),
    ("name", Field::Text),
    ("nfs", Field::Object(NFS)),
    ("secret", Field::Object(SECRET)),
];

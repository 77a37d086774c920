//! What goes wrong with a write of a history, ordered from the emulator.
//!
//! Not ordered, because the emulator has no such fault, and why:
//!
//! * `Overtaken`: the simulation refuses the write as if somebody had been faster and shows nothing of that somebody.
//!   Over REST somebody has to do something, which would be there afterwards. The write is not sent; neither cloud
//!   changes.
//! * `Breaks` of an `UpdateConnector`: only the making of a connector is known to end in ERROR
//!   (`docs/reference/google-cloud.md`). The write is not sent, and the connector goes to ERROR by itself.
//! * `Unending`: whether it ends is a matter of how long one waits. The write is sent when the simulation ends it.

use privatelink_core::cloud::Write;
use privatelink_core::fake::{Fault, LOST_ENTRY};
use serde_json::{Value, json};

/// How a write of a history is sent.
pub(crate) enum Sending {
    /// As it is.
    Plain,
    /// With this effect on the request that changes something.
    Disturbed(Value),
    /// Not at all.
    Left,
}

/// What the emulator is told about a write.
pub(crate) fn sending(write: &Write, fault: Option<Fault>) -> Sending {
    let Some(fault) = fault else {
        return Sending::Plain;
    };
    match fault {
        Fault::Transient => Sending::Disturbed(json!({"preset": "unavailable"})),
        Fault::Denied => Sending::Disturbed(json!({"preset": "permissionDenied"})),
        Fault::Quota => Sending::Disturbed(json!({"preset": "quotaExceeded"})),
        // Whether it was the connection or our process that ended makes no difference to the cloud.
        Fault::LostReply | Fault::Crash => Sending::Disturbed(json!({"reset": "after"})),
        Fault::Fails => Sending::Disturbed(fails(write)),
        Fault::LostUpdate => {
            Sending::Disturbed(json!({"otherWriter": {"append": {"nats": [theirs()]}}}))
        }
        Fault::Breaks if matches!(write, Write::CreateConnector(_)) => {
            Sending::Disturbed(json!({"preset": "connectorError"}))
        }
        Fault::Breaks | Fault::Overtaken => Sending::Left,
        Fault::Unending => Sending::Plain,
    }
}

/// An operation that ends in an error which trying again does not help.
fn fails(write: &Write) -> Value {
    let code = if operation(write).starts_with("compute.") {
        json!("INVALID_USAGE")
    } else {
        json!(9)
    };
    json!({"operationError": {"code": code, "message": "the operation ended in an error"}})
}

/// The entry of somebody's that a write of the whole list overwrites.
fn theirs() -> Value {
    json!({
        "name": LOST_ENTRY,
        "type": "PUBLIC",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
    })
}

/// The request of a write that changes something.
pub(crate) fn operation(write: &Write) -> &'static str {
    match write {
        Write::CreateSubnetwork(..) => "compute.subnetworks.insert",
        Write::SetPrivateGoogleAccess(..) => "compute.subnetworks.setPrivateIpGoogleAccess",
        Write::DeleteSubnetwork(_) => "compute.subnetworks.delete",
        Write::CreateAddress(..) => "compute.addresses.insert",
        Write::DeleteAddress(_) => "compute.addresses.delete",
        Write::CreateRouter(..) => "compute.routers.insert",
        Write::DeleteRouter(_) => "compute.routers.delete",
        Write::PutNat(_) | Write::PutNats(..) | Write::DeleteNat(_) => "compute.routers.patch",
        Write::CreateConnector(_) => "vpcaccess.projects.locations.connectors.create",
        Write::UpdateConnector(_) => "vpcaccess.projects.locations.connectors.patch",
        Write::DeleteConnector(_) => "vpcaccess.projects.locations.connectors.delete",
        Write::PatchService(_) => "run.projects.locations.services.patch",
    }
}

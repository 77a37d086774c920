//! Every diagnostic code, in one table: number, name, severity, title.
//!
//! A code is a promise: its number never changes and is never given to another finding. Each has a
//! page in `docs/codes/`, built into the program (`privatelink codes PL0012`).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::diagnostic::Severity;

macro_rules! codes {
    ($($number:ident $name:ident $severity:ident $title:literal)+) => {
        /// The kind of a finding; prints as its number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All codes, by number.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The number as it is printed: `PL0012`.
            pub const fn number(self) -> &'static str {
                match self { $(Self::$name => stringify!($number),)+ }
            }

            /// The title of its page.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// How much it matters unless a finding says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// Its page, in Markdown.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(
                        concat!("../../../docs/codes/", stringify!($number), ".md")
                    ),)+
                }
            }
        }
    };
}

codes! {
    // Reading and schema.
    PL0001 SourceUnreadable Error "A file or directory cannot be read"
    PL0002 NotYaml Error "The text is not YAML"
    PL0003 KindMissing Error "A document names no apiVersion or kind"
    PL0004 OtherKindSkipped Info "A document of another API is skipped"
    PL0005 UnknownKind Error "The API has no such kind"
    PL0006 UnknownVersion Error "The API has no such version"
    PL0007 UnknownField Error "A field is not known"
    PL0008 WrongType Error "A value has the wrong type"
    PL0009 UnknownValue Error "A value is not one of those allowed"
    PL0010 MissingField Error "A required field is missing"
    PL0011 DuplicateField Error "A field is written twice"
    PL0012 NotInThisVersion Error "A field is reserved and does not work in this version"
    PL0013 TooLarge Error "A source is larger than the limit"
    PL0014 TooComplex Error "A document is nested or expanded beyond the limits"
    PL0015 NothingDeclared Error "The source declares nothing"
    PL0016 DuplicateName Error "Two declarations have one name"
    PL0017 NameMissing Error "A declaration has no name"
    PL0018 LinkNameInvalid Error "The name of a declaration is not one Kubernetes accepts"

    // Each declaration on its own.
    PL0050 ValueOutOfBounds Error "A value breaks a bound of the schema"
    PL0051 NameInvalid Error "A name is not spelled as Google Cloud requires"
    PL0052 NotExactlyOne Error "Exactly one of several fields must be set"
    PL0053 RangeInvalid Error "A range is not an IPv4 network"
    PL0054 RangeNotSlash28 Error "A connector's subnetwork is not a /28"
    PL0055 RangePublic Error "A range is outside the private address ranges"
    PL0056 RangesOverlap Error "Two declared ranges overlap in one network"
    PL0058 LinkToItself Warning "A link leads from a service to itself"
    PL0059 CrossProjectUnattached Error "The destination does not admit the source's network"
    PL0060 RoutingUnreachable Error "Private ranges only does not reach the default URL"
    PL0061 InstancesOutOfOrder Error "The connector's instance limits are out of order"
    PL0062 InternetCutOff Warning "The source loses its way to the internet"
    PL0063 AdoptsNothing Warning "An adoption names something the link does not use"
    PL0064 FieldImmutable Error "A field that names the link's ends has changed"
    PL0065 ExistingWithoutEffect Warning "A setting has no effect on something that exists"

    // Several declarations together.
    PL0100 LinksConflict Error "Two links want one thing differently"
    PL0101 LoosestIngressWins Warning "Links want different ingress for one destination"
    PL0102 LargestLimitsWin Info "Links want different instance limits for one connector"
    PL0103 SourceOnTwoConnectors Error "Links send one source through two connectors"
    PL0104 RangeForTwoThings Error "Links want one range for two things"

    // Planning: what is live stands in the way, or something is held back.
    PL0150 HeldBySomebody Error "A field already holds somebody's value"
    PL0151 ForeignUnderOurName Error "Somebody else's resource has the name we need"
    PL0152 ServiceMissing Error "A Cloud Run service does not exist"
    PL0153 NetworkMissing Error "A network does not exist"
    PL0154 SubnetworkMissing Error "A subnetwork does not exist"
    PL0155 ConnectorMissing Error "A connector does not exist"
    PL0156 ConnectorFailed Error "A connector is in the state ERROR"
    PL0157 NatMissing Error "No Cloud NAT serves the egress subnetwork"
    PL0158 RouterMissing Error "A router does not exist"
    PL0160 RouterLimitReached Error "A network has no room for another router"
    PL0161 NatLimitReached Error "A router has no room for another NAT"
    PL0162 Protected Error "A policy protects what would be removed"
    PL0163 Suspended Info "A link is suspended"
    PL0164 ReportOnly Info "A link is only reported, not changed"
    PL0165 FormerValueUnknown Warning "A former value is unknown and the field is left"
    PL0166 RangeChangeImpossible Error "One range cannot be in two subnetworks at a time"
    PL0167 ScopeUnreadable Error "A part of the cloud could not be read"
    PL0168 PruneHeldBack Warning "Nothing is removed in this run"
    PL0169 Draining Info "A removal takes hours and goes on"
    PL0170 AddressInUse Error "An external address is used by something else"
    PL0171 SubnetworkUnfit Error "A subnetwork cannot carry a connector"
    PL0172 ConnectorUnfit Error "A connector does not fit the link"
    PL0173 RangeTaken Error "A range overlaps one that is live"
    PL0174 NetworkUnfit Error "A network cannot carry the link"
    PL0176 RevisionFailed Error "A new revision did not become ready"
    PL0177 ExistingNatUsed Info "A NAT that is already there serves the subnetwork"
    PL0178 Waiting Info "A step waits for something that is not there yet"
    PL0179 Abandoned Info "A policy leaves in place what the link made"
    PL0180 PolicyHeldBack Info "The policy of this run leaves a step undone"
    PL0181 HeldAsItIs Info "A broken link keeps what it has"
    PL0182 PlanUnsafe Error "The plan fails its own safety check"
    PL0184 OwnedByAnother Error "A resource belongs to another installation or set"
    PL0185 ConnectorReplaced Warning "A failed connector is deleted and made again"
    PL0187 LeftForOthers Info "Something is left because others still use it"
    PL0188 UsedByService Error "A connector is still used by a service or a job"
    PL0191 NatRouterChange Error "A subnetwork in use cannot change to a NAT of another router"
    PL0192 AttachedForCallers Error "A service would leave the network that others reach it over"

    // The path from source to destination.
    PL0200 RevisionWithoutEgress Error "A revision with traffic does not use the link's egress"
    PL0201 RevisionNotReady Error "A revision with traffic is not ready"
    PL0202 RoutingTooNarrow Error "The source sends only private ranges into the network"
    PL0203 ConnectorNotReady Error "The connector is not ready"
    PL0204 PrivateAccessOff Error "Private Google Access is off for the egress subnetwork"
    PL0205 NoDefaultRoute Error "The network has no default route to the internet gateway"
    PL0206 NetworkNotAdmitted Error "The destination does not admit the network"
    PL0207 DefaultUrlDisabled Error "The destination's default URL is disabled"
    PL0208 IngressHeld Warning "Ingress is not tightened until the path is proven"
    PL0209 PathUnknown Warning "The path cannot be judged"
    PL0212 TrafficPinned Error "Traffic or a tag is pinned to an old revision"
    PL0213 AmbientNetworking Warning "Ambient networking makes the path unknown"
    PL0214 WrongNetwork Error "The source's egress leads into another network"
    PL0215 SubnetworkHidden Warning "The connector's subnetwork cannot be seen"
    PL0217 IngressClosed Error "The destination admits nothing"

    // What Google Cloud answers.
    PL0300 CredentialsMissing Error "No Google Cloud credentials were found"
    PL0301 CredentialsRejected Error "Google Cloud rejected the credentials"
    PL0302 ApiDisabled Error "An API is not enabled in a project"
    PL0303 PermissionDenied Error "A permission is missing"
    PL0304 ActAsMissing Error "The permission to act as a service account is missing"
    PL0305 NetworkUserMissing Error "The permission to use a shared network is missing"
    PL0306 OrganisationPolicy Error "An organisation policy forbids the change"
    PL0307 QuotaExceeded Error "A quota is used up"
    PL0308 RateLimited Warning "Google Cloud asked us to slow down"
    PL0309 AnswerUnparsable Error "An answer of Google Cloud could not be understood"
    PL0310 Unreachable Error "Google Cloud could not be reached"
    PL0311 UpdateLost Error "Somebody's change to a router was overwritten"
    PL0312 OperationFailed Error "An operation ended with an error"
    PL0313 DeadlineExceeded Error "An operation did not end in time"
    PL0314 ChangedMeanwhile Error "A resource changed while we were changing it"
    PL0315 InUse Error "A resource cannot be removed because it is in use"
    PL0316 RequestRefused Error "Google Cloud refused a request as invalid"
    PL0317 ServerFailed Error "Google Cloud failed to answer"
    PL0318 ProjectMissing Error "A project does not exist or cannot be seen"
    PL0319 ImageUnreadable Error "The permission to read a service's image is missing"
    PL0321 EndpointInvalid Error "The endpoint is not a usable address"
    PL0322 Interrupted Error "The run was interrupted"
    PL0323 TimeUp Error "The time for the run was up"
    PL0324 ListTooLong Error "A list has more items than are read"
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.number())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.number())
    }
}

/// The text is not the number of a code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no code `{0}`; `privatelink codes` lists them all")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads `PL0012`, in either case.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.number().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

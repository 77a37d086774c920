//! `emulator env`: the settings by which other clients of Google Cloud reach the emulator.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use clap::{Args, ValueEnum};
use privatelink_core::ids::{ProjectId, Region};

use super::told::Told;
use crate::cli::{Failure, HELP};
use crate::render::Output;

const EXAMPLES: &str = "\
Examples:
  eval \"$(privatelink emulator env --endpoint http://127.0.0.1:8085 --project acme-prod)\"
  privatelink emulator env terraform        only what Terraform needs
";

/// Print exports that point gcloud, Terraform and the Python clients at an emulator.
///
/// Which emulator is said by --endpoint, or by the --listen that it was started with. The exports are for a POSIX
/// shell; no client is left with credentials to send.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    told: Told,
    /// For which clients; for all when left out.
    #[arg(value_name = "CLIENT")]
    clients: Vec<Client>,
    /// The project that clients work in when none is named.
    #[arg(long, value_name = "PROJECT", env = "PRIVATELINK_PROJECT")]
    project: Option<ProjectId>,
    /// The region that clients work in when none is named.
    #[arg(long, value_name = "REGION", env = "PRIVATELINK_REGION")]
    region: Option<Region>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// This program.
    Privatelink,
    /// Google's command line; also Cloud Run, whose regional hosts it cannot be talked out of.
    Gcloud,
    /// Terraform's Google provider.
    Terraform,
    /// Google's client libraries for Python.
    Python,
}

/// Why there is nothing to print.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvError {
    /// Nothing says where it is.
    #[error("which emulator? Say --endpoint http://127.0.0.1:8085, or the --listen that it has")]
    Nowhere,
    /// Something else than an address of this machine.
    #[error("'{0}' is not the address of an emulator, such as http://127.0.0.1:8085")]
    Address(String),
}

impl Arguments {
    pub(super) fn run(&self, output: Output) -> Result<u8, Failure> {
        let endpoint = self.told.url.clone();
        let endpoint = endpoint.ok_or(EnvError::Nowhere).map_err(Failure::Env)?;
        let place = Place::parse(&endpoint).map_err(Failure::Env)?;
        output.data(&self.exports(&place))?;
        Ok(0)
    }

    fn exports(&self, place: &Place) -> String {
        let chosen = if self.clients.is_empty() {
            Client::value_variants()
        } else {
            &self.clients
        };
        let mut text = String::new();
        for client in chosen {
            let (why, mut exports) = match client {
                Client::Privatelink => privatelink(place),
                Client::Gcloud => gcloud(place),
                Client::Terraform => terraform(place),
                Client::Python => python(place),
            };
            exports.extend(self.defaults(*client));
            for line in why {
                let _ = writeln!(text, "# {line}");
            }
            for (name, value) in exports {
                let value = quoted(value);
                let _ = writeln!(text, "export {name}={value}");
            }
        }
        text
    }

    /// How a client is told its project and its region.
    fn defaults(&self, client: Client) -> Vec<(&'static str, String)> {
        let (projects, regions): (&[&str], &[&str]) = match client {
            Client::Privatelink => (&[], &[]),
            Client::Gcloud => (
                &["CLOUDSDK_CORE_PROJECT"],
                &["CLOUDSDK_COMPUTE_REGION", "CLOUDSDK_RUN_REGION"],
            ),
            Client::Terraform => (&["GOOGLE_PROJECT"], &["GOOGLE_REGION"]),
            Client::Python => (&["GOOGLE_CLOUD_PROJECT"], &[]),
        };
        let project = self
            .project
            .iter()
            .flat_map(|it| projects.iter().map(move |name| (*name, it.to_string())));
        let region = self
            .region
            .iter()
            .flat_map(|it| regions.iter().map(move |name| (*name, it.to_string())));
        project.chain(region).collect()
    }
}

/// A host as it stands in a URL. Shells are to read it, so it is nothing but a name or an address.
fn host(text: &str) -> Option<String> {
    if let Some(text) = text.strip_prefix('[') {
        let address: Ipv6Addr = text.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    (!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned())
}

/// A value as a shell leaves it alone. Brackets stand for one of the characters in them there, and a file of such a name
/// would take the value's place; nothing else in a place means anything to a shell.
fn quoted(value: String) -> String {
    if value.contains('[') {
        format!("'{value}'")
    } else {
        value
    }
}

/// Where an emulator is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
}

impl Place {
    fn parse(endpoint: &str) -> Result<Self, EnvError> {
        let parts = || {
            let address = endpoint.strip_prefix("http://")?.trim_end_matches('/');
            let (host, port) = address.rsplit_once(':')?;
            let (host, port) = (self::host(host)?, port.parse().ok()?);
            Some(Self { host, port })
        };
        parts().ok_or_else(|| EnvError::Address(endpoint.to_owned()))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.host, self.port)
    }
}

type Exports = (&'static [&'static str], Vec<(&'static str, String)>);

fn privatelink(place: &Place) -> Exports {
    (
        &["privatelink"],
        vec![("PRIVATELINK_ENDPOINT", place.url(""))],
    )
}

/// Through the emulator as an HTTP proxy: `gcloud` puts the region before whatever host Cloud Run has.
fn gcloud(place: &Place) -> Exports {
    let why: &[&str] = &[
        "gcloud, with a configuration of its own; the emulator is its HTTP proxy, because gcloud puts the region",
        "before the host of Cloud Run",
    ];
    let text = |value: &str| value.to_owned();
    let exports = vec![
        (
            "CLOUDSDK_CONFIG",
            text("\"${XDG_CACHE_HOME:-$HOME/.cache}/privatelink/gcloud\""),
        ),
        ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", text("true")),
        ("CLOUDSDK_PROXY_TYPE", text("http")),
        ("CLOUDSDK_PROXY_ADDRESS", place.host.clone()),
        ("CLOUDSDK_PROXY_PORT", place.port.to_string()),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE",
            text("http://compute.googleapis.com/compute/v1/"),
        ),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN",
            text("http://run.googleapis.com/"),
        ),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_VPCACCESS",
            text("http://vpcaccess.googleapis.com/"),
        ),
        ("CLOUDSDK_CORE_CHECK_GCE_METADATA", text("false")),
        ("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", text("true")),
        ("CLOUDSDK_CORE_DISABLE_PROMPTS", text("1")),
        ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", text("true")),
        ("CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API", text("false")),
        (
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK",
            text("true"),
        ),
        ("CLOUDSDK_SURVEY_DISABLE_PROMPTS", text("true")),
    ];
    (why, exports)
}

fn terraform(place: &Place) -> Exports {
    let exports = vec![
        ("GOOGLE_COMPUTE_CUSTOM_ENDPOINT", place.url("/compute/v1/")),
        // Version 1: the provider's own default has the region in its host, which no address of this machine can have.
        ("GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT", place.url("/")),
        ("GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT", place.url("/v2/")),
        ("GOOGLE_VPC_ACCESS_CUSTOM_ENDPOINT", place.url("/v1/")),
        // Some value has to be there, or the provider looks for credentials.
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "emulator".to_owned()),
    ];
    (&["Terraform (provider google)"], exports)
}

fn python(place: &Place) -> Exports {
    let why: &[&str] = &[
        "Python; the libraries read no endpoint from the environment, so give each client",
        "  client_options=ClientOptions(api_endpoint=os.environ[\"GOOGLE_CLOUD_EMULATOR\"]),",
        "  credentials=AnonymousCredentials(), transport=\"rest\"",
    ];
    let exports = vec![
        ("GOOGLE_CLOUD_EMULATOR", place.url("")),
        ("NO_GCE_CHECK", "true".to_owned()),
    ];
    (why, exports)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use privatelink_emulator::discovery::Held;
    use privatelink_emulator::{Emulator, Options};

    use super::*;

    #[test]
    fn each_client_gets_its_own_words_for_one_place() {
        let arguments = Arguments {
            told: Told { url: None },
            clients: vec![Client::Terraform, Client::Privatelink],
            project: Some("acme-prod".parse().unwrap()),
            region: Some("europe-west1".parse().unwrap()),
        };
        let place = Place::parse("http://127.0.0.1:8085/").unwrap();
        let expected = "\
# Terraform (provider google)
export GOOGLE_COMPUTE_CUSTOM_ENDPOINT=http://127.0.0.1:8085/compute/v1/
export GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT=http://127.0.0.1:8085/
export GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT=http://127.0.0.1:8085/v2/
export GOOGLE_VPC_ACCESS_CUSTOM_ENDPOINT=http://127.0.0.1:8085/v1/
export GOOGLE_OAUTH_ACCESS_TOKEN=emulator
export GOOGLE_PROJECT=acme-prod
export GOOGLE_REGION=europe-west1
# privatelink
export PRIVATELINK_ENDPOINT=http://127.0.0.1:8085
";
        assert_eq!(arguments.exports(&place), expected);
    }

    /// The status that the emulator answers a GET with.
    fn status(url: &str) -> u16 {
        let (address, path) = url
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Each endpoint, and what the provider puts behind it to list one kind of resource.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_terraform_asks_for_below_its_endpoints_is_served() {
        let held = Held::new();
        let options = Options {
            observers: held.observers(),
            ..Options::default()
        };
        let emulator = Emulator::start(options).await.unwrap();
        let (_, exports) = terraform(&Place::parse(&emulator.url()).unwrap());
        let endpoints = exports.iter().filter_map(|(name, url)| {
            Some((
                name.strip_prefix("GOOGLE_")?
                    .strip_suffix("_CUSTOM_ENDPOINT")?,
                url,
            ))
        });
        let mut products = Vec::new();
        for (product, url) in endpoints {
            let path = match product {
                "COMPUTE" => "projects/acme-prod/global/networks",
                "CLOUD_RUN" => "apis/serving.knative.dev/v1/namespaces/acme-prod/services",
                "CLOUD_RUN_V2" => "projects/acme-prod/locations/europe-west1/services",
                "VPC_ACCESS" => "projects/acme-prod/locations/europe-west1/connectors",
                other => panic!("what does the provider ask {other} for?"),
            };
            let url = format!("{url}{path}");
            let status = tokio::task::block_in_place(|| status(&url));
            assert_eq!(status, 200, "{url}");
            products.push(product);
        }
        assert_eq!(
            products,
            ["COMPUTE", "CLOUD_RUN", "CLOUD_RUN_V2", "VPC_ACCESS"]
        );
    }

    /// Also where there are files that the brackets would find as a pattern.
    #[test]
    fn an_address_of_version_6_reaches_a_shell_as_it_is() {
        let address = "http://[::1]:8085";
        let place = Place::parse(&format!("{address}/")).unwrap();
        assert_eq!(place.url("/v2/"), format!("{address}/v2/"));
        let arguments = Arguments {
            told: Told { url: None },
            clients: vec![Client::Privatelink, Client::Gcloud],
            project: None,
            region: None,
        };
        let exports = arguments.exports(&place);
        assert!(
            exports.contains(&format!("export PRIVATELINK_ENDPOINT='{address}'\n")),
            "{exports}"
        );
        let folder = std::env::temp_dir().join(format!("privatelink-env-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("http:")).unwrap();
        std::fs::write(folder.join("http:/1:8085"), "").unwrap();
        std::fs::write(folder.join("1"), "").unwrap();
        let script = format!(
            "{exports}printf '%s %s %s' \"$PRIVATELINK_ENDPOINT\" \"$CLOUDSDK_PROXY_ADDRESS\" \"$CLOUDSDK_CONFIG\""
        );
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &script]).current_dir(&folder);
        shell.env_clear().env("HOME", "/home/me");
        let said = shell.output().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            String::from_utf8(said.stdout).unwrap(),
            format!("{address} [::1] /home/me/.cache/privatelink/gcloud"),
        );
    }

    #[test]
    fn what_a_shell_would_carry_out_is_no_address() {
        for text in [
            "127.0.0.1:1",
            "http://127.0.0.1",
            "http://$(id):1",
            "http://a;b:1",
            "https://h:1",
            "http://::1:1",
            "http://[::1:1",
            "http://[::1]",
            "http://[::1%lo]:1",
            "http://['$(id)']:1",
            "http://[a-z]:1",
            "http://[::1]x:1",
            "http://[]:1",
        ] {
            assert_eq!(Place::parse(text), Err(EnvError::Address(text.to_owned())));
        }
    }
}

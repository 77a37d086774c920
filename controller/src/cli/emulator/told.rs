//! Which emulator is meant: by its address, or by the `--listen` that it was started with.

use std::net::SocketAddr;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::address;

const ENDPOINT: &str = "endpoint";
const LISTEN: &str = "listen";

/// Where the emulator is, if that is said. An option on the command line wins over the environment, also over that of
/// the other option; which derived arguments do not know.
#[derive(Debug)]
pub(super) struct Told {
    /// Its base URL.
    pub(super) url: Option<String>,
}

impl Told {
    fn of(matches: &ArgMatches) -> Self {
        let typed = |option| matches.value_source(option) == Some(ValueSource::CommandLine);
        let endpoint = matches.get_one::<String>(ENDPOINT).cloned();
        // What the kernel chose is not known here.
        let listen = matches.get_one::<SocketAddr>(LISTEN);
        let listen = listen.filter(|address| address.port() != 0);
        let listen = listen.map(|address| format!("http://{address}"));
        let url = if typed(LISTEN) && !typed(ENDPOINT) {
            listen.or(endpoint)
        } else {
            endpoint.or(listen)
        };
        Self { url }
    }
}

impl FromArgMatches for Told {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self::of(matches))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::of(matches);
        Ok(())
    }
}

impl Args for Told {
    /// `--endpoint` is an option of every command.
    fn augment_args(command: Command) -> Command {
        let listen = Arg::new(LISTEN)
            .long(LISTEN)
            .value_name("ADDRESS")
            .env("PRIVATELINK_LISTEN")
            .value_parser(address)
            .help("The address that the emulator was started with, by its own --listen");
        command.arg(listen)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

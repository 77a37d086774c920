//! What is wrong, where, and what to do about it: values that are collected, never early returns.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::codes::Code;
use crate::ids::LinkName;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something was refused, is wrong or could not be read; the exit code is 1.
    Error,
    /// It works, but somebody should look.
    Warning,
    /// Said so that nobody wonders.
    Info,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        })
    }
}

/// Where the thing is that a diagnostic speaks about.
///
/// Prints as `path:line:column`, as `namespace/name`, as `command line`, or as the resource's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A place in a file; line and column count from 1, and 0 means the file as a whole.
    File {
        /// The path as the user gave it, or `<stdin>` for standard input.
        path: Arc<str>,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
    /// An object in a Kubernetes cluster.
    Object {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// An option or argument of the command.
    CommandLine,
    /// A resource or scope at Google Cloud.
    Cloud {
        /// The identity, as Google prints it.
        id: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                path,
                line: 0,
                column: _,
            } => write!(formatter, "{path}"),
            Self::File { path, line, column } => write!(formatter, "{path}:{line}:{column}"),
            Self::Object { namespace, name } => write!(formatter, "{namespace}/{name}"),
            Self::CommandLine => write!(formatter, "command line"),
            Self::Cloud { id } => write!(formatter, "{id}"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One finding, ready for every output.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// How much it matters; usually the code's own severity.
    pub severity: Severity,
    /// Where it is.
    pub origin: Origin,
    /// Which kind of finding; has a page.
    pub code: Code,
    /// The declaration that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// The path of the field, such as `spec.network.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to write or do instead; null where there is nothing to say.
    pub help: Option<String>,
    /// The lines of the file around the finding, for rendering with a caret.
    #[serde(skip)]
    pub snippet: Option<String>,
}

impl Diagnostic {
    /// A finding with its code's default severity and nothing optional.
    pub fn new(code: Code, origin: Origin, message: impl Into<String>) -> Self {
        Self {
            severity: code.severity(),
            origin,
            code,
            link: None,
            field: None,
            message: message.into(),
            help: None,
            snippet: None,
        }
    }

    /// Names the declaration that this is about.
    #[must_use]
    pub fn link(mut self, link: &LinkName) -> Self {
        self.link = Some(link.clone());
        self
    }

    /// Names the field that this is about.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says what to write or do instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Replaces the code's default severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Whether this makes the run fail.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// `error[PL0012]: message`, then the place and the help, one line each; without colour.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            origin,
            code,
            link,
            field,
            message,
            help,
            snippet: _,
        } = self;
        write!(formatter, "{severity}[{code}]: {message}\n  --> {origin}")?;
        match (link, field) {
            (Some(link), Some(field)) => write!(formatter, " ({link}, {field})")?,
            (Some(link), None) => write!(formatter, " ({link})")?,
            (None, Some(field)) => write!(formatter, " ({field})")?,
            (None, None) => {}
        }
        match help {
            Some(help) => write!(formatter, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

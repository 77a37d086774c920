//! Figures that a page quotes from a test: it holds the page to them, or writes them with `UPDATE=1`.

use std::path::Path;

/// Why a page does not quote what it should.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page cannot be read or written.
    #[error("{page}")]
    File {
        /// The page, from the root of the repository.
        page: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// There is no place for the figures.
    #[error("{page} has no place between `{from}` and `{to}`")]
    NoPlace {
        /// The page, from the root of the repository.
        page: String,
        /// The comment before the place.
        from: String,
        /// The comment after it.
        to: String,
    },
    /// It says something else.
    #[error(
        "{page} says {said:?}, and the test counts {counted:?}; refresh it with `UPDATE=1 {command}`"
    )]
    Stale {
        /// The page, from the root of the repository.
        page: String,
        /// What it says.
        said: String,
        /// What it should say.
        counted: String,
        /// The command that counts.
        command: String,
    },
}

/// Holds what stands in `page` between `<!-- MARK: written by a test -->` and `<!-- /MARK -->` to `counted`.
///
/// # Errors
/// If it is not that, and is not to be written, or if there is no such place.
pub fn quote(page: &str, mark: &str, counted: &str, command: &str) -> Result<(), PageError> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let text = read(page, &file)?;
    let (from, to) = (
        format!("<!-- {mark}: written by a test -->"),
        format!("<!-- /{mark} -->"),
    );
    let place = text.split_once(&from).and_then(|(before, rest)| {
        let (said, after) = rest.split_once(&to)?;
        Some((before, said, after))
    });
    let Some((before, said, after)) = place else {
        let page = page.to_owned();
        return Err(PageError::NoPlace { page, from, to });
    };
    if said == counted {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_none() {
        return Err(PageError::Stale {
            page: page.to_owned(),
            said: said.to_owned(),
            counted: counted.to_owned(),
            command: command.to_owned(),
        });
    }
    let fresh = format!("{before}{from}{counted}{to}{after}");
    std::fs::write(&file, fresh).map_err(|source| PageError::File {
        page: page.to_owned(),
        source,
    })
}

fn read(page: &str, file: &Path) -> Result<String, PageError> {
    std::fs::read_to_string(file).map_err(|source| PageError::File {
        page: page.to_owned(),
        source,
    })
}

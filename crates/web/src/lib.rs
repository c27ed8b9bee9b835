//! The web client, inside the binary. `cargo xtask web` builds it; a binary without it has no assets.

/// A file of the client.
#[derive(Debug)]
pub struct Asset {
    /// Its address. Below `/assets/` it changes with the content.
    pub path: &'static str,
    /// What it is.
    pub media_type: &'static str,
    /// Names its content.
    pub hash: &'static str,
    /// Its content, compressed with Brotli.
    pub brotli: &'static [u8],
}

/// The page that every address of the client answers with.
const INDEX: &str = "/index.html";

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The files that pages load; none in a binary that was built without the client.
pub fn assets() -> impl Iterator<Item = &'static Asset> {
    ASSETS.iter().filter(|asset| asset.path != INDEX)
}

/// The page of the client; `None` in a binary that was built without it.
pub fn index() -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_whole_or_not_there() {
        assert_eq!(index().is_some(), assets().count() > 0);
        for asset in assets().chain(index()) {
            assert!(asset.path.starts_with('/') && !asset.brotli.is_empty(), "{}", asset.path);
        }
    }
}

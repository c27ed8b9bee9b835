//! Tokens and keys: 256 random bits, stored only as a hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What every API key begins with.
pub const API_KEY_PREFIX: &str = "clq_";
/// How many characters of a key are shown afterwards.
const SHOWN_CHARACTERS: usize = 10;

/// The text of a session token.
pub fn session_token(secret: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

/// The text of an API key, and the beginning of it that is shown.
pub fn api_key(secret: &[u8; 32]) -> (String, String) {
    let key = format!("{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let shown = key.chars().take(SHOWN_CHARACTERS).collect();
    (key, shown)
}

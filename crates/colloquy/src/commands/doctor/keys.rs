//! The secret key: does it open the database, and is it kept from others?

use super::{Finding, disk};
use crate::database;
use crate::failure::Failure;
use crate::root_key;
use crate::settings::Loaded;

const SUBJECT: &str = "secret key";

/// Looks at the key, and at what it has to open. Servers may go on.
pub async fn look(loaded: &Loaded) -> Vec<Finding> {
    let opens = match opens(loaded).await {
        Ok(true) => Finding::good(SUBJECT, "opens the keys in the database"),
        Ok(false) => Finding::good(SUBJECT, "has nothing to open yet; the first start makes the keys"),
        Err(failure) => {
            let text = failure.to_string();
            let (state, advice) = text.split_once('\n').unwrap_or((&text, "Correct that."));
            Finding::bad(SUBJECT, state, advice.trim())
        }
    };
    std::iter::once(opens).chain(disk::look_at_key(&root_key::file(&loaded.settings))).collect()
}

/// Whether the key opens what is stored, where anything is.
pub async fn opens(loaded: &Loaded) -> Result<bool, Failure> {
    // A server of Postgres is not opened before its schema is the one of this release: that would change it.
    if !database::pending(loaded).await?.is_empty() {
        return Ok(false);
    }
    let stored = database::secret_keys(loaded).await?;
    root_key::judge(&loaded.settings, &stored).map(|()| !stored.is_empty())
}

//! When credentials were used last.

use std::collections::HashMap;

use domain::ports::StorageError;
use domain::{CredentialUse, UsedCredential};
use uuid::Uuid;

use crate::Postgres;
use crate::columns::Moment;
use crate::session::Scope;
use crate::statement::{Value, ids};

/// Rows are locked in one order, so that two who do this at once never wait for each other.
pub(crate) const NOTE: &str = "WITH used AS MATERIALIZED (
         SELECT * FROM unnest($1, $2, $3) AS u (id, at, address)
     ), sessions_used AS (
         SELECT s.id FROM used u JOIN sessions s ON s.id = u.id WHERE s.last_used_at < u.at
         ORDER BY s.id FOR NO KEY UPDATE OF s
     ), api_keys_used AS (
         SELECT k.id FROM used u JOIN api_keys k ON k.id = u.id WHERE coalesce(k.last_used_at, '-infinity') < u.at
         ORDER BY k.id FOR NO KEY UPDATE OF k
     ), noted AS (
         UPDATE sessions s SET last_used_at = u.at, last_address = u.address
         FROM used u, sessions_used l WHERE s.id = l.id AND u.id = l.id
     )
     UPDATE api_keys k SET last_used_at = u.at FROM used u, api_keys_used l WHERE k.id = l.id AND u.id = l.id";

impl Postgres {
    /// Notes uses. Losing the last ones in a crash of the server does no harm, so nobody waits for the disk.
    pub(super) async fn store_uses(&self, uses: Vec<CredentialUse>) -> Result<(), StorageError> {
        let mut newest: HashMap<Uuid, CredentialUse> = HashMap::new();
        for used in uses {
            let id = match used.credential {
                UsedCredential::Session(id) => id.uuid(),
                UsedCredential::ApiKey(id) => id.uuid(),
            };
            let known = newest.entry(id).or_insert(used);
            if known.at < used.at {
                *known = used;
            }
        }
        if newest.is_empty() {
            return Ok(());
        }
        let (moments, addresses) = newest
            .values()
            .map(|used| (Moment(used.at), used.address.map(|address| address.to_string().into())))
            .unzip();
        let values = [ids(newest.keys().copied()), Value::Moments(moments), Value::Texts(addresses)];
        let session = self.write_hastily(Scope::System).await?;
        session.execute(NOTE, &values).await?;
        Ok(session.commit().await?)
    }
}

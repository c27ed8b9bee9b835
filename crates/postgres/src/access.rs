//! Where a session comes from: the primary, or for lists and search a replica that is not behind.

use std::time::Duration;

use diesel::sql_types::BigInt;
use domain::ports::{Position, StorageError};
use domain::{UserId, WorkspaceId};

use crate::Postgres;
use crate::pool::Pool;
use crate::seen::Known;
use crate::session::{Access, Scope, Session};
use crate::statement::values;

impl Postgres {
    /// A transaction that reads.
    pub(crate) async fn read(&self, scope: Scope) -> Result<Session, StorageError> {
        self.session(&self.primary, scope, Access::Read).await
    }

    /// A transaction that writes; it has to be committed.
    pub(crate) async fn write(&self, scope: Scope) -> Result<Session, StorageError> {
        self.session(&self.primary, scope, Access::Write).await
    }

    /// A transaction that writes what may be lost in a crash of the server; it has to be committed.
    pub(crate) async fn write_hastily(&self, scope: Scope) -> Result<Session, StorageError> {
        self.session(&self.primary, scope, Access::Hasty).await
    }

    /// A transaction that reads lists of one person: from the replica, unless there is none, or it lacks something of
    /// the person that this process knows of.
    pub(crate) async fn read_list(
        &self,
        workspace_id: WorkspaceId,
        owner_id: UserId,
    ) -> Result<Session, StorageError> {
        let scope = Scope::Workspace(workspace_id);
        let Some(replica) = &self.replica else { return self.read(scope).await };
        let wanted = match self.seen.of(owner_id) {
            Known::Nothing => return self.replica_or_primary(replica, scope).await,
            Known::Unsure => return self.read(scope).await,
            Known::Head(position) => position,
        };
        // A replica that is away or broken is one that is behind.
        if let Ok(session) = self.session(replica, scope, Access::Read).await {
            let head = session
                .optional::<BigInt, i64>(
                    "SELECT position FROM journal_heads WHERE owner_id = $1",
                    values![owner_id],
                )
                .await;
            match head {
                Ok(Some(position)) if Position(position) >= wanted => return Ok(session),
                Ok(_) => {}
                Err(error) => tracing::warn!(error = ?error.0, "the replica cannot be read"),
            }
        }
        self.read(scope).await
    }

    async fn replica_or_primary(&self, replica: &Pool, scope: Scope) -> Result<Session, StorageError> {
        match self.session(replica, scope, Access::Read).await {
            Ok(session) => Ok(session),
            Err(error) => {
                tracing::warn!(?error, "the replica cannot be read");
                self.read(scope).await
            }
        }
    }

    async fn session(&self, pool: &Pool, scope: Scope, access: Access) -> Result<Session, StorageError> {
        let patience = Duration::from_millis(self.settings.statement_timeout_ms.into());
        Ok(Session::new(pool.get().await?, scope, access, patience))
    }
}

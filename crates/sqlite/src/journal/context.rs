//! What the events of one unit of work share while they are written.

use diesel::prelude::*;
use diesel::sql_types::Binary;
use diesel::sqlite::SqliteConnection;
use domain::{ConversationId, Origin, Timestamp, UnitOfWork, UserId, WorkspaceId};
use storage::rules;

use crate::columns::Id;
use crate::errors::{CONFLICT, Outcome, rejected};
use crate::statement::{query, values};

/// What the events of one unit of work share while they are written.
pub(super) struct Context<'a> {
    pub(super) workspace_id: WorkspaceId,
    pub(super) origin: &'a Origin,
    pub(super) at: Timestamp,
    /// The conversation that was met last, and whose it is.
    owner: Option<(ConversationId, UserId)>,
}

impl<'a> Context<'a> {
    pub(super) const fn new(unit: &'a UnitOfWork) -> Self {
        Self { workspace_id: unit.workspace_id, origin: &unit.origin, at: unit.at, owner: None }
    }

    /// Refuses an entity of another workspace.
    pub(super) fn check_workspace(&self, workspace_id: WorkspaceId) -> Outcome<()> {
        if workspace_id == self.workspace_id { Ok(()) } else { Err(rejected(rules::ONE_WORKSPACE)) }
    }

    /// Whose a conversation is; a conflict when it is gone.
    pub(super) fn owner(
        &mut self,
        connection: &mut SqliteConnection,
        conversation_id: ConversationId,
    ) -> Outcome<UserId> {
        if let Some((known, owner_id)) = self.owner
            && known == conversation_id
        {
            return Ok(owner_id);
        }
        let owner_id = query::<Binary>(
            "SELECT owner_id FROM conversations WHERE id = ?1 AND workspace_id = ?2",
            values![conversation_id, self.workspace_id],
        )
        .get_result::<Id>(connection)
        .optional()?
        .ok_or(CONFLICT)?
        .typed(UserId::from_uuid);
        self.owner = Some((conversation_id, owner_id));
        Ok(owner_id)
    }

    /// Remembers whose a conversation is.
    pub(super) const fn remember_owner(&mut self, conversation_id: ConversationId, owner_id: UserId) {
        self.owner = Some((conversation_id, owner_id));
    }

    /// Forgets a conversation that is gone.
    pub(super) const fn forget(&mut self) {
        self.owner = None;
    }
}

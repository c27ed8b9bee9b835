//! Reading links to conversations.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::ports::{Shares, StorageError};
use domain::{ConversationId, MessageId, Share, ShareId, ShareKind, UserId, WorkspaceId};

use crate::Sqlite;
use crate::columns::{Id, Word, moment, token_hash};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, values};

macro_rules! select_shares {
    ($snapshot:literal, $rest:literal) => {
        concat!(
            "SELECT id, workspace_id, conversation_id, owner_id, kind, token_hash, leaf_id, ",
            $snapshot,
            ", created_at, expires_at FROM shares ",
            $rest
        )
    };
}

const GET: &str = select_shares!("snapshot", "WHERE id = ?1");

pub(crate) const OF_CONVERSATION: &str =
    select_shares!("NULL", "WHERE conversation_id = ?1 AND workspace_id = ?2 ORDER BY id DESC");

#[async_trait]
impl Shares for Sqlite {
    async fn share(&self, id: ShareId) -> Result<Option<Share>, StorageError> {
        self.readers.read(move |connection| one::<Types, Row, _>(connection, GET, values![id])).await
    }

    async fn shares_of(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Share>, StorageError> {
        self.readers
            .read(move |connection| {
                all::<Types, Row, _>(connection, OF_CONVERSATION, values![conversation_id, workspace_id])
            })
            .await
    }
}

type Types = (
    Binary,
    Binary,
    Binary,
    Binary,
    Text,
    Binary,
    Nullable<Binary>,
    Nullable<Text>,
    BigInt,
    Nullable<BigInt>,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    conversation_id: Id,
    owner_id: Id,
    kind: String,
    token_hash: Vec<u8>,
    leaf_id: Option<Id>,
    snapshot: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
}

impl TryFrom<Row> for Share {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(ShareId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            conversation_id: row.conversation_id.typed(ConversationId::from_uuid),
            owner_id: row.owner_id.typed(UserId::from_uuid),
            kind: ShareKind::from_word(&row.kind)?,
            token_hash: token_hash(&row.token_hash)?,
            leaf_id: row.leaf_id.map(|id| id.typed(MessageId::from_uuid)),
            snapshot: row.snapshot,
            created_at: moment(row.created_at),
            expires_at: row.expires_at.map(moment),
        })
    }
}

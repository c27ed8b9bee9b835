//! The language in which a workspace is searched.

use diesel::sql_types::{Json, Uuid as SqlUuid};
use domain::ports::StorageError;
use domain::{MessageId, Parts, WorkspaceId};
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, JsonText};
use crate::errors::Outcome;
use crate::maintenance::LONG;
use crate::session::Scope;
use crate::statement::{Value, ids, values};

/// How many messages one transaction indexes anew.
const AT_ONCE: u16 = 500;

/// The rows are locked, so that nobody edits what is indexed meanwhile. An answer that is still being written gets its
/// words when it is whole.
const NEXT: &str = "SELECT id, parts FROM messages
     WHERE workspace_id = $1 AND id > $2 AND status NOT IN ('pending', 'streaming')
     ORDER BY id LIMIT $3 FOR NO KEY UPDATE";

const INDEX: &str = "UPDATE messages m SET words = message_words($1, m.owner_id, m.role, w.words)
     FROM unnest($2, $3) AS w (id, words)
     WHERE m.id = w.id AND m.workspace_id = $1 AND m.id >= $4 AND m.id <= $5";

impl Postgres {
    /// Sets how the words of a workspace are stemmed: `simple` (not at all) or a language such as `english`. Messages that
    /// are there already are found by their old stems until [`Self::reindex`] has been through. Gives whether there
    /// is such a workspace.
    ///
    /// # Errors
    /// `Rejected` when there is no such language.
    pub async fn set_search_language(
        &self,
        workspace_id: WorkspaceId,
        language: &str,
    ) -> Result<bool, StorageError> {
        let session = self.write(Scope::Workspace(workspace_id)).await?;
        let set = "UPDATE workspaces SET search_language = $2 WHERE id = $1";
        let changed = session.execute(set, values![workspace_id, language]).await?;
        session.commit().await?;
        Ok(changed == 1)
    }

    /// Indexes all messages of a workspace anew, a few at a time, while others go on working. `progress` is told after
    /// each batch how many are done; the answer is how many there were.
    pub async fn reindex(
        &self,
        workspace_id: WorkspaceId,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<u64, StorageError> {
        let mut done = 0;
        let mut after = MessageId::from_uuid(Uuid::nil());
        loop {
            let (messages, last) = self.reindex_after(workspace_id, after).await?;
            done += messages;
            let Some(last) = last else { return Ok(done) };
            after = last;
            progress(done);
        }
    }

    /// Indexes the next messages; how many, and the last of them.
    async fn reindex_after(
        &self,
        workspace_id: WorkspaceId,
        after: MessageId,
    ) -> Result<(u64, Option<MessageId>), StorageError> {
        let session = self.write(Scope::Workspace(workspace_id)).await?.patient(LONG);
        let rows = session
            .load::<(SqlUuid, Json), (Id, JsonText)>(NEXT, values![workspace_id, after, AT_ONCE])
            .await?;
        let texts = rows
            .iter()
            .map(|(_, parts)| Ok(storage::search_words(&parts.value::<Parts>()?.searchable_text())))
            .collect::<Outcome<Vec<String>>>()?;
        let (Some((Id(first), _)), Some((Id(last), _))) = (rows.first(), rows.last()) else {
            return Ok((0, None));
        };
        let values = [
            workspace_id.into(),
            ids(rows.iter().map(|(Id(id), _)| *id)),
            Value::Texts(texts.into_iter().map(|text| Some(text.into())).collect()),
            (*first).into(),
            (*last).into(),
        ];
        session.execute(INDEX, &values).await?;
        session.commit().await?;
        Ok((rows.len() as u64, Some(MessageId::from_uuid(*last))))
    }
}

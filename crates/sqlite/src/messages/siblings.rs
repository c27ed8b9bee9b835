//! The messages beside a message.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable};
use diesel::sqlite::SqliteConnection;
use domain::{Message, MessageId};

use crate::columns::{Id, id_list};
use crate::errors::Outcome;
use crate::statement::{query, values};

pub(crate) const UNDER_PARENTS: &str = "SELECT s.parent_id, s.id
     FROM json_each(?2) parent CROSS JOIN messages s ON s.conversation_id = ?1 AND s.parent_id = unhex(parent.value)
     ORDER BY s.id";

pub(crate) const ROOTS: &str =
    "SELECT parent_id, id FROM messages WHERE conversation_id = ?1 AND parent_id IS NULL ORDER BY id";

/// The children of the parents of messages of one conversation, oldest first, by parent.
pub(super) fn of(
    connection: &mut SqliteConnection,
    messages: &[Message],
) -> Outcome<HashMap<Option<MessageId>, Vec<MessageId>>> {
    let mut siblings: HashMap<Option<MessageId>, Vec<MessageId>> = HashMap::new();
    let Some(first) = messages.first() else { return Ok(siblings) };
    let parents: BTreeSet<MessageId> = messages.iter().filter_map(|message| message.parent_id).collect();
    let parents = id_list(parents.iter().map(|id| id.uuid()));
    let mut rows =
        query::<(Nullable<Binary>, Binary)>(UNDER_PARENTS, values![first.conversation_id, &parents])
            .load::<(Option<Id>, Id)>(connection)?;
    if messages.iter().any(|message| message.parent_id.is_none()) {
        rows.extend(query::<(Nullable<Binary>, Binary)>(ROOTS, values![first.conversation_id]).load::<(
            Option<Id>,
            Id,
        )>(
            connection,
        )?);
    }
    for (parent, id) in rows {
        let parent = parent.map(|id| id.typed(MessageId::from_uuid));
        siblings.entry(parent).or_default().push(id.typed(MessageId::from_uuid));
    }
    Ok(siblings)
}

//! The event log: facts without words.

use std::borrow::Cow;
use std::collections::HashMap;

use diesel::prelude::Queryable;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Fact, FactScope, Place, Position, StorageError};
use domain::{
    ConversationId, Event, MessageId, RunId, RunStatus, Timestamp, UnitOfWork, UserId, WorkspaceId,
};
use storage::{About, Word, credential, version};

use super::batch::{Expected, Placed};
use super::plan::Plan;
use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome, corrupt};
use crate::session::Scope;
use crate::statement::{Value, ids, values};

/// Locks the heads of the people whom the facts are about, always in one order, and gives them. From here to the end of
/// the transaction nobody else adds facts about them, so positions become visible in their order.
const LOCK: &str = "INSERT INTO journal_heads AS h (owner_id, workspace_id, position)
     SELECT DISTINCT coalesce(g.owner_id, c.owner_id), $1, 0
     FROM unnest($2, $3) AS g (owner_id, conversation_id)
     LEFT JOIN conversations c ON g.owner_id IS NULL AND c.id = g.conversation_id AND c.workspace_id = $1
     WHERE coalesce(g.owner_id, c.owner_id) IS NOT NULL
     ORDER BY 1
     ON CONFLICT (owner_id) DO UPDATE SET position = h.position
     RETURNING position, owner_id";

/// Adds the facts in their order and moves the heads. The id of a fact carries its time and its position.
const APPEND: &str = "WITH given AS MATERIALIZED (
         SELECT nextval('event_positions') AS position, f.* FROM (
             SELECT g.name, coalesce(g.owner_id, c.owner_id) AS owner_id, g.subject_id, g.conversation_id, g.message_id,
                 g.run_id, g.version, g.run_status, g.removed
             FROM unnest($8, $9, $10, $11, $12, $13, $14, $15, $16) WITH ORDINALITY AS g (
                 name, owner_id, subject_id, conversation_id, message_id, run_id, version, run_status, removed, place
             )
             LEFT JOIN conversations c ON g.owner_id IS NULL AND c.id = g.conversation_id AND c.workspace_id = $1
             ORDER BY g.place
         ) f
     ), stored AS (
         INSERT INTO events (
             id, position, workspace_id, at, user_id, credential, credential_id, request_id, name, owner_id, subject_id,
             conversation_id, message_id, run_id, version, run_status, removed
         )
         SELECT ($7 || '70008' || lpad(to_hex(position), 15, '0'))::uuid, position, $1, $2, $3, $4, $5, $6, name,
             owner_id, subject_id, conversation_id, message_id, run_id, version, run_status, removed::uuid[]
         FROM given
     ), advanced AS (
         UPDATE journal_heads h SET position = n.newest
         FROM (SELECT owner_id, max(position) AS newest FROM given GROUP BY owner_id) n
         WHERE h.owner_id = n.owner_id
     )
     SELECT position, owner_id FROM given ORDER BY position";

/// Adds the facts of a unit of work; nothing but the audit log comes after them.
pub(super) fn append<'a>(plan: &mut Plan<'a>, unit: &'a UnitOfWork) {
    let facts: Vec<About> = unit.events.iter().filter_map(About::of).collect();
    if facts.is_empty() {
        return;
    }
    let owners = owners(&unit.events);
    let owner = |about: &About| {
        about.owner_id.or_else(|| about.conversation_id.and_then(|id| owners.get(&id).copied()))
    };
    let (kind, credential_id) = credential(&unit.origin.credential);
    let owner_ids = column(&facts, owner, UserId::uuid);
    let conversation_ids = column(&facts, |fact| fact.conversation_id, ConversationId::uuid);
    plan.add(LOCK, values![unit.workspace_id, owner_ids.clone(), conversation_ids.clone()], Expected::Places);
    let words =
        |value: fn(&About) -> Option<Cow<'static, str>>| Value::Texts(facts.iter().map(value).collect());
    plan.add(
        APPEND,
        values![
            unit.workspace_id,
            unit.at,
            unit.origin.user_id,
            kind,
            credential_id,
            unit.origin.request_id.as_deref(),
            time_of_id(unit.at),
            words(|fact| Some(fact.name.into())),
            owner_ids,
            column(&facts, |fact| fact.subject_id, |id| id),
            conversation_ids,
            column(&facts, |fact| fact.message_id, MessageId::uuid),
            column(&facts, |fact| fact.run_id, RunId::uuid),
            Value::Integers(facts.iter().map(|fact| fact.version.map(|it| it.number().into())).collect()),
            words(|fact| fact.run_status.map(|status| status.word().into())),
            words(|fact| fact.removed.as_deref().map(|removed| array(removed).into())),
        ],
        Expected::Places,
    );
}

/// One id of each fact, where it has one.
fn column<T>(
    facts: &[About],
    value: impl Fn(&About) -> Option<T>,
    uuid: impl Fn(T) -> uuid::Uuid,
) -> Value<'static> {
    Value::Ids(Some(facts.iter().map(|fact| value(fact).map(|id| Id(uuid(id)))).collect()))
}

/// Whose the conversations are that the events of a unit tell of. A deleted one cannot be looked up afterwards.
fn owners(events: &[Event]) -> HashMap<ConversationId, UserId> {
    let told = events.iter().filter_map(|event| match event {
        Event::ConversationCreated(conversation)
        | Event::ConversationUpdated(conversation)
        | Event::ConversationDeleted(conversation) => Some((conversation.id, conversation.owner_id)),
        _ => None,
    });
    told.collect()
}

/// The first 48 bits of a `UUIDv7`, in hexadecimal.
fn time_of_id(at: Timestamp) -> String {
    format!("{:012x}", at.micros().max(0) / 1_000)
}

/// Ids as the text of a `uuid[]`.
fn array(ids: &[MessageId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| id.uuid().simple().to_string()).collect();
    format!("{{{}}}", ids.join(","))
}

/// The places of the events of a unit, from what the steps of the event log gave.
pub(super) fn places(unit: &UnitOfWork, placed: Vec<Vec<Placed>>) -> Outcome<Vec<Option<Place>>> {
    let mut placed = placed.into_iter();
    let (heads, added) = (placed.next().unwrap_or_default(), placed.next().unwrap_or_default());
    let mut heads: HashMap<UserId, Position> = heads
        .into_iter()
        .filter_map(|(position, owner)| Some((owner?.typed(UserId::from_uuid), Position(position))))
        .collect();
    let mut added = added.into_iter();
    let mut place = |_: About| {
        let (position, owner) = added.next().ok_or_else(|| corrupt("the event log did not take a fact"))?;
        let (position, owner_id) = (Position(position), owner.map(|id| id.typed(UserId::from_uuid)));
        let previous = owner_id.and_then(|owner_id| heads.insert(owner_id, position));
        Ok(Place { position, owner_id, previous })
    };
    unit.events.iter().map(|event| About::of(event).map(&mut place).transpose()).collect()
}

/// There is one head for all workspaces of a person.
const HEAD_BY_OWNER: &str = "SELECT position FROM journal_heads h WHERE owner_id = $1 AND (
         workspace_id = $2
         OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = h.owner_id AND m.workspace_id = $2)
     )";

/// What is no longer kept of its owner counts as well: the newest fact of a conversation may be among it.
const HEAD_BY_CONVERSATION: &str = "SELECT coalesce(greatest(
         (SELECT position FROM events WHERE conversation_id = $1 AND workspace_id = $2 ORDER BY position DESC LIMIT 1),
         (SELECT f.position FROM conversations c JOIN forgotten_events f ON f.owner_id = c.owner_id
          WHERE c.id = $1 AND c.workspace_id = $2)
     ), 0)";

const FORGOTTEN_BY_OWNER: &str = "SELECT position FROM forgotten_events f WHERE owner_id = $1 AND (
         workspace_id = $2
         OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = f.owner_id AND m.workspace_id = $2)
     )";

const FORGOTTEN_BY_CONVERSATION: &str = "SELECT f.position FROM conversations c
     JOIN forgotten_events f ON f.owner_id = c.owner_id WHERE c.id = $1 AND c.workspace_id = $2";

const HEADS: &str = "SELECT owner_id, position FROM journal_heads WHERE owner_id = ANY ($1) AND position > 0";

macro_rules! select_facts {
    ($key:literal) => {
        concat!(
            "SELECT position, name, at, user_id, owner_id, subject_id, conversation_id, message_id, run_id, version, removed, \
             run_status FROM events WHERE ",
            $key,
            " = $1 AND position > $2 AND workspace_id = $3 ORDER BY position LIMIT $4"
        )
    };
}

const BY_OWNER: &str = select_facts!("owner_id");
const BY_CONVERSATION: &str = select_facts!("conversation_id");

type Types = (
    BigInt,
    Text,
    Timestamptz,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<BigInt>,
    Nullable<Array<SqlUuid>>,
    Nullable<Text>,
);

#[derive(Queryable)]
struct Row {
    position: i64,
    name: String,
    at: Moment,
    user_id: Option<Id>,
    owner_id: Option<Id>,
    subject_id: Option<Id>,
    conversation_id: Option<Id>,
    message_id: Option<Id>,
    run_id: Option<Id>,
    version: Option<i64>,
    removed: Option<Vec<Id>>,
    run_status: Option<String>,
}

impl TryFrom<Row> for Fact {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let removed = row.removed.unwrap_or_default();
        Ok(Self {
            position: Position(row.position),
            name: row.name,
            at: row.at.into(),
            user_id: row.user_id.map(|id| id.typed(UserId::from_uuid)),
            owner_id: row.owner_id.map(|id| id.typed(UserId::from_uuid)),
            subject_id: row.subject_id.map(|id| id.0),
            conversation_id: row.conversation_id.map(|id| id.typed(ConversationId::from_uuid)),
            message_id: row.message_id.map(|id| id.typed(MessageId::from_uuid)),
            run_id: row.run_id.map(|id| id.typed(RunId::from_uuid)),
            version: row.version.map(version).transpose()?,
            removed: removed.into_iter().map(|id| id.typed(MessageId::from_uuid)).collect(),
            run_status: row.run_status.as_deref().map(RunStatus::from_word).transpose()?,
        })
    }
}

impl Postgres {
    /// Facts after a position, oldest first.
    pub(super) async fn facts_after(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Fact>, StorageError> {
        let (sql, key) = match scope {
            FactScope::User(id) => (BY_OWNER, Value::from(id)),
            FactScope::Conversation(id) => (BY_CONVERSATION, Value::from(id)),
        };
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let rows = session.load::<Types, Row>(sql, values![key, after.0, workspace_id, limit]).await?;
        Ok(rows.into_iter().map(Fact::try_from).collect::<Outcome<_>>()?)
    }

    /// The position of the newest fact of a scope.
    pub(super) async fn head_of(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
    ) -> Result<Position, StorageError> {
        self.position(workspace_id, scope, HEAD_BY_OWNER, HEAD_BY_CONVERSATION).await
    }

    /// The position of the newest fact that is no longer kept, of whom a scope belongs to.
    pub(super) async fn forgotten_of(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
    ) -> Result<Position, StorageError> {
        self.position(workspace_id, scope, FORGOTTEN_BY_OWNER, FORGOTTEN_BY_CONVERSATION).await
    }

    async fn position(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
        by_owner: &str,
        by_conversation: &str,
    ) -> Result<Position, StorageError> {
        let (sql, key) = match scope {
            FactScope::User(id) => (by_owner, Value::from(id)),
            FactScope::Conversation(id) => (by_conversation, Value::from(id)),
        };
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let position = session.optional::<BigInt, i64>(sql, values![key, workspace_id]).await?;
        Ok(Position(position.unwrap_or_default()))
    }

    /// The positions of the newest facts of people.
    pub(super) async fn heads_of(&self, owners: &[UserId]) -> Result<Vec<(UserId, Position)>, StorageError> {
        let session = self.read(Scope::System).await?;
        let owners = ids(owners.iter().map(|id| id.uuid()));
        let rows = session.load::<(SqlUuid, BigInt), (Id, i64)>(HEADS, values![owners]).await?;
        Ok(rows.into_iter().map(|(id, position)| (id.typed(UserId::from_uuid), Position(position))).collect())
    }
}

//! The audit log: who did what, with which credential, from where.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::ports::AuditFilter;
use domain::{AuditEntry, AuditRecord, Event, Page, Permission, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;
use validator::Validate;

use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::{Error, PageInput, Services};

/// An entry of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "AuditEntry")]
pub struct AuditEntryView {
    /// Its place in the log of the workspace: 1 for the first, then one more each.
    pub sequence: u64,
    /// What happened, `<noun>.<verb in the past tense>`.
    pub name: String,
    /// When it happened.
    pub at: Timestamp,
    /// What kind of party caused it.
    pub by: AuditParty,
    /// Who caused it; `null` unless it was a person with an account.
    pub actor_id: Option<UserId>,
    /// The kind of credential: `session`, `api_key` or `system`.
    pub credential: String,
    /// Which session or key.
    pub credential_id: Option<Uuid>,
    /// Where the request came from, as far as it can be trusted.
    #[schemars(with = "Option<String>")]
    pub address: Option<IpAddr>,
    /// The request, as logs and answers name it.
    pub request_id: Option<String>,
    /// The person it is about.
    pub user_id: Option<UserId>,
    /// What else it is about: a session, key, project, link, ….
    pub subject_id: Option<Uuid>,
    /// What else there is to tell; depends on the name.
    #[schemars(with = "Map<String, Value>")]
    pub detail: Box<RawValue>,
    /// SHA-256 of the entry and of the hash of the one before it, in hexadecimal digits.
    pub hash: String,
}

/// What kind of party caused something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AuditParty {
    /// Somebody with an account.
    Person,
    /// Somebody who sent a request without proving who they are, such as one whose password was wrong.
    Stranger,
    /// The operator, at the command line or by the settings, or the server itself: no request asked for it.
    Operator,
}

impl AuditParty {
    const fn of(record: &AuditRecord) -> Self {
        match (record.actor_id, &record.request_id, record.address) {
            (Some(_), ..) => Self::Person,
            (None, None, None) => Self::Operator,
            (None, ..) => Self::Stranger,
        }
    }
}

impl TryFrom<AuditEntry> for AuditEntryView {
    type Error = Error;

    fn try_from(entry: AuditEntry) -> Result<Self, Error> {
        let AuditEntry { sequence, record, hash, .. } = entry;
        let by = AuditParty::of(&record);
        Ok(Self {
            sequence,
            name: record.name,
            at: record.at,
            by,
            actor_id: record.actor_id,
            credential: record.credential,
            credential_id: record.credential_id,
            address: record.address,
            request_id: record.request_id,
            user_id: record.user_id,
            subject_id: record.subject_id,
            detail: RawValue::from_string(record.detail).map_err(Error::internal)?,
            hash: blake3::Hash::from(hash).to_hex().to_string(),
        })
    }
}

/// The entries of the workspace that fit, newest first.
#[derive(Debug, Clone, Default, Validate)]
pub struct ListAuditEntries {
    /// Which page.
    pub page: PageInput,
    /// Those with this name; a trailing `*` stands for any ending.
    #[validate(length(min = 1, max = 100, message = "must be 1 to 100 characters long"))]
    pub name: Option<String>,
    /// Those caused by this person, or about them.
    pub user_id: Option<UserId>,
    /// Those at this moment or later.
    pub since: Option<Timestamp>,
    /// Those before this moment.
    pub until: Option<Timestamp>,
}

#[async_trait]
impl Query for ListAuditEntries {
    const NAME: &'static str = "audit.list";
    const PERMISSION: Permission = Permission::ReadAudit;
    type Output = Page<AuditEntryView, u64>;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Self::Output, Error> {
        let filter = AuditFilter {
            name: self.name.clone(),
            user_id: self.user_id,
            since: self.since,
            until: self.until,
        };
        let log = &services.ports.audit_log;
        let page = log.audit_entries(context.actor.workspace_id, filter, self.page.request()?).await?;
        let items = page.items.into_iter().map(AuditEntryView::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }
}

/// Notes that somebody takes the audit log along. It is not in the registry: only the route that gives it out sends it.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteAuditExport {}

impl Command for NoteAuditExport {
    const NAME: &'static str = "audit.export";
    const PERMISSION: Permission = Permission::ReadAudit;
    type Output = ();
}

#[async_trait]
impl Handler for NoteAuditExport {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let events = vec![Event::AuditExported { user_id: context.actor.user_id }];
        Ok(Decision::commit(services, context, events, ()))
    }
}

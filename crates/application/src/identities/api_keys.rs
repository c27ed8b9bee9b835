//! `api_key.create`, `api_key.delete`, and listing one's keys.

use std::num::NonZeroU32;

use async_trait::async_trait;
use domain::{ApiKey, ApiKeyId, ApiKeyName, Event, KeyLimits, Money, Page, Permission, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::tokens;
use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::{Error, PageInput, Services};

/// An API key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "ApiKey")]
pub struct ApiKeyView {
    /// Its identifier.
    pub id: ApiKeyId,
    /// What its maker calls it.
    pub name: ApiKeyName,
    /// How it begins.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// Commands and queries with it within a minute; `null` for as many as its person may send.
    pub requests_per_minute: Option<NonZeroU32>,
    /// What it may spend in a calendar month (UTC), in millionths of a US dollar; `null` for as much as its person may.
    /// Counted is what providers report as the cost of their answers; what they name no cost for counts as nothing.
    pub monthly_budget_microusd: Option<Money>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            requests_per_minute: key.limits.requests_per_minute,
            monthly_budget_microusd: key.limits.monthly_budget,
        }
    }
}

/// A key that was just made: the only time that it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreatedApiKey {
    /// What lists show of it.
    #[serde(flatten)]
    pub api_key: ApiKeyView,
    /// The key. It is stored only as a hash and cannot be shown again.
    pub key: String,
}

/// Makes an API key for the person who asks.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What to call it.
    pub name: ApiKeyName,
    /// What it may be used for; absent: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 16, message = "must name 1 to 16 scopes"))]
    pub scopes: Option<Vec<Scope>>,
    /// When it ends; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Commands and queries with it within a minute; absent: as many as you may send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<NonZeroU32>,
    /// What it may spend in a calendar month (UTC), in millionths of a US dollar; absent: as much as you may. Counted is what
    /// providers report as the cost of their answers; what they name no cost for counts as nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_budget_microusd: Option<Money>,
}

impl Command for CreateApiKey {
    const NAME: &'static str = "api_key.create";
    const PERMISSION: Permission = Permission::ManageOwnKeys;
    const HOLDS_A_SECRET: bool = true;
    type Output = CreatedApiKey;
}

#[async_trait]
impl Handler for CreateApiKey {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<CreatedApiKey>, Error> {
        let at = services.ports.clock.now();
        if self.expires_at.is_some_and(|expires_at| expires_at <= at) {
            return Err(Error::invalid_field("/expires_at", "past", "must be in the future"));
        }
        let (key, prefix) = tokens::api_key(&services.ports.ids.secret());
        let api_key = ApiKey {
            id: ApiKeyId::from_uuid(services.ports.ids.uuid()),
            workspace_id: context.actor.workspace_id,
            user_id: context.actor.user_id,
            name: self.name.clone(),
            prefix,
            key_hash: services.keyring.hash(&key),
            scopes: self.scopes(),
            created_at: at,
            expires_at: self.expires_at,
            last_used_at: None,
            limits: KeyLimits {
                requests_per_minute: self.requests_per_minute,
                monthly_budget: self.monthly_budget_microusd,
            },
        };
        let output = CreatedApiKey { api_key: api_key.clone().into(), key };
        Ok(Decision::commit(services, context, vec![Event::ApiKeyCreated(api_key)], output))
    }
}

impl CreateApiKey {
    fn scopes(&self) -> Vec<Scope> {
        let asked = self.scopes.as_deref().unwrap_or(&Scope::ALL);
        Scope::ALL.into_iter().filter(|scope| asked.contains(scope)).collect()
    }
}

/// Revokes an API key of the person who asks.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeApiKey {
    /// Which key.
    pub api_key_id: ApiKeyId,
}

impl Command for RevokeApiKey {
    const NAME: &'static str = "api_key.delete";
    const PERMISSION: Permission = Permission::ManageOwnKeys;
    type Output = ();
}

#[async_trait]
impl Handler for RevokeApiKey {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let actor = &context.actor;
        let found =
            services.ports.identities.api_key(actor.workspace_id, actor.user_id, self.api_key_id).await?;
        let key = found.ok_or_else(Error::not_found)?;
        let events = vec![Event::ApiKeyRevoked { api_key_id: key.id, user_id: key.user_id }];
        Ok(Decision::commit(services, context, events, ()))
    }
}

/// A page of API keys.
pub type ApiKeyPage = Page<ApiKeyView, ApiKeyId>;

/// The API keys of the person who asks, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListApiKeys {
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListApiKeys {
    const NAME: &'static str = "api_key.list";
    const PERMISSION: Permission = Permission::ManageOwnKeys;
    type Output = ApiKeyPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<ApiKeyPage, Error> {
        let actor = &context.actor;
        let identities = &services.ports.identities;
        let page = identities.api_keys(actor.workspace_id, actor.user_id, self.page.request()?).await?;
        Ok(page.map(ApiKeyView::from))
    }
}

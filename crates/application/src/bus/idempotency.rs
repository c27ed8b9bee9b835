//! Idempotency: the same attempt, repeated, has one effect and one result.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{IdempotencyKey, IdempotencyRecord, Timestamp, UserId};
use parking_lot::Mutex;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Command, Context, Reply};
use crate::{Error, Services};

/// How long results are kept.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// The attempts that are being carried out by this process. The database's unique key guards across processes.
#[derive(Default)]
pub struct InFlight(Arc<Mutex<HashSet<AttemptKey>>>);

type AttemptKey = (UserId, &'static str, IdempotencyKey);

/// Whether an attempt is new.
pub enum Claim {
    /// It has succeeded before; here is its result.
    Repeated(Reply),
    /// It is new, and nobody else may try it while it lives.
    New(Attempt),
}

/// One attempt, as its record will name it. Whoever holds a clone of it keeps others from trying.
#[derive(Clone)]
pub struct Attempt {
    user_id: UserId,
    operation: &'static str,
    key: IdempotencyKey,
    fingerprint: [u8; 32],
    holds_a_secret: bool,
    _guard: Arc<ClaimGuard>,
}

/// Ends a claim when it is dropped.
pub struct ClaimGuard {
    in_flight: Arc<Mutex<HashSet<AttemptKey>>>,
    key: AttemptKey,
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        self.in_flight.lock().remove(&self.key);
    }
}

impl InFlight {
    /// Claims an attempt, or finds its earlier result.
    pub async fn claim<C: Command>(
        &self,
        services: &Services,
        context: &Context,
        key: &IdempotencyKey,
        command: &C,
    ) -> Result<Claim, Error> {
        let user_id = context.actor.user_id;
        let attempt_key = (user_id, C::NAME, key.clone());
        if !self.0.lock().insert(attempt_key.clone()) {
            return Err(Error::conflict(
                "attempt_in_flight",
                "The same attempt is still being carried out. Wait for its result, or repeat it in a moment.",
            )
            .retry_after(Duration::from_secs(1)));
        }
        let guard = ClaimGuard { in_flight: Arc::clone(&self.0), key: attempt_key };
        // A command may hold a password: nobody who reads the database can try which.
        let parameters = serde_json::to_vec(command).map_err(Error::internal)?;
        let mut fingerprinted = parameters;
        if C::HOLDS_A_SECRET {
            // The secret is for whoever made the attempt, not for another credential of the same person.
            let credential = &context.actor.credential;
            fingerprinted.extend_from_slice(credential.id().unwrap_or(Uuid::nil()).as_bytes());
        }
        let fingerprint =
            services.keyring.authenticate("colloquy 2026 fingerprint of a command", &fingerprinted);
        let attempt = Attempt {
            user_id,
            operation: C::NAME,
            key: key.clone(),
            fingerprint,
            holds_a_secret: C::HOLDS_A_SECRET,
            _guard: Arc::new(guard),
        };
        let earlier = attempt.earlier_result(services, context).await?;
        Ok(earlier.map_or_else(|| Claim::New(attempt), Claim::Repeated))
    }
}

impl Attempt {
    /// The result of the same attempt, where it has succeeded before.
    pub async fn earlier_result(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Option<Reply>, Error> {
        let records = &services.ports.idempotency;
        let found = records.find(context.actor.workspace_id, self.user_id, self.operation, &self.key).await?;
        match found.filter(|record| record.expires_at > services.ports.clock.now()) {
            Some(record) if record.fingerprint == self.fingerprint => self.repeat(services, record).map(Some),
            Some(_) => Err(Error::invalid_field(
                "",
                "idempotency_key_reused",
                "This idempotency key was used before with other parameters, or with another credential. Use a new key for \
                 a new attempt.",
            )),
            None => Ok(None),
        }
    }

    /// The record of this attempt's result.
    pub fn record(&self, services: &Services, reply: &Reply, now: Timestamp) -> IdempotencyRecord {
        let result = reply.result.get();
        let result = if self.holds_a_secret {
            let sealed = services.keyring.seal(result.as_bytes(), &self.about(), &*services.ports.ids);
            URL_SAFE_NO_PAD.encode(sealed)
        } else {
            result.to_owned()
        };
        IdempotencyRecord {
            user_id: self.user_id,
            operation: self.operation.to_owned(),
            key: self.key.clone(),
            fingerprint: self.fingerprint,
            result,
            version: reply.version,
            expires_at: now.plus(KEPT_FOR),
        }
    }

    fn repeat(&self, services: &Services, record: IdempotencyRecord) -> Result<Reply, Error> {
        let result = if self.holds_a_secret {
            let sealed = URL_SAFE_NO_PAD.decode(record.result).map_err(Error::internal)?;
            let plain = services.keyring.unseal(&sealed, &self.about()).map_err(Error::internal)?;
            String::from_utf8(plain).map_err(Error::internal)?
        } else {
            record.result
        };
        let result = RawValue::from_string(result).map_err(Error::internal)?;
        Ok(Reply { result, version: record.version, replayed: true })
    }

    /// What an encrypted result is bound to.
    fn about(&self) -> String {
        format!("result of {} for {} as {}", self.operation, self.user_id, self.key.as_str())
    }
}

//! The bus: the one door through which every command and every query goes.

mod command;
mod context;
mod idempotency;
mod layers;
mod query;
mod registry;

use std::sync::Arc;

use domain::UserId;
use domain::ports::StorageError;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, MutexGuard, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

pub use command::{Command, Decision, Effect, Handler, Reply};
pub use context::{Context, Counted};
pub(crate) use layers::limit_generations;
pub use query::Query;
pub use registry::{CommandEntry, Registry};

use crate::{Error, Services};
use command::PreparedEffect;
use idempotency::{Claim, InFlight};

/// How many people may make decisions again at one time without waiting for one another.
const TURNS: usize = 64;

/// The one door through which every command and every query goes.
pub struct Bus {
    services: Arc<Services>,
    registry: Registry,
    permits: Semaphore,
    in_flight: InFlight,
    commits: TaskTracker,
    /// Where commands that lost a race wait for one another; people share a place only by chance.
    turns: Vec<Mutex<()>>,
}

impl Bus {
    /// A bus over the given services, with every command of this crate.
    pub fn new(services: Arc<Services>) -> Arc<Self> {
        let permits = Semaphore::new(services.settings.max_in_flight);
        Arc::new(Self {
            services,
            registry: Registry::new(),
            permits,
            in_flight: InFlight::default(),
            commits: TaskTracker::new(),
            turns: std::iter::repeat_with(Mutex::default).take(TURNS).collect(),
        })
    }

    /// What handlers work with.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Every command by name.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Carries out a command whose parameters are JSON.
    ///
    /// # Errors
    /// `None` when there is no command of that name.
    pub async fn dispatch(
        &self,
        context: &Context,
        name: &str,
        parameters: Value,
    ) -> Option<Result<Reply, Error>> {
        let entry = self.registry.get(name)?;
        Some((entry.dispatch)(self, context, parameters).await)
    }

    /// Validates and carries out a command.
    pub async fn send<C: Handler>(&self, context: &Context, command: C) -> Result<Reply, Error> {
        crate::input::validate(&command)?;
        self.through(context, C::NAME, C::PERMISSION, self.idempotently(context, &command)).await
    }

    /// Answers a query.
    pub async fn ask<Q: Query>(&self, context: &Context, query: Q) -> Result<Q::Output, Error> {
        crate::input::validate(&query)?;
        self.through(context, Q::NAME, Q::PERMISSION, query.answer(&self.services, context)).await
    }

    /// The layers, from the outside in. Whatever is at work, it is inside all of them.
    pub async fn through<T>(
        &self,
        context: &Context,
        name: &'static str,
        permission: domain::Permission,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let services = &self.services;
        services.uses.note(&context.actor, services.lease_clock.now(), context.address);
        // Each layer holds what it wraps, and its arguments too: unboxed, the work would be held many times over.
        let work = Box::pin(work);
        layers::trace(
            context,
            name,
            layers::shed_load(
                &self.permits,
                layers::time_out(
                    services.settings.timeout(),
                    layers::authorize(context, name, permission, layers::limit_rate(services, context, work)),
                ),
            ),
        )
        .await
    }

    /// The innermost layer of commands: a repetition gets the stored result, everything else is decided and committed.
    async fn idempotently<C: Handler>(&self, context: &Context, command: &C) -> Result<Reply, Error> {
        let Some(key) = &context.idempotency_key else {
            return self.decide_and_commit(context, command, None).await;
        };
        match self.in_flight.claim(&self.services, context, key, command).await? {
            Claim::Repeated(reply) => Ok(reply),
            Claim::New(attempt) => self.decide_and_commit(context, command, Some(attempt)).await,
        }
    }

    /// Decides and commits. A decision that lost a race against another is made again from fresh facts; those of one
    /// person who lost wait for one another, so that each of them gets through however many there are.
    async fn decide_and_commit<C: Handler>(
        &self,
        context: &Context,
        command: &C,
        attempt: Option<idempotency::Attempt>,
    ) -> Result<Reply, Error> {
        const ATTEMPTS: u32 = 50;
        if command.begins_an_answer() {
            limit_generations(&self.services, context).await?;
        }
        let mut turn = None;
        for _ in 0..ATTEMPTS {
            let decision = command.handle(&self.services, context).await?;
            let result = serde_json::value::to_raw_value(&decision.output).map_err(Error::internal)?;
            let reply = Reply { result, version: decision.version, replayed: false };
            match self.commit(context, decision.into_parts(), &reply, attempt.as_ref()).await {
                Err(StorageError::Conflict) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => return Ok(reply),
            }
            if turn.is_none() {
                turn = Some(self.turn_of(context.actor.user_id).await);
            }
            // The race may have been lost against this very attempt, carried out by another process.
            if let Some(attempt) = &attempt
                && let Some(reply) = attempt.earlier_result(&self.services, context).await?
            {
                return Ok(reply);
            }
        }
        Err(StorageError::Conflict.into())
    }

    /// Waits until no other command of the person is making its decision again.
    async fn turn_of(&self, user_id: UserId) -> MutexGuard<'_, ()> {
        let place = user_id.uuid().as_u128() % self.turns.len() as u128;
        self.turns[usize::try_from(place).unwrap_or_default()].lock().await
    }

    /// Commits and carries out the effects, in a task of its own: whoever stops waiting, because a client is gone or
    /// because it takes too long, must not leave a commit without its effects.
    async fn commit(
        &self,
        context: &Context,
        (mut unit, effects): (Option<domain::UnitOfWork>, Vec<Effect>),
        reply: &Reply,
        attempt: Option<&idempotency::Attempt>,
    ) -> Result<(), StorageError> {
        let services = Arc::clone(&self.services);
        let prepared: Vec<_> = effects.into_iter().map(|effect| effect.prepare(&services)).collect();
        if let Some(attempt) = attempt {
            let unit = unit.get_or_insert_with(|| context.unit_of_work(&services, Vec::new()));
            // Nobody looks for it in another workspace: what changes one knows its own repetitions.
            if unit.workspace_id == context.actor.workspace_id {
                unit.idempotency = Some(attempt.record(&services, reply, unit.at));
            }
        }
        let attempt = attempt.cloned();
        let commit = async move {
            // Held until all is done: a repetition that comes meanwhile is told to wait.
            let _attempt = attempt;
            if let Some(unit) = unit
                && let Err(error) = services.ports.journal.commit(unit).await
            {
                if matches!(error, StorageError::Unavailable(_)) {
                    prepared.into_iter().for_each(PreparedEffect::find_out);
                }
                return Err(error);
            }
            for effect in prepared {
                effect.carry_out(&services).await;
            }
            Ok(())
        };
        let committed = self.commits.spawn(commit.in_current_span()).await;
        committed.unwrap_or_else(|error| Err(StorageError::Unavailable(Box::new(error))))
    }
}

/// JSON text of a result.
pub type ResultJson = Box<RawValue>;

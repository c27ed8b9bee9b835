//! Commands: data that says what is wanted, and the handler that decides it.

use async_trait::async_trait;
use domain::ports::Mail;
use domain::{Event, Expectation, Job, Permission, RunId, UnitOfWork, Version, WorkspaceId};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use validator::Validate;

use super::{Context, ResultJson};
use crate::providers::ConnectedProviders;
use crate::runs::{ReservedRun, RunPlan};
use crate::{Error, Services};

/// A wish to change something. Commands are plain data: every transport makes them from the same JSON.
pub trait Command: Serialize + DeserializeOwned + Validate + JsonSchema + Send + Sync + 'static {
    /// `<noun>.<verb>`, the name in every transport, in the event log and in metrics.
    const NAME: &'static str;
    /// What the actor must be allowed to do.
    const PERMISSION: Permission;
    /// Whether what the asker gets holds a secret: then what is kept of it, for repetitions, is encrypted.
    const HOLDS_A_SECRET: bool = false;
    /// What the asker gets once it is durable.
    type Output: Serialize + JsonSchema + Send;

    /// Whether a model begins to answer, which has a quota of its own.
    fn begins_an_answer(&self) -> bool {
        false
    }
}

/// Decides a command. Handlers read and decide; the bus commits. A handler may run several times for one command,
/// when somebody else's change came in between.
#[async_trait]
pub trait Handler: Command {
    /// Loads what is needed and decides.
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<Self::Output>, Error>;
}

/// What a handler decided.
pub struct Decision<T> {
    unit: Option<UnitOfWork>,
    effects: Vec<Effect>,
    /// What the asker gets.
    pub output: T,
    /// The version of the resource that the asker gets, where it has one.
    pub version: Option<Version>,
}

impl<T> Decision<T> {
    /// Nothing is to change.
    pub const fn unchanged(output: T) -> Self {
        Self { unit: None, effects: Vec::new(), output, version: None }
    }

    /// The events are to be committed.
    pub fn commit(services: &Services, context: &Context, events: Vec<Event>, output: T) -> Self {
        Self {
            unit: Some(context.unit_of_work(services, events)),
            effects: Vec::new(),
            output,
            version: None,
        }
    }

    /// Names the version of the resource that the asker gets.
    #[must_use]
    pub const fn version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// Adds background work.
    #[must_use]
    pub fn job(mut self, job: Job) -> Self {
        if let Some(unit) = &mut self.unit {
            unit.jobs.push(job);
        }
        self
    }

    /// Adds what must hold once all is written.
    #[must_use]
    pub fn expecting(mut self, expectation: Expectation) -> Self {
        if let Some(unit) = &mut self.unit {
            unit.expected.push(expectation);
        }
        self
    }

    /// Names the workspace that changes, where it is not the actor's. The handler has to recognise a repetition by itself.
    #[must_use]
    pub const fn within(mut self, workspace_id: WorkspaceId) -> Self {
        if let Some(unit) = &mut self.unit {
            unit.workspace_id = workspace_id;
        }
        self
    }

    /// Adds something to do once all is durable.
    #[must_use]
    pub fn then(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    pub(super) fn into_parts(self) -> (Option<UnitOfWork>, Vec<Effect>) {
        (self.unit, self.effects)
    }
}

/// What happens in this process once a decision is durable.
pub enum Effect {
    /// A model begins to answer.
    StartRun(Box<RunPlan>),
    /// A running answer is stopped.
    CancelRun(RunId),
    /// A mail is sent, where there is a mail server.
    SendMail(Mail),
    /// The model providers that are stored are connected, before the asker hears of it.
    ConnectProviders,
    /// The keys of the server are read again, before the asker hears of it.
    LearnKeys {
        /// Whether what is stored is encrypted anew.
        seal_anew: bool,
    },
}

impl Effect {
    /// Makes room for the effect before the commit, so that whoever sees the committed events finds it.
    pub(super) fn prepare(self, services: &Services) -> PreparedEffect {
        match self {
            Self::StartRun(plan) => PreparedEffect::StartRun(services.engine.reserve(*plan)),
            Self::CancelRun(run_id) => PreparedEffect::CancelRun(run_id),
            Self::SendMail(mail) => PreparedEffect::SendMail(mail),
            Self::ConnectProviders => PreparedEffect::ConnectProviders,
            Self::LearnKeys { seal_anew } => PreparedEffect::LearnKeys { seal_anew },
        }
    }
}

pub(super) enum PreparedEffect {
    StartRun(ReservedRun),
    CancelRun(RunId),
    SendMail(Mail),
    ConnectProviders,
    LearnKeys { seal_anew: bool },
}

impl PreparedEffect {
    /// The answer to the commit was lost, and perhaps not the commit itself.
    pub(super) fn find_out(self) {
        if let Self::StartRun(reserved) = self {
            reserved.start_if_stored();
        }
    }

    pub(super) async fn carry_out(self, services: &Services) {
        match self {
            Self::ConnectProviders => {
                if let Err(error) = ConnectedProviders::connect(services).await {
                    tracing::warn!(%error, "model providers are connected a little later");
                }
            }
            Self::LearnKeys { seal_anew } => {
                let (keyring, ids) = (&services.keyring, &*services.ports.ids);
                let learned =
                    if seal_anew { keyring.seal_anew(ids).await.map(drop) } else { keyring.refresh().await };
                if let Err(error) = learned {
                    tracing::error!(%error, "new keys are stored, but not everything is encrypted with them yet; rotate again");
                }
            }
            Self::StartRun(reserved) => reserved.start(),
            Self::CancelRun(run_id) => services.engine.cancel(run_id),
            Self::SendMail(mail) => services.post.send(mail),
        }
    }
}

/// The durable answer to a command.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The command's output as JSON text.
    pub result: ResultJson,
    /// The version of the resource in the result, where it has one.
    pub version: Option<Version>,
    /// Whether this is the stored result of an earlier attempt.
    pub replayed: bool,
}

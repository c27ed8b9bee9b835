//! One generation: from the model's stream to the log, to checkpoints, to the stored answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{
    Checkpoint, CompletionEvent, CompletionRequest, CompletionStream, ProviderError, StorageError,
};
use domain::{
    Event, Job, JobId, JobKind, Message, Money, Origin, Run, RunFailure, RunOutcome, RunStatus, UnitOfWork,
    Usage, UsageEntry,
};
use futures_util::StreamExt as _;
use serde_json::Map;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::coalesce::Coalescer;
use super::engine::Stop;
use super::{RunEngine, RunEvent, RunLog, RunPlan};

/// Carries out a run until its answer is stored.
pub async fn run(engine: &Arc<RunEngine>, plan: RunPlan, log: &Arc<RunLog>, stop: Stop) {
    let span = tracing::info_span!("run", run_id = %plan.run.id, model = %plan.run.model);
    async {
        let mut generation = Generation {
            engine,
            log,
            coalescer: Coalescer::default(),
            flushed_at: None,
            stored_bytes: 0,
            dirty_since: None,
            checkpoint: None,
            checkpoint_not_before: None,
            checkpoint_pause: engine.settings.checkpoint(),
            plan: &plan,
        };
        let outcome = generation.stream_answer(&stop).await;
        generation.settle().await;
        match outcome {
            Some(outcome) => finish(engine, &plan, log, outcome).await,
            None => tell_stored(engine, &plan, log).await,
        }
    }
    .instrument(span)
    .await;
}

/// A checkpoint on its way to storage.
type PendingCheckpoint = Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send>>;

/// A run while the model answers.
struct Generation<'a> {
    engine: &'a Arc<RunEngine>,
    plan: &'a RunPlan,
    log: &'a Arc<RunLog>,
    coalescer: Coalescer,
    flushed_at: Option<Instant>,
    stored_bytes: usize,
    dirty_since: Option<Instant>,
    checkpoint: Option<PendingCheckpoint>,
    checkpoint_not_before: Option<Instant>,
    checkpoint_pause: Duration,
}

impl Generation<'_> {
    /// Asks the model and follows its stream to the end, or until somebody stops it. `None` when the run is no longer
    /// this process's.
    async fn stream_answer(&mut self, stop: &Stop) -> Option<RunOutcome> {
        let interrupt = self.engine.interrupt.clone();
        let opening = self.plan.model.chat.stream(request(self.plan));
        let stream = tokio::select! {
            biased;
            () = stop.lost.cancelled() => return None,
            () = stop.cancel.cancelled() => return Some(RunOutcome::Cancelled),
            () = interrupt.cancelled() => return Some(RunOutcome::Interrupted),
            opened = opening => opened,
        };
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(error) => return Some(failed(&error, None)),
        };
        loop {
            let flush_at = self.flush_at();
            let checkpoint_at = self.checkpoint_at();
            tokio::select! {
                biased;
                () = stop.lost.cancelled() => return None,
                () = stop.cancel.cancelled() => return Some(RunOutcome::Cancelled),
                () = interrupt.cancelled() => return Some(RunOutcome::Interrupted),
                stored = poll_checkpoint(&mut self.checkpoint), if self.checkpoint.is_some() => {
                    if matches!(stored, Err(StorageError::Conflict)) {
                        self.checkpoint = None;
                        return None;
                    }
                    self.checkpoint_done(stored);
                }
                () = tokio::time::sleep_until(flush_at.unwrap_or_else(Instant::now)), if flush_at.is_some() => self.flush(),
                () = tokio::time::sleep_until(checkpoint_at.unwrap_or_else(Instant::now)), if checkpoint_at.is_some() => {
                    self.start_checkpoint();
                }
                event = next_event(&mut stream) => match event {
                    Ok(CompletionEvent::Delta(delta)) => {
                        self.coalescer.push(delta);
                        if self.coalescer.bytes() > self.engine.settings.max_answer_bytes {
                            return Some(too_large(self.engine.settings.max_answer_bytes));
                        }
                    }
                    Ok(CompletionEvent::Finished { finish_reason, usage }) => {
                        return Some(RunOutcome::Completed { finish_reason, usage });
                    }
                    Err(error) => return Some(failed(&error, None)),
                },
            }
        }
    }

    /// When what was gathered goes out: the first at once, then not before the coalescing time has passed.
    fn flush_at(&self) -> Option<Instant> {
        if self.coalescer.is_empty() {
            return None;
        }
        Some(self.flushed_at.map_or_else(Instant::now, |at| at + self.engine.settings.coalesce()))
    }

    fn flush(&mut self) {
        let now = Instant::now();
        self.flushed_at = Some(now);
        self.dirty_since.get_or_insert(now);
        let events = self.coalescer.take();
        self.log.append(events);
    }

    /// When what was told must become durable; `None` while a checkpoint is under way or nothing is new.
    fn checkpoint_at(&self) -> Option<Instant> {
        let since = self.dirty_since.filter(|_| self.checkpoint.is_none())?;
        let settings = &self.engine.settings;
        let unstored = self.coalescer.bytes().saturating_sub(self.stored_bytes);
        let wanted =
            if unstored >= settings.checkpoint_bytes { since } else { since + settings.checkpoint() };
        Some(self.checkpoint_not_before.map_or(wanted, |earliest| earliest.max(wanted)))
    }

    fn start_checkpoint(&mut self) {
        self.dirty_since = None;
        self.stored_bytes = self.coalescer.bytes();
        let checkpoint = Checkpoint {
            workspace_id: self.plan.run.workspace_id,
            run_id: self.plan.run.id,
            message_id: self.plan.message.id,
            parts: self.log.parts(),
        };
        let journal = Arc::clone(&self.engine.journal);
        self.checkpoint = Some(Box::pin(async move { journal.checkpoint(checkpoint).await }));
    }

    /// A checkpoint that failed is made again after a pause that grows: streaming goes on while the database is away,
    /// and does not keep it from what matters more.
    fn checkpoint_done(&mut self, stored: Result<(), StorageError>) {
        /// The longest pause after a checkpoint that failed.
        const LONGEST_PAUSE: Duration = Duration::from_secs(5);
        self.checkpoint = None;
        match stored {
            Ok(()) => {
                self.checkpoint_pause = self.engine.settings.checkpoint();
                self.checkpoint_not_before = None;
            }
            Err(error) => {
                tracing::debug!(%error, "a checkpoint could not be stored yet");
                let now = Instant::now();
                self.stored_bytes = 0;
                self.dirty_since.get_or_insert(now);
                self.checkpoint_not_before = Some(now + self.checkpoint_pause);
                self.checkpoint_pause = (self.checkpoint_pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Tells what is left and waits for a checkpoint that is under way, so that it cannot overtake the end.
    async fn settle(&mut self) {
        let events = self.coalescer.finish();
        self.log.append(events);
        if self.checkpoint.is_some() {
            let stored = poll_checkpoint(&mut self.checkpoint).await;
            self.checkpoint_done(stored);
        }
    }
}

async fn poll_checkpoint(checkpoint: &mut Option<PendingCheckpoint>) -> Result<(), StorageError> {
    match checkpoint {
        Some(pending) => pending.as_mut().await,
        None => std::future::pending().await,
    }
}

async fn next_event(stream: &mut CompletionStream) -> Result<CompletionEvent, ProviderError> {
    stream.next().await.unwrap_or(Err(ProviderError::Interrupted))
}

fn request(plan: &RunPlan) -> CompletionRequest {
    CompletionRequest {
        model: plan.model.provider_model.clone(),
        workspace_id: plan.run.workspace_id,
        user_id: plan.run.user_id,
        conversation_id: Some(plan.run.conversation_id),
        messages: plan.prompt.clone(),
        parameters: plan.parameters.clone(),
        extra: Map::new(),
    }
}

fn failed(error: &ProviderError, usage: Option<Usage>) -> RunOutcome {
    let logged: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(error = logged, "the model provider failed");
    let failure = RunFailure { code: error.code().to_owned(), detail: crate::models::explain(error) };
    RunOutcome::Failed { failure, usage }
}

fn too_large(limit: usize) -> RunOutcome {
    let detail = format!("The answer grew beyond {limit} bytes and was cut off there.");
    RunOutcome::Failed { failure: RunFailure { code: "answer_too_large".to_owned(), detail }, usage: None }
}

/// Stores the answer as it ended, then tells the readers. While the database is away it tries again, unless the process
/// is to stop; then recovery finishes the run after the next start.
async fn finish(engine: &RunEngine, plan: &RunPlan, log: &RunLog, outcome: RunOutcome) {
    /// The longest pause between two attempts.
    const LONGEST_PAUSE: Duration = Duration::from_secs(2);
    let mut pause = Duration::from_millis(50);
    let mut attempts_after_interrupt = 5;
    loop {
        match engine.journal.commit(final_unit(engine, plan, log, &outcome)).await {
            Ok(_) => return log.append([ended(outcome)]),
            Err(StorageError::Unavailable(error)) => {
                tracing::warn!(%error, "the end of a run could not be stored yet");
                if engine.interrupt.is_cancelled() {
                    attempts_after_interrupt -= 1;
                    if attempts_after_interrupt == 0 {
                        return engine.give_up(log);
                    }
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => {
                tracing::info!(%error, "the end of a run has no place any more");
                return tell_stored(engine, plan, log).await;
            }
        }
    }
}

/// Tells the readers what is stored of a run that was ended by somebody else: its conversation was deleted, or another
/// process took this one for dead. Where the answer is not the one that they were told, they are sent to storage.
async fn tell_stored(engine: &RunEngine, plan: &RunPlan, log: &RunLog) {
    let stored = match stored(engine, plan).await {
        Ok(stored) => stored,
        Err(error) => {
            tracing::warn!(%error, "it could not be found out how a run ended");
            return engine.give_up(log);
        }
    };
    match stored {
        None => log.append([ended(RunOutcome::Cancelled)]),
        Some((run, message)) if run.status != RunStatus::Running && message.parts == log.parts() => {
            log.append([RunEvent::Ended {
                status: run.status,
                finish_reason: message.finish_reason,
                usage: message.usage,
                failure: run.failure,
            }]);
        }
        Some((run, _)) => {
            tracing::warn!(status = ?run.status, "another process has ended an answer of this one");
            engine.give_up(log);
        }
    }
}

/// The run and its answer, as they are stored; `None` where they were deleted.
async fn stored(engine: &RunEngine, plan: &RunPlan) -> Result<Option<(Run, Message)>, StorageError> {
    let Run { workspace_id, id, message_id, .. } = plan.run;
    let Some(run) = engine.runs_port.get(workspace_id, id).await? else { return Ok(None) };
    let message = engine.messages.get(workspace_id, message_id).await?;
    Ok(message.map(|message| (run, message)))
}

fn ended(outcome: RunOutcome) -> RunEvent {
    let status = outcome.status();
    let (finish_reason, usage, failure) = match outcome {
        RunOutcome::Completed { finish_reason, usage } => (Some(finish_reason), usage, None),
        RunOutcome::Failed { failure, usage } => (None, usage, Some(failure)),
        RunOutcome::Cancelled | RunOutcome::Interrupted => (None, None, None),
    };
    RunEvent::Ended { status, finish_reason, usage, failure }
}

/// The one unit that ends a run: the answer, the ledger, and the wish for a better title.
fn final_unit(engine: &RunEngine, plan: &RunPlan, log: &RunLog, outcome: &RunOutcome) -> UnitOfWork {
    let at = engine.clock.now();
    let message = plan.message.end(log.parts(), outcome);
    let run = Run {
        status: outcome.status(),
        failure: message.failure.clone(),
        ended_at: Some(at),
        ..plan.run.clone()
    };
    let mut events = vec![Event::RunEnded { run, message: message.clone() }];
    if let Some(usage) = message.usage {
        events.push(Event::UsageRecorded(vec![usage_entry(plan, usage)]));
    }
    let origin = Origin { user_id: Some(plan.run.user_id), ..Origin::SYSTEM };
    let mut unit = UnitOfWork::new(plan.run.workspace_id, origin, at, events);
    if plan.wants_title && matches!(outcome, RunOutcome::Completed { .. }) {
        unit.jobs.push(Job {
            id: JobId::from_uuid(engine.ids.uuid()),
            workspace_id: plan.run.workspace_id,
            kind: JobKind::TitleConversation { conversation_id: plan.run.conversation_id },
            run_at: at,
            attempts: 0,
        });
    }
    unit
}

fn usage_entry(plan: &RunPlan, usage: Usage) -> UsageEntry {
    UsageEntry {
        user_id: plan.run.user_id,
        api_key_id: plan.api_key_id,
        model: plan.run.model.clone(),
        requests: 1,
        input_tokens: usage.input_tokens.0.into(),
        output_tokens: usage.output_tokens.0.into(),
        cost: usage.cost_microusd.unwrap_or(Money::ZERO),
    }
}

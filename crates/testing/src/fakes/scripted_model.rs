//! A model that does what a test says, step by step.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{
    ChatModel, Completion, CompletionEvent, CompletionRequest, CompletionStream, ProviderError,
};
use domain::{FinishReason, Part, PartDelta, Parts, TokenCount, Usage};
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

const PATIENCE: Duration = Duration::from_secs(20);

type MakeError = Arc<dyn Fn() -> ProviderError + Send + Sync>;

/// What the model does with one request.
#[derive(Clone, Default)]
pub struct Answer {
    refusal: Option<MakeError>,
    deltas: Vec<PartDelta>,
    /// Whether every delta waits for [`ScriptedModel::release`].
    gated: bool,
    end: End,
}

#[derive(Clone)]
enum End {
    Finished { finish_reason: FinishReason, usage: Option<Usage> },
    Failed(MakeError),
    Silence,
}

impl Default for End {
    fn default() -> Self {
        let usage = Usage { input_tokens: TokenCount(7), output_tokens: TokenCount(3), ..Usage::default() };
        Self::Finished { finish_reason: FinishReason::Stop, usage: Some(usage) }
    }
}

impl Answer {
    /// One text, a delta a token, then the end.
    pub fn tokens<T: Into<String>>(tokens: impl IntoIterator<Item = T>) -> Self {
        let appended = tokens.into_iter().map(|token| PartDelta::Appended { part: 0, text: token.into() });
        let deltas = [PartDelta::Started(Part::text(""))].into_iter().chain(appended).collect();
        Self { deltas, ..Self::default() }
    }

    /// These steps, then the end.
    pub fn deltas(deltas: Vec<PartDelta>) -> Self {
        Self { deltas, ..Self::default() }
    }

    /// The request is not even accepted.
    pub fn refused(error: impl Fn() -> ProviderError + Send + Sync + 'static) -> Self {
        Self { refusal: Some(Arc::new(error)), ..Self::default() }
    }

    /// The same, but it ends in this error.
    #[must_use]
    pub fn then_fails(self, error: impl Fn() -> ProviderError + Send + Sync + 'static) -> Self {
        Self { end: End::Failed(Arc::new(error)), ..self }
    }

    /// The same, but after the last delta nothing comes any more.
    #[must_use]
    pub fn then_silence(self) -> Self {
        Self { end: End::Silence, ..self }
    }

    /// The same, but it ends for this reason and with this consumption.
    #[must_use]
    pub fn then_finishes(self, finish_reason: FinishReason, usage: Option<Usage>) -> Self {
        Self { end: End::Finished { finish_reason, usage }, ..self }
    }

    /// The same, but every delta, and the end, waits for [`ScriptedModel::release`].
    #[must_use]
    pub fn gated(self) -> Self {
        Self { gated: true, ..self }
    }
}

/// A model that answers as a test says. Clones are the same model.
#[derive(Clone)]
pub struct ScriptedModel(Arc<Inner>);

struct Inner {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<CompletionRequest>>,
    gate: Semaphore,
    dropped: AtomicUsize,
    changed: Notify,
}

impl fmt::Debug for ScriptedModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ScriptedModel")
            .field("requests", &self.request_count())
            .finish_non_exhaustive()
    }
}

impl ScriptedModel {
    /// A model that gives one answer after the other, the last one from then on.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Inner {
            answers: Mutex::new(answers.into_iter().collect()),
            requests: Mutex::new(Vec::new()),
            gate: Semaphore::new(0),
            dropped: AtomicUsize::new(0),
            changed: Notify::new(),
        }))
    }

    /// A model that always gives this text, a word a token.
    pub fn answering(text: &str) -> Self {
        Self::new([Answer::tokens(text.split_inclusive(' '))])
    }

    /// Replaces the answers that are still to come.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        *self.0.answers.lock() = answers.into_iter().collect();
    }

    /// Lets the next `steps` gated steps pass: deltas, and the end.
    pub fn release(&self, steps: usize) {
        self.0.gate.add_permits(steps);
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<CompletionRequest> {
        self.0.requests.lock().clone()
    }

    /// How many requests there were.
    pub fn request_count(&self) -> usize {
        self.0.requests.lock().len()
    }

    /// How many streams were dropped before they ended.
    pub fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::SeqCst)
    }

    /// Waits until `condition` holds; it is looked at after every request and every dropped stream.
    ///
    /// # Panics
    /// When that does not happen within 20 s.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let changed = self.0.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if condition(self) {
                    return;
                }
                changed.await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "waited in vain at {self:?}");
    }

    fn begin(&self, request: CompletionRequest) -> Result<Answer, ProviderError> {
        let answer = {
            let mut answers = self.0.answers.lock();
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }.unwrap_or_default()
        };
        self.0.requests.lock().push(request);
        self.0.changed.notify_waiters();
        match &answer.refusal {
            Some(error) => Err(error()),
            None => Ok(answer),
        }
    }
}

/// Notices when a stream is dropped before its end.
struct Guard {
    model: Arc<Inner>,
    is_over: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.is_over {
            self.model.dropped.fetch_add(1, Ordering::SeqCst);
            self.model.changed.notify_waiters();
        }
    }
}

#[async_trait]
impl ChatModel for ScriptedModel {
    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let Answer { deltas, gated, end, .. } = self.begin(request)?;
        let guard = Guard { model: Arc::clone(&self.0), is_over: false };
        let state = (VecDeque::from(deltas), Some(end), guard);
        let steps = stream::unfold(state, move |(mut deltas, mut end, mut guard)| async move {
            if guard.is_over {
                return None;
            }
            if gated && let Ok(permit) = guard.model.gate.acquire().await {
                permit.forget();
            }
            let step = match deltas.pop_front() {
                Some(delta) => Ok(CompletionEvent::Delta(delta)),
                None => match end.take()? {
                    End::Finished { finish_reason, usage } => {
                        guard.is_over = true;
                        Ok(CompletionEvent::Finished { finish_reason, usage })
                    }
                    End::Failed(error) => {
                        guard.is_over = true;
                        Err(error())
                    }
                    End::Silence => std::future::pending().await,
                },
            };
            Some((step, (deltas, end, guard)))
        });
        Ok(steps.boxed())
    }

    async fn complete(&self, request: CompletionRequest) -> Result<Completion, ProviderError> {
        let mut steps = self.stream(request).await?;
        let mut parts = Parts::new();
        while let Some(step) = steps.next().await {
            match step? {
                CompletionEvent::Delta(delta) => parts.apply(&delta),
                CompletionEvent::Finished { finish_reason, usage } => {
                    return Ok(Completion { parts: parts.as_slice().to_vec(), finish_reason, usage });
                }
            }
        }
        Err(ProviderError::Interrupted)
    }
}

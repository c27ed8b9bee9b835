//! Leaving a failing provider alone: a decorator around a [`ChatModel`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use domain::ports::{
    ChatModel, Completion, CompletionEvent, CompletionRequest, CompletionStream, ProviderError,
};
use futures_core::Stream;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::settings::{BreakerSettings, milliseconds};

/// Leaves a provider alone for a while after some failures in a row, all of them the provider's fault. Then one
/// request tries it out; as soon as some of an answer arrives, all others may follow.
pub struct Breaker {
    inner: Arc<dyn ChatModel>,
    circuit: Arc<Circuit>,
}

impl Breaker {
    /// `inner`, left alone as the settings say. All models of a provider should share one breaker.
    pub fn new(inner: Arc<dyn ChatModel>, settings: BreakerSettings) -> Self {
        let state = Mutex::new(State::Closed { failures: 0 });
        Self { inner, circuit: Arc::new(Circuit { settings, state }) }
    }
}

struct Circuit {
    settings: BreakerSettings,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Requests pass.
    Closed {
        /// How many failed in a row.
        failures: u32,
    },
    /// Requests are turned away.
    Open {
        /// Until when.
        until: Instant,
    },
    /// One request is trying the provider out; the others are turned away.
    Trying,
}

/// What a request says about its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It works.
    Works,
    /// It fails.
    Fails,
    /// Nothing.
    Unknown,
}

impl Verdict {
    const fn of(error: &ProviderError) -> Self {
        match error {
            ProviderError::Unreachable(_)
            | ProviderError::Silent { .. }
            | ProviderError::Failed { .. }
            | ProviderError::Garbled { .. }
            | ProviderError::Interrupted => Self::Fails,
            ProviderError::Unauthorized | ProviderError::Refused { .. } => Self::Works,
            ProviderError::RateLimited { .. } | ProviderError::BreakerOpen { .. } => Self::Unknown,
        }
    }
}

impl Circuit {
    /// Lets a request pass, or says when to come back.
    fn enter(self: &Arc<Self>) -> Result<Pass, ProviderError> {
        let mut state = self.state.lock();
        let now = Instant::now();
        let is_trial = match *state {
            State::Closed { .. } => false,
            State::Open { until } if until <= now => {
                *state = State::Trying;
                true
            }
            State::Open { until } => {
                return Err(ProviderError::BreakerOpen { retry_after: until - now });
            }
            State::Trying => {
                return Err(ProviderError::BreakerOpen { retry_after: milliseconds(self.settings.pause_ms) });
            }
        };
        Ok(Pass { circuit: Arc::clone(self), is_trial })
    }
}

/// A request that was let through.
struct Pass {
    circuit: Arc<Circuit>,
    /// Whether the others wait for its verdict.
    is_trial: bool,
}

impl Pass {
    /// Some of the answer has arrived: the others need not wait for the rest. One more failure leaves the provider
    /// alone again.
    fn first_sign(&mut self) {
        if std::mem::take(&mut self.is_trial) {
            *self.circuit.state.lock() = State::Closed { failures: self.circuit.settings.failures - 1 };
        }
    }

    fn judge(&mut self, verdict: Verdict) {
        let is_trial = std::mem::take(&mut self.is_trial);
        let mut state = self.circuit.state.lock();
        let settings = &self.circuit.settings;
        let open = || State::Open { until: Instant::now() + milliseconds(settings.pause_ms) };
        *state = match (verdict, *state) {
            (Verdict::Works, State::Closed { .. }) => State::Closed { failures: 0 },
            (Verdict::Works, _) if is_trial => State::Closed { failures: 0 },
            (Verdict::Fails, State::Closed { failures }) if failures + 1 < settings.failures => {
                State::Closed { failures: failures + 1 }
            }
            (Verdict::Fails, State::Closed { .. }) => {
                tracing::warn!("a model provider failed repeatedly and is left alone for a while");
                open()
            }
            (Verdict::Fails, _) if is_trial => open(),
            // Nothing was learned: the next request may try.
            (Verdict::Unknown, _) if is_trial => State::Open { until: Instant::now() },
            (_, state) => state,
        };
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_trial {
            self.judge(Verdict::Unknown);
        }
    }
}

#[async_trait]
impl ChatModel for Breaker {
    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let mut pass = self.circuit.enter()?;
        match self.inner.stream(request).await {
            Ok(steps) => Ok(Box::pin(Watched { steps, pass: Some(pass) })),
            Err(error) => {
                pass.judge(Verdict::of(&error));
                Err(error)
            }
        }
    }

    async fn complete(&self, request: CompletionRequest) -> Result<Completion, ProviderError> {
        let mut pass = self.circuit.enter()?;
        let answer = self.inner.complete(request).await;
        pass.judge(answer.as_ref().map_or_else(Verdict::of, |_| Verdict::Works));
        answer
    }
}

/// A stream whose end is a verdict.
struct Watched {
    steps: CompletionStream,
    pass: Option<Pass>,
}

impl Stream for Watched {
    type Item = Result<CompletionEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let step = std::task::ready!(self.steps.as_mut().poll_next(context));
        let verdict = match &step {
            Some(Ok(CompletionEvent::Delta(_))) => {
                if let Some(pass) = &mut self.pass {
                    pass.first_sign();
                }
                return Poll::Ready(step);
            }
            Some(Ok(CompletionEvent::Finished { .. })) => Verdict::Works,
            Some(Err(error)) => Verdict::of(error),
            None => Verdict::Fails,
        };
        if let Some(mut pass) = self.pass.take() {
            pass.judge(verdict);
        }
        Poll::Ready(step)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt;
    use testing::contracts::chat_model::question;
    use testing::fakes::{Answer, ScriptedModel};

    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings { failures: 3, pause_ms: 1000 };

    fn failing() -> Answer {
        Answer::refused(|| ProviderError::Failed { detail: "no".to_owned() })
    }

    fn breaker(model: &ScriptedModel) -> Breaker {
        Breaker::new(Arc::new(model.clone()), SETTINGS)
    }

    async fn ask(model: &Breaker) -> &'static str {
        let mut steps = match model.stream(question()).await {
            Ok(steps) => steps,
            Err(error) => return error.code(),
        };
        while let Some(step) = steps.next().await {
            if let Err(error) = step {
                return error.code();
            }
        }
        "complete"
    }

    async fn open(breaker: &Breaker) {
        for _ in 0..3 {
            assert_eq!(ask(breaker).await, "provider_failed");
        }
        assert_eq!(ask(breaker).await, "provider_resting");
    }

    async fn rest() {
        tokio::time::advance(Duration::from_millis(1001)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_closes_when_the_provider_works_again() {
        let model = ScriptedModel::new([failing(), failing(), failing(), failing(), Answer::tokens(["a"])]);
        let breaker = breaker(&model);
        open(&breaker).await;
        assert_eq!(model.request_count(), 3);
        rest().await;
        assert_eq!(ask(&breaker).await, "provider_failed");
        assert_eq!(ask(&breaker).await, "provider_resting");
        rest().await;
        for _ in 0..4 {
            assert_eq!(ask(&breaker).await, "complete");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_says_when_to_come_back() {
        let model = ScriptedModel::new([failing()]);
        let breaker = breaker(&model);
        open(&breaker).await;
        let Err(ProviderError::BreakerOpen { retry_after }) = breaker.complete(question()).await else {
            panic!("the breaker is open");
        };
        assert_eq!(retry_after, Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_between_failures_starts_the_count_anew() {
        let good = Answer::tokens(["a"]);
        let model = ScriptedModel::new([failing(), failing(), good.clone(), failing(), failing(), good]);
        let breaker = breaker(&model);
        for _ in 0..6 {
            assert_ne!(ask(&breaker).await, "provider_resting");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_the_providers_fault_does_not_count() {
        let errors: [fn() -> ProviderError; 3] = [
            || ProviderError::Unauthorized,
            || ProviderError::Refused { detail: String::new() },
            || ProviderError::RateLimited { retry_after: None },
        ];
        for error in errors {
            let model = ScriptedModel::new([Answer::refused(error)]);
            let breaker = breaker(&model);
            for _ in 0..10 {
                assert_eq!(ask(&breaker).await, error().code());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn breaking_off_in_the_middle_counts() {
        let cut = Answer::tokens(["a"]).then_fails(|| ProviderError::Interrupted);
        let model = ScriptedModel::new([cut]);
        let breaker = breaker(&model);
        for _ in 0..3 {
            assert_eq!(ask(&breaker).await, "provider_interrupted");
        }
        assert_eq!(ask(&breaker).await, "provider_resting");
        rest().await;
        assert_eq!(ask(&breaker).await, "provider_interrupted");
        assert_eq!(ask(&breaker).await, "provider_resting");
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_tries_at_a_time_and_a_dropped_one_leaves_the_place_to_the_next() {
        let good = Answer::tokens(["a"]).gated();
        let model = ScriptedModel::new([failing(), failing(), failing(), good]);
        let breaker = breaker(&model);
        open(&breaker).await;
        rest().await;
        let trial = breaker.stream(question()).await.expect("one request may try");
        assert_eq!(ask(&breaker).await, "provider_resting");
        drop(trial);
        let mut trial = breaker.stream(question()).await.expect("the place is free again");
        model.release(1);
        trial.next().await.expect("there is a first step").expect("it is no error");
        assert!(breaker.stream(question()).await.is_ok(), "the first sign lets the others in");
    }
}

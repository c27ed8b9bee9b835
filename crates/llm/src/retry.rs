//! Trying again: a decorator around a [`ChatModel`].

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{ChatModel, Completion, CompletionRequest, CompletionStream, ProviderError};
use futures_util::{StreamExt, future, stream};

use crate::settings::{RetrySettings, milliseconds};

/// Tries a request again when the provider may do better the next time, and only while nothing of the answer has been
/// passed on.
pub struct Retry {
    inner: Arc<dyn ChatModel>,
    settings: RetrySettings,
}

impl Retry {
    /// `inner`, tried again as the settings say.
    pub const fn new(inner: Arc<dyn ChatModel>, settings: RetrySettings) -> Self {
        Self { inner, settings }
    }
}

#[async_trait]
impl ChatModel for Retry {
    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let mut attempts = Attempts::new(self.settings);
        let steps = loop {
            match self.inner.stream(request.clone()).await {
                Ok(steps) => break steps,
                Err(error) => attempts.pause(error).await?,
            }
        };
        let inner = Arc::clone(&self.inner);
        Ok(stream::once(first_step(inner, request, attempts, steps)).flatten().boxed())
    }

    async fn complete(&self, request: CompletionRequest) -> Result<Completion, ProviderError> {
        let mut attempts = Attempts::new(self.settings);
        loop {
            match self.inner.complete(request.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => attempts.pause(error).await?,
            }
        }
    }
}

/// Waits for the first step, with further attempts where it is an error, and gives it with all that follow.
async fn first_step(
    inner: Arc<dyn ChatModel>,
    request: CompletionRequest,
    mut attempts: Attempts,
    mut steps: CompletionStream,
) -> CompletionStream {
    loop {
        let error = match steps.next().await {
            Some(Ok(step)) => return stream::once(future::ready(Ok(step))).chain(steps).boxed(),
            Some(Err(error)) => error,
            None => ProviderError::Interrupted,
        };
        drop(std::mem::replace(&mut steps, empty()));
        let mut failed = error;
        steps = loop {
            if let Err(error) = attempts.pause(failed).await {
                return stream::once(future::ready(Err(error))).boxed();
            }
            match inner.stream(request.clone()).await {
                Ok(steps) => break steps,
                Err(error) => failed = error,
            }
        };
    }
}

fn empty() -> CompletionStream {
    Pin::from(Box::new(stream::empty()))
}

/// How often, and after which pauses, a request may still be tried.
struct Attempts {
    settings: RetrySettings,
    made: u32,
}

impl Attempts {
    const fn new(settings: RetrySettings) -> Self {
        Self { settings, made: 0 }
    }

    /// Waits until the next attempt.
    ///
    /// # Errors
    /// `error` itself, when there is to be no other attempt.
    async fn pause(&mut self, error: ProviderError) -> Result<(), ProviderError> {
        let asked = match &error {
            ProviderError::RateLimited { retry_after } => *retry_after,
            ProviderError::Unreachable(_) | ProviderError::Failed { .. } | ProviderError::Interrupted => None,
            // A silent provider has had its time, and may be working; the others will say the same again.
            ProviderError::Silent { .. }
            | ProviderError::Unauthorized
            | ProviderError::Refused { .. }
            | ProviderError::Garbled { .. }
            | ProviderError::BreakerOpen { .. } => return Err(error),
        };
        let is_too_long = asked.is_some_and(|wait| wait > milliseconds(self.settings.longest_wait_ms));
        if self.made >= self.settings.attempts || is_too_long {
            return Err(error);
        }
        let pause = jittered(milliseconds(self.settings.pause_ms) * 2_u32.pow(self.made.min(16)));
        self.made += 1;
        let pause = asked.map_or(pause, |asked| asked + pause / 4);
        tracing::debug!(code = error.code(), attempt = self.made, ?pause, "asking the model provider again");
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Between half of `pause` and all of it, so that clients that failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let random = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
    pause.mul_f64(0.5 + random / 2.0)
}

#[cfg(test)]
mod tests {
    use domain::ports::CompletionEvent;
    use testing::contracts::chat_model::question;
    use testing::fakes::{Answer, ScriptedModel};
    use tokio::time::Instant;

    use super::*;

    fn failed() -> ProviderError {
        ProviderError::Failed { detail: "no".to_owned() }
    }

    fn retry(model: &ScriptedModel) -> Retry {
        Retry::new(Arc::new(model.clone()), RetrySettings::default())
    }

    /// The code of the error that the stream ends in, and how much came before.
    async fn read(model: &Retry) -> (&'static str, usize) {
        let mut steps = match model.stream(question()).await {
            Ok(steps) => steps,
            Err(error) => return (error.code(), 0),
        };
        let mut seen = 0;
        while let Some(step) = steps.next().await {
            match step {
                Ok(CompletionEvent::Delta(_)) => seen += 1,
                Ok(CompletionEvent::Finished { .. }) => return ("complete", seen),
                Err(error) => return (error.code(), seen),
            }
        }
        ("cut", seen)
    }

    #[tokio::test(start_paused = true)]
    async fn two_failures_are_made_good() {
        for failing in [Answer::refused(failed), Answer::deltas(Vec::new()).then_fails(failed)] {
            let model = ScriptedModel::new([failing.clone(), failing.clone(), Answer::tokens(["a"])]);
            assert_eq!(read(&retry(&model)).await, ("complete", 2));
            assert_eq!(model.request_count(), 3);

            let model = ScriptedModel::new([failing.clone(), failing, Answer::tokens(["a"])]);
            assert!(retry(&model).complete(question()).await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_third_failure_is_told() {
        let model = ScriptedModel::new([Answer::refused(failed)]);
        assert_eq!(read(&retry(&model)).await, ("provider_failed", 0));
        assert_eq!(model.request_count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_tried_again_once_something_has_arrived() {
        let model = ScriptedModel::new([Answer::tokens(["a"]).then_fails(|| ProviderError::Interrupted)]);
        assert_eq!(read(&retry(&model)).await, ("provider_interrupted", 2));
        assert_eq!(model.request_count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_attempt_cannot_change_is_not_tried_again() {
        let errors: [fn() -> ProviderError; 4] = [
            || ProviderError::Unauthorized,
            || ProviderError::Refused { detail: String::new() },
            || ProviderError::Garbled { detail: String::new() },
            || ProviderError::Silent { after: Duration::from_secs(1) },
        ];
        for error in errors {
            let model = ScriptedModel::new([Answer::refused(error), Answer::tokens(["a"])]);
            assert_eq!(read(&retry(&model)).await.0, error().code());
            assert_eq!(model.request_count(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_the_provider_asks_for_is_kept_up_to_a_bound() {
        let limited =
            |seconds| move || ProviderError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
        let model = ScriptedModel::new([Answer::refused(limited(9)), Answer::tokens(["a"])]);
        let before = Instant::now();
        assert_eq!(read(&retry(&model)).await.0, "complete");
        assert!((9.0..10.0).contains(&before.elapsed().as_secs_f64()));

        let model = ScriptedModel::new([Answer::refused(limited(11)), Answer::tokens(["a"])]);
        assert_eq!(read(&retry(&model)).await.0, "provider_rate_limited");
    }

    #[tokio::test(start_paused = true)]
    async fn the_stream_of_a_failed_attempt_is_let_go_before_the_next() {
        let model =
            ScriptedModel::new([Answer::deltas(Vec::new()).then_fails(failed), Answer::tokens(["a"])]);
        assert_eq!(read(&retry(&model)).await.0, "complete");
        assert_eq!(model.dropped(), 0);
    }
}

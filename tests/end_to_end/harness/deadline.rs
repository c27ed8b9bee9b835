//! Waiting for a condition, never for a time.

use std::time::Duration;

/// How long anything may take before a test fails. Generous: the machine may be busy with other tests.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Tries until there is a result, or panics at the deadline.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut attempt: impl FnMut() -> F) -> T {
    let trying = async {
        loop {
            if let Some(result) = attempt().await {
                return result;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let Ok(result) = tokio::time::timeout(DEADLINE, trying).await else {
        panic!("waited {DEADLINE:?} in vain for: {what}");
    };
    result
}

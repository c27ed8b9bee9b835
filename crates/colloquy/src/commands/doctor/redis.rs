//! Redis: does it answer, can it be used, and how quickly?

use std::time::{Duration, Instant};

use cache::RedisSettings;

use super::Finding;

const SUBJECT: &str = "redis";
/// A look that takes longer than this, connection and all, makes nodes go on without Redis at times.
const SLOW: Duration = Duration::from_millis(500);

/// Connects where there is one.
pub async fn look(settings: &RedisSettings) -> Option<Finding> {
    settings.url.as_ref()?;
    let started = Instant::now();
    Some(match cache::check(settings).await {
        Ok(version) => {
            let took = started.elapsed();
            let state = format!(
                "can be used; a connection and a look took {} ms (version {version})",
                took.as_millis()
            );
            if took > SLOW {
                Finding::bad(SUBJECT, state, "Put it nearer to the servers, or give it more room.")
            } else {
                Finding::good(SUBJECT, state)
            }
        }
        Err(error) => Finding::bad(
            SUBJECT,
            error.to_string(),
            "Until then nodes know nothing of one another's streams.",
        ),
    })
}

//! Closed-loop load: every connection sends its next request when the last one is answered.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::http::Connection;

/// What a load gave.
pub struct Load {
    /// How many requests were answered well.
    pub requests: u64,
    /// How many were not.
    pub failures: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Microseconds to the whole answer.
    pub whole: Histogram<u64>,
    /// Microseconds to the first byte of the body.
    pub first: Histogram<u64>,
}

impl Load {
    fn new() -> Self {
        Self { requests: 0, failures: 0, elapsed: Duration::ZERO, whole: histogram(), first: histogram() }
    }
}

/// Microseconds up to ten minutes, to three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3)
        .expect("the bounds and the precision are ones that histograms have")
}

/// How long one connection goes on.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// For a time.
    After(Duration),
    /// For a number of requests.
    Count(u64),
}

/// Opens one connection for each entry of `requests` and repeats the entry on it. A tenth of the time is spent
/// warming up first.
pub async fn closed_loop(address: &str, requests: Vec<Vec<u8>>, until: Until) -> Outcome<Load> {
    let warm_up = match until {
        Until::After(time) => Until::After(time / 10),
        Until::Count(count) => Until::Count(count / 10),
    };
    round(address, &requests, warm_up).await?;
    round(address, &requests, until).await
}

async fn round(address: &str, requests: &[Vec<u8>], until: Until) -> Outcome<Load> {
    let mut connections = JoinSet::new();
    for request in requests {
        let (mut connection, request) = (Connection::open(address).await?, request.clone());
        connections.spawn(async move { repeat(&mut connection, &request, until).await });
    }
    let start = Instant::now();
    let mut total = Load::new();
    while let Some(one) = connections.join_next().await {
        let one = one??;
        total.requests += one.requests;
        total.failures += one.failures;
        total.whole.add(&one.whole)?;
        total.first.add(&one.first)?;
    }
    total.elapsed = start.elapsed();
    if total.failures > 0 {
        eprintln!("bench: {} of {} requests failed", total.failures, total.failures + total.requests);
    }
    Ok(total)
}

async fn repeat(connection: &mut Connection, request: &[u8], until: Until) -> Outcome<Load> {
    let mut load = Load::new();
    let start = Instant::now();
    loop {
        let is_over = match until {
            Until::After(time) => start.elapsed() >= time,
            Until::Count(count) => load.requests + load.failures >= count,
        };
        if is_over {
            return Ok(load);
        }
        let sent = Instant::now();
        let response = connection.send(request).await?;
        if response.status < 300 {
            load.requests += 1;
            load.whole.saturating_record(micros(sent.elapsed()));
            load.first.saturating_record(micros(response.first_byte - sent));
        } else {
            load.failures += 1;
        }
    }
}

/// Whole microseconds.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::quantile;

    #[test]
    fn long_and_short_times_are_kept() {
        let mut histogram = histogram();
        for time in [Duration::from_micros(3), Duration::from_secs(2), Duration::from_hours(1)] {
            histogram.saturating_record(micros(time));
        }
        assert!((quantile(&histogram, 0.1) - 0.003).abs() < 1e-9);
        assert!((quantile(&histogram, 0.5) - 2000.0).abs() < 2.0);
    }
}

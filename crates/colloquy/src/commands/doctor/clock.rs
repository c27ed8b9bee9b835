//! The time of day: sessions, leases and ids depend on it.

use std::time::Duration;

use domain::Timestamp;
use domain::ports::Clock as _;

use super::Finding;
use crate::adapters::SystemClock;

/// How far a clock may be behind what is stored before it counts as wrong.
const TOLERANCE: Duration = Duration::from_mins(1);
/// No release of this program is older than this: 1 November 2026.
const OLDEST_RELEASE: Timestamp = Timestamp::from_micros(1_793_491_200_000_000);

/// Compares the clock with the newest fact in the database.
pub fn look(newest_fact: Option<Timestamp>) -> Finding {
    judge(SystemClock.now(), newest_fact)
}

fn judge(now: Timestamp, newest_fact: Option<Timestamp>) -> Finding {
    let state = format!("says {now}");
    if now < OLDEST_RELEASE {
        return Finding::bad("clock", state, "That is before this program was made: set the clock.");
    }
    match newest_fact {
        Some(newest) if newest > now.plus(TOLERANCE) => Finding::bad(
            "clock",
            format!("{state}, but the database knows of {newest}"),
            "Set the clock: sessions and leases last too long while it is behind.",
        ),
        _ => Finding::good("clock", state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_is_found() {
        let now = OLDEST_RELEASE.plus(Duration::from_hours(24));
        assert!(!judge(now, None).is_bad());
        assert!(!judge(now, Some(now.plus(Duration::from_secs(30)))).is_bad());
        assert!(judge(now, Some(now.plus(Duration::from_hours(1)))).is_bad());
        assert!(judge(OLDEST_RELEASE.minus(Duration::from_secs(1)), None).is_bad());
    }
}

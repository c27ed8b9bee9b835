//! What every [`Clock`] does.

use std::sync::Arc;

use domain::Timestamp;
use domain::ports::Clock;

/// The time is after this code was written, and has a form that is read back as it was written.
pub fn the_time_is_plausible(port: &Arc<dyn Clock>) {
    let now = port.now();
    assert!(Timestamp::parse_rfc3339("2020-01-01T00:00:00Z").is_some_and(|earlier| earlier < now), "{now}");
    assert_eq!(Timestamp::parse_rfc3339(&now.to_string()), Some(now));
}

/// Left alone, the clock does not go back.
pub fn time_does_not_go_back(port: &Arc<dyn Clock>) {
    let times: Vec<_> = (0..1_000).map(|_| port.now()).collect();
    assert!(times.is_sorted());
}

/// Makes a test of each promise. `$setup` gives an `Arc<dyn Clock>`.
#[macro_export]
macro_rules! clock_contract {
    ($setup:expr) => {
        $crate::clock_contract! { @cases $setup; the_time_is_plausible time_does_not_go_back }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[test]
        fn $case() {
            let port: std::sync::Arc<dyn domain::ports::Clock> = $setup;
            $crate::contracts::clock::$case(&port);
        }
    )+};
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    crate::clock_contract!(Arc::new(crate::fakes::ManualClock::default()));
}

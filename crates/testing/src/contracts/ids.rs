//! What every source of [`Ids`] does.

use std::collections::HashSet;
use std::sync::Arc;

use domain::ports::Ids;

/// An id that is made later is greater.
pub fn ids_grow(port: &Arc<dyn Ids>) {
    let ids: Vec<_> = (0..5_000).map(|_| port.uuid()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "an id was not greater than the one before");
}

/// Threads that ask at one time never get the same id.
pub fn ids_are_unique_across_threads(port: &Arc<dyn Ids>) {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let port = Arc::clone(port);
            std::thread::spawn(move || (0..2_000).map(|_| port.uuid()).collect::<Vec<_>>())
        })
        .collect();
    let ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
}

/// No secret is given twice.
pub fn secrets_differ(port: &Arc<dyn Ids>) {
    let secrets: HashSet<_> = (0..1_000).map(|_| port.secret()).collect();
    assert_eq!(secrets.len(), 1_000);
}

/// Makes a test of each promise. `$setup` gives an `Arc<dyn Ids>`.
#[macro_export]
macro_rules! ids_contract {
    ($setup:expr) => {
        $crate::ids_contract! { @cases $setup; ids_grow ids_are_unique_across_threads secrets_differ }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[test]
        fn $case() {
            let port: std::sync::Arc<dyn domain::ports::Ids> = $setup;
            $crate::contracts::ids::$case(&port);
        }
    )+};
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    crate::ids_contract!(Arc::new(crate::fakes::SequentialIds::default()));
}

//! Where people signed in from, so that a stranger's attempts do not lock them out.

use std::collections::VecDeque;
use std::net::IpAddr;

use parking_lot::Mutex;

/// How many pairs of an account and an address are remembered.
const MAX_REMEMBERED: usize = 4_096;

/// The latest pairs of an account and an address from which its password was right. They live in memory: after a
/// restart everybody is a stranger until they have signed in.
#[derive(Default)]
pub struct KnownAddresses(Mutex<VecDeque<(String, IpAddr)>>);

impl KnownAddresses {
    /// The password of the account was right, from this address.
    pub(super) fn remember(&self, account: &str, address: IpAddr) {
        let mut known = self.0.lock();
        known.retain(|pair| !is(pair, account, address));
        if known.len() == MAX_REMEMBERED {
            known.pop_front();
        }
        known.push_back((account.to_owned(), address));
    }

    /// Whether it was.
    pub(super) fn knows(&self, account: &str, address: IpAddr) -> bool {
        self.0.lock().iter().any(|pair| is(pair, account, address))
    }
}

fn is(pair: &(String, IpAddr), account: &str, address: IpAddr) -> bool {
    pair.1 == address && pair.0 == account
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_latest_are_remembered_and_no_more() {
        let known = KnownAddresses::default();
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for number in 0..=MAX_REMEMBERED {
            known.remember(&number.to_string(), address);
            if number % 1000 == 0 {
                known.remember("often", address);
            }
        }
        assert!(known.knows("often", address) && known.knows(&MAX_REMEMBERED.to_string(), address));
        assert!(!known.knows("0", address) && !known.knows("often", IpAddr::V4(Ipv4Addr::BROADCAST)));
        assert_eq!(known.0.lock().len(), MAX_REMEMBERED);
    }
}

//! What a table holds, in a few bytes.

use std::fmt;

use super::cell::Row;

/// The number of rows, and a sum of their hashes: the same in whichever order and in how many pieces they come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    sum: [u64; 4],
}

impl Digest {
    /// Adds a row.
    pub fn add(&mut self, row: &Row) {
        let mut hasher = blake3::Hasher::new();
        for cell in row {
            cell.hash_into(&mut hasher);
        }
        self.rows += 1;
        for (sum, bytes) in self.sum.iter_mut().zip(hasher.finalize().as_bytes().chunks_exact(8)) {
            let word = bytes.iter().rev().fold(0, |word: u64, byte| (word << 8) | u64::from(*byte));
            *sum = sum.wrapping_add(word);
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sum.iter().try_for_each(|word| write!(formatter, "{word:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::*;

    fn digest(rows: &[Row]) -> Digest {
        let mut digest = Digest::default();
        for row in rows {
            digest.add(row);
        }
        digest
    }

    #[test]
    fn order_does_not_count_but_content_does() {
        let row = |text: &str| vec![Cell::Integer(1), Cell::Text(text.to_owned())];
        assert_eq!(digest(&[row("a"), row("b")]), digest(&[row("b"), row("a")]));
        assert_ne!(digest(&[row("a"), row("b")]), digest(&[row("a"), row("a")]));
        assert_ne!(digest(&[row("")]), digest(&[vec![Cell::Integer(1), Cell::Null]]));
        assert_ne!(digest(&[row("a")]), digest(&[]));
    }
}

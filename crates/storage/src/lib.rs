//! What the storage adapters of Colloquy share, none of which needs a database: how domain values read as texts and
//! numbers, what the event log keeps of an event, the words for broken rules, the words of a search and their snippets.

pub mod audit;
mod errors;
mod facts;
pub mod rules;
mod search;
mod snippet;
pub mod transfer;
mod values;
mod words;

pub use errors::{Corrupt, Outage};
pub use facts::{About, credential, leaf_changes};
pub use search::{owner_word, search_words, words};
pub use snippet::{Phrases, excerpt, folded, tokens};
pub use values::{
    MessageTexts, address, amount, annotation_content, count, day, hash, job_from_row, job_kind, json,
    list_start, moment, money, month, optional_json, text, version,
};
pub use words::Word;

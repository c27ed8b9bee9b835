//! Opaque cursors: the key of the last item of a page, in URL-safe Base64.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ports::ConversationCursor;
use domain::{
    AnnotationId, ApiKeyId, ConversationId, EditId, InvitationId, MessageId, ProjectId, SessionId, TagId,
    Timestamp, UserId,
};

/// A cursor that was not given out by the list it is presented to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

/// A key of a list, as bytes. The first byte names the kind, so that a cursor of one list is refused by another.
pub trait CursorKey: Sized {
    /// The byte that names the kind.
    const KIND: u8;

    /// The key without the kind.
    fn to_bytes(&self) -> Vec<u8>;

    /// The key from what [`CursorKey::to_bytes`] gave.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

/// Writes a cursor.
pub fn encode_cursor<K: CursorKey>(key: &K) -> String {
    let mut bytes = vec![K::KIND];
    bytes.extend(key.to_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor.
pub fn decode_cursor<K: CursorKey>(text: &str) -> Result<K, InvalidCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
    match bytes.split_first() {
        Some((kind, key)) if *kind == K::KIND => K::from_bytes(key).ok_or(InvalidCursor),
        _ => Err(InvalidCursor),
    }
}

macro_rules! id_cursor {
    ($($kind:literal => $id:ty),+ $(,)?) => {$(
        impl CursorKey for $id {
            const KIND: u8 = $kind;

            fn to_bytes(&self) -> Vec<u8> {
                self.uuid().as_bytes().to_vec()
            }

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let bytes: [u8; 16] = bytes.try_into().ok()?;
                // The uuid type is the domain's; parsing its text form keeps this crate free of the library.
                u128_to_id(u128::from_be_bytes(bytes))
            }
        }
    )+};
}

fn u128_to_id<T: std::str::FromStr>(number: u128) -> Option<T> {
    format!("{number:032x}").parse().ok()
}

id_cursor! { b'm' => MessageId, b'e' => EditId, b'k' => ApiKeyId, b'u' => UserId, b'v' => InvitationId, b'i' => SessionId, b'p' => ProjectId, b't' => TagId, b'n' => AnnotationId }

/// A place in the audit log.
impl CursorKey for u64 {
    const KIND: u8 = b'a';

    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl CursorKey for ConversationCursor {
    const KIND: u8 = b'c';

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.updated_at.micros().to_be_bytes().to_vec();
        bytes.extend(self.id.uuid().as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (micros, id) = bytes.split_first_chunk::<8>()?;
        let id: [u8; 16] = id.try_into().ok()?;
        let id: ConversationId = u128_to_id(u128::from_be_bytes(id))?;
        Some(Self { updated_at: Timestamp::from_micros(i64::from_be_bytes(*micros)), id })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went_out(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000, id in any::<u128>()) {
            let key = ConversationCursor {
                updated_at: Timestamp::from_micros(micros),
                id: u128_to_id(id).ok_or(TestCaseError::fail("an id"))?,
            };
            prop_assert_eq!(decode_cursor::<ConversationCursor>(&encode_cursor(&key)), Ok(key));
            prop_assert_eq!(decode_cursor::<MessageId>(&encode_cursor(&key)), Err(InvalidCursor));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".*") {
            let _ = decode_cursor::<ConversationCursor>(&text);
            let _ = decode_cursor::<MessageId>(&text);
        }
    }
}

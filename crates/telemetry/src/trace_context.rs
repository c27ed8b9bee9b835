//! W3C Trace Context: the `traceparent` header (<https://www.w3.org/TR/trace-context/#traceparent-header>).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where a request stands in a distributed trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The whole trace.
    pub trace_id: TraceId,
    /// The span that caused this request; when sent on, our own span.
    pub parent_id: SpanId,
    /// Bit 0 says that the caller records the trace.
    pub flags: u8,
}

/// The identifier of a trace; never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// The identifier of a span; never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

/// A `traceparent` header that the specification does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a traceparent: expected `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, in lower case")]
pub struct InvalidTraceparent;

impl TraceContext {
    /// The flag by which a caller says that it records the trace.
    pub const SAMPLED: u8 = 1;

    /// The beginning of a new trace, not sampled.
    pub fn generate() -> Self {
        Self { trace_id: TraceId(nonzero()), parent_id: SpanId(nonzero()), flags: 0 }
    }

    /// The context in a `traceparent` header; a new one when there is no such header, or an invalid one, as the
    /// specification asks.
    pub fn from_header(header: Option<&str>) -> Self {
        header.and_then(|text| text.parse().ok()).unwrap_or_else(Self::generate)
    }

    /// The same trace with a new span of ours, to send on.
    #[must_use]
    pub fn child(self) -> Self {
        Self { parent_id: SpanId(nonzero()), ..self }
    }

    /// Whether the caller records the trace.
    pub const fn is_sampled(self) -> bool {
        self.flags & Self::SAMPLED != 0
    }
}

/// Random bytes that are not all zero.
fn nonzero<const N: usize>() -> [u8; N] {
    loop {
        let bytes = crate::random();
        if bytes != [0; N] {
            return bytes;
        }
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceparent;

    /// Version `00` must have exactly four fields. A later version may append fields, which are ignored; of its
    /// flags only the one known here is kept, since the context is sent on as version `00`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (head, rest) = text.split_at_checked(55).ok_or(InvalidTraceparent)?;
        let mut fields = head.split('-');
        let [version] = hex(fields.next())?;
        let trace_id = TraceId(hex(fields.next())?);
        let parent_id = SpanId(hex(fields.next())?);
        let [flags] = hex(fields.next())?;
        let length_is_valid =
            if version == 0 { rest.is_empty() } else { rest.is_empty() || rest.starts_with('-') };
        if version == 0xff || !length_is_valid || trace_id.0 == [0; 16] || parent_id.0 == [0; 8] {
            return Err(InvalidTraceparent);
        }
        let flags = if version == 0 { flags } else { flags & Self::SAMPLED };
        Ok(Self { trace_id, parent_id, flags })
    }
}

/// Exactly `N` bytes in lower-case hexadecimal.
fn hex<const N: usize>(field: Option<&str>) -> Result<[u8; N], InvalidTraceparent> {
    let digits = field.map(str::as_bytes).filter(|digits| digits.len() == 2 * N).ok_or(InvalidTraceparent)?;
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return Err(InvalidTraceparent),
            };
            *byte = *byte << 4 | value;
        }
    }
    Ok(bytes)
}

impl fmt::Display for TraceContext {
    /// Writes the header, always as version `00`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{}-{}-{:02x}", self.trace_id, self.parent_id, self.flags)
    }
}

macro_rules! shown_in_hexadecimal {
    ($($name:ident)+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                crate::write_hex(formatter, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }
    )+};
}

shown_in_hexadecimal! { TraceId SpanId }

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_valid_header_is_read_and_written_back() {
        let header = format!("00-{TRACE}-{SPAN}-01");
        let context: TraceContext = header.parse().expect("the header follows the specification");
        assert_eq!(context.trace_id.to_string(), TRACE);
        assert_eq!(context.parent_id.to_string(), SPAN);
        assert!(context.is_sampled());
        assert_eq!(context.to_string(), header);
    }

    #[test]
    fn a_later_version_may_be_longer_and_is_sent_on_as_version_zero() {
        for later in [format!("cc-{TRACE}-{SPAN}-ff"), format!("cc-{TRACE}-{SPAN}-ff-what-comes-later")] {
            let context: TraceContext = later.parse().expect("later versions may append fields");
            assert_eq!(context.to_string(), format!("00-{TRACE}-{SPAN}-01"));
        }
    }

    #[test]
    fn whatever_the_specification_does_not_allow_is_refused() {
        let zeros = "0".repeat(32);
        let wrong = [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-extra"),
            format!("cc-{TRACE}-{SPAN}-01.extra"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("0x-{TRACE}-{SPAN}-01"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-0é"),
        ];
        for header in wrong {
            assert_eq!(header.parse::<TraceContext>(), Err(InvalidTraceparent), "{header:?}");
        }
    }

    #[test]
    fn a_child_stays_in_the_trace_under_a_new_span() {
        let parent = TraceContext::from_header(None);
        let child = parent.child();
        assert_eq!(child.trace_id, parent.trace_id);
        assert_ne!(child.parent_id, parent.parent_id);
    }

    proptest! {
        #[test]
        fn no_header_makes_the_parser_panic(header in "\\PC*|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.{0,3}") {
            if let Ok(context) = header.parse::<TraceContext>() {
                prop_assert_eq!(context.to_string().parse(), Ok(context));
            }
        }
    }
}

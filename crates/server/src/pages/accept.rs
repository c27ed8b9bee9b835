//! Who asks: a person with a browser, or a program.

use actix_web::http::header::{self, HeaderMap};

/// Whether HTML is named, and liked better than JSON. `*/*` names nothing: programs send it.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let html = quality(headers, "text/html");
    html > 0.0 && html > quality(headers, "application/json")
}

/// How much a media type is liked, 0 to 1; 0 where it is not named.
fn quality(headers: &HeaderMap, wanted: &str) -> f32 {
    let accepted = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let named = accepted.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().filter(|kind| kind.eq_ignore_ascii_case(wanted))?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
    });
    named.fold(0.0, f32::max)
}

//! Compressing complete answers. Streams are never compressed: a compressor holds text back.

use std::io::{self, Write as _};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Bodies below this size travel as they are.
const SMALLEST: u64 = 1_024;

/// A way to make a body smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// Those that we know, the preferred one first.
    const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn compress(self, body: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd => zstd::bulk::compress(body, 3),
            Self::Brotli => {
                const BUFFER: usize = 16 * 1024;
                const QUALITY: u32 = 4;
                const WINDOW: u32 = 20;
                let mut compressor = brotli::CompressorWriter::new(
                    Vec::with_capacity(body.len() / 3),
                    BUFFER,
                    QUALITY,
                    WINDOW,
                );
                compressor.write_all(body)?;
                compressor.flush()?;
                Ok(compressor.into_inner())
            }
            Self::Gzip => {
                let output = Vec::with_capacity(body.len() / 3);
                let mut compressor = flate2::write::GzEncoder::new(output, flate2::Compression::fast());
                compressor.write_all(body)?;
                compressor.finish()
            }
        }
    }
}

/// The coding that the client likes best, among equals the one that we do (RFC 9110, section 12.5.3).
pub fn negotiate(headers: &HeaderMap) -> Option<Coding> {
    let mut best: Option<(u16, Coding)> = None;
    for (coding, weight) in Coding::ALL.into_iter().zip(weights(headers)) {
        if weight > best.map_or(0, |(most, _)| most) {
            best = Some((weight, coding));
        }
    }
    best.map(|(_, coding)| coding)
}

/// Whether the client understands what is compressed with Brotli already.
pub fn takes_brotli(headers: &HeaderMap) -> bool {
    let mut weighted = Coding::ALL.into_iter().zip(weights(headers));
    weighted.any(|(coding, weight)| coding == Coding::Brotli && weight > 0)
}

/// How much the client likes each coding, in thousandths.
fn weights(headers: &HeaderMap) -> [u16; 3] {
    let mut weights: [Option<u16>; 3] = [None; 3];
    let mut others = None;
    let values = headers.get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    for entry in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let Some(weight) = weight(parameters) else { continue };
        let name = name.trim();
        if name == "*" {
            others = Some(weight);
        } else if let Some(index) = Coding::ALL.iter().position(|coding| is_named(*coding, name)) {
            weights[index] = Some(weight);
        }
    }
    weights.map(|weight| weight.or(others).unwrap_or(0))
}

fn is_named(coding: Coding, name: &str) -> bool {
    coding.name().eq_ignore_ascii_case(name)
        || (coding == Coding::Gzip && name.eq_ignore_ascii_case("x-gzip"))
}

/// A weight in thousandths; 1000 when there is none, `None` when it is not one.
fn weight(parameters: &str) -> Option<u16> {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return Some(1_000);
    }
    let (name, value) = parameters.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let is_valid = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok().filter(|_| is_valid)?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

/// Compresses an answer, where it is complete, large enough and of a kind that becomes smaller.
pub fn apply(response: HttpResponse, coding: Option<Coding>) -> HttpResponse {
    let is_large = matches!(response.body().size(), BodySize::Sized(size) if size >= SMALLEST);
    let is_fit = is_large
        && response.status() != StatusCode::PARTIAL_CONTENT
        && !response.headers().contains_key(header::CONTENT_ENCODING)
        && is_compressible(response.headers());
    if !is_fit {
        return response;
    }
    let (mut response, body) = response.into_parts();
    add_vary(response.headers_mut(), header::ACCEPT_ENCODING);
    let Some(coding) = coding else { return response.set_body(body) };
    let bytes = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(body) => return response.set_body(body),
    };
    match coding.compress(&bytes) {
        Ok(smaller) if smaller.len() < bytes.len() => {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
            response.set_body(BoxBody::new(smaller))
        }
        Ok(_) | Err(_) => response.set_body(BoxBody::new(bytes)),
    }
}

fn is_compressible(headers: &HeaderMap) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let is_text = essence.starts_with("text/") && essence != "text/event-stream";
    is_text || essence == "application/json" || essence.ends_with("+json") || essence == "image/svg+xml"
}

fn add_vary(headers: &mut HeaderMap, name: HeaderName) {
    headers.append(header::VARY, name.into());
}

#[cfg(test)]
#[path = "compression_tests.rs"]
mod tests;

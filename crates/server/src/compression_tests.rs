use std::io::Read as _;

use actix_web::body::to_bytes;
use actix_web::test::TestRequest;

use super::*;

fn negotiated(accepted: &[&str]) -> Option<Coding> {
    let request = accepted.iter().fold(TestRequest::default(), |request, value| {
        request.append_header((header::ACCEPT_ENCODING, *value))
    });
    negotiate(request.to_http_request().headers())
}

#[test]
fn the_client_s_weights_decide_and_we_decide_among_equals() {
    assert_eq!(negotiated(&[]), None);
    assert_eq!(negotiated(&["identity"]), None);
    assert_eq!(negotiated(&["gzip, deflate, br, zstd"]), Some(Coding::Zstd));
    assert_eq!(negotiated(&["gzip, deflate, br"]), Some(Coding::Brotli));
    assert_eq!(negotiated(&["br;q=0.5, gzip;q=0.8"]), Some(Coding::Gzip));
    assert_eq!(negotiated(&["br;q=0.999", "gzip"]), Some(Coding::Gzip));
    assert_eq!(negotiated(&["*;q=0.1"]), Some(Coding::Zstd));
    assert_eq!(negotiated(&["zstd;q=0, *"]), Some(Coding::Brotli));
    assert_eq!(negotiated(&["gzip;q=0, br;q=0, zstd;q=0"]), None);
    assert_eq!(negotiated(&["X-GZip"]), Some(Coding::Gzip));
    for nonsense in
        ["gzip;q=2", "gzip;q=1.5", "gzip;q=x", "gzip;level=9", ";;;,,,=", "gzip;q=0.1234", "gzip;q=é"]
    {
        assert_eq!(negotiated(&[nonsense]), None, "{nonsense}");
    }
}

fn json(length: usize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body("a".repeat(length))
}

async fn parts(response: HttpResponse) -> (Option<String>, Vec<u8>) {
    let coding = response.headers().get(header::CONTENT_ENCODING);
    let coding = coding.and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let body = to_bytes(response.into_body()).await.expect("the body is complete");
    (coding, body.to_vec())
}

#[actix_web::test]
async fn large_answers_come_back_as_they_were() {
    for coding in Coding::ALL {
        let (named, body) = parts(apply(json(5_000), Some(coding))).await;
        assert_eq!(named.as_deref(), Some(coding.name()));
        assert!(body.len() < 500);
        let mut restored = Vec::new();
        match coding {
            Coding::Zstd => restored = zstd::bulk::decompress(&body, 10_000).expect("it is zstd"),
            Coding::Brotli => {
                brotli::Decompressor::new(body.as_slice(), 4096)
                    .read_to_end(&mut restored)
                    .expect("it is brotli");
            }
            Coding::Gzip => {
                flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut restored).expect("it is gzip");
            }
        }
        assert_eq!(restored, "a".repeat(5_000).into_bytes());
    }
}

#[actix_web::test]
async fn small_answers_and_streams_stay_as_they_are() {
    assert_eq!(parts(apply(json(1_023), Some(Coding::Gzip))).await.0, None);
    let chunks = futures_util::stream::iter([Ok::<_, io::Error>(bytes::Bytes::from(vec![b'a'; 5_000]))]);
    let stream = HttpResponse::Ok().content_type("text/event-stream").streaming(chunks);
    let stream = apply(stream, Some(Coding::Gzip));
    assert!(!stream.headers().contains_key(header::VARY));
    assert_eq!(parts(stream).await.0, None);
    let picture = HttpResponse::Ok().content_type("image/png").body(vec![0; 5_000]);
    assert_eq!(parts(apply(picture, Some(Coding::Gzip))).await.0, None);
}

#[actix_web::test]
async fn a_large_answer_says_that_it_depends_on_accept_encoding() {
    let answer = apply(json(5_000), None);
    assert_eq!(
        answer.headers().get(header::VARY).map(HeaderValue::as_bytes),
        Some(b"accept-encoding".as_slice())
    );
}

//! The least that a server on the same libraries can do: actix takes the request, reqwest hands it on, and the
//! answer streams back. What the real server takes more than this is its own.

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::Outcome;

struct Upstream {
    url: String,
    client: reqwest::Client,
}

/// Listens on a free port, prints the address, and serves until it is killed.
pub fn serve(upstream: &str) -> Outcome {
    // The only reason to refuse is that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
    let upstream = web::Data::new(Upstream { url: format!("http://{upstream}/v1/chat/completions"), client });
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new().app_data(upstream.clone()).route("/v1/chat/completions", web::post().to(hand_on))
        });
        let server = server.tcp_nodelay(true).disable_signals().bind("127.0.0.1:0")?;
        for address in server.addrs() {
            println!("{address}");
        }
        Ok(server.run().await?)
    })
}

async fn hand_on(upstream: web::Data<Upstream>, body: web::Bytes) -> HttpResponse {
    let request = upstream.client.post(&upstream.url).header("content-type", "application/json").body(body);
    match request.send().await {
        Ok(response) => {
            let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or("application/json").to_owned();
            HttpResponse::Ok().content_type(kind).streaming(response.bytes_stream())
        }
        Err(_) => HttpResponse::BadGateway().finish(),
    }
}

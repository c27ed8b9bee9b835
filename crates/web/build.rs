//! Puts what `cargo xtask web` built into the crate, compressed. It builds nothing itself: without Node there is no client.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const BUFFER: usize = 64 * 1024;
/// As small as it gets where the binary ships; quick where it is only tried.
const QUALITIES: (u32, u32) = (11, 5);
const WINDOW: u32 = 22;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=dist");
    let client = Path::new("dist/client");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    if client.join("index.html").is_file() {
        collect(client, &mut files)?;
    }
    files.sort();
    let is_release = env::var("PROFILE")? == "release";
    let mut table = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let content = fs::read(file)?;
        let compressed = out.join(format!("{number}.br"));
        fs::write(&compressed, compress(&content, if is_release { QUALITIES.0 } else { QUALITIES.1 })?)?;
        let path = file.strip_prefix(client)?.to_str().ok_or("a file of the client has no proper name")?;
        let hash = blake3::hash(&content).to_hex();
        let compressed = compressed.to_str().ok_or("the folder of the build has no proper name")?;
        writeln!(
            table,
            "Asset {{ path: {:?}, media_type: {:?}, hash: {:?}, brotli: include_bytes!({compressed:?}) }},",
            format!("/{path}"),
            media_type(path),
            &hash[..16],
        )?;
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn compress(content: &[u8], quality: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut compressor = brotli::CompressorWriter::new(Vec::new(), BUFFER, quality, WINDOW);
    compressor.write_all(content)?;
    Ok(compressor.into_inner())
}

fn media_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

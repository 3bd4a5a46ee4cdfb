//! What a registry answers.

use super::{Blob, Image};
use crate::services::web::status_page;
use sim_core::app::{Answer, Asked, Site};
use sim_core::net::Addr;
use std::sync::Arc;

/// The login server: tokens, manifests, and where layers are.
pub struct LoginServer {
    /// Its name.
    pub host: Arc<str>,
    /// The host that has its layers.
    pub layers: Arc<str>,
}

/// What has the layers: a data endpoint of the registry, or the platform's storage.
pub struct Data;

const JSON: &str = "application/json; charset=utf-8";

/// What a registry tells who is not let in (azure-services 7, Azure/acr issue 633).
fn denied(client: Addr) -> Answer {
    error(
        403,
        "DENIED",
        &format!("client with IP '{client}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."),
    )
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let text = format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"{message}\"}}]}}\n");
    Answer::text(status, text).field("Content-Type", JSON)
}

impl Site for LoginServer {
    /// Rule `registry-denial`: a registry refuses who is not let in after TCP and TLS, with status 403 and the address it
    /// sees. Source: azure-services 7.
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        if asked.admitted.is_err() {
            return denied(asked.peer.0);
        }
        let token = asked.head.get_field("Authorization").is_some();
        match (asked.method(), asked.path()) {
            (_, "/") => status_page("Azure Container Registry"),
            ("POST", "/oauth2/exchange") => tokens("refresh_token", 1100),
            ("GET" | "POST", "/oauth2/token") => tokens("access_token", 900),
            (method, path) if path.starts_with("/v2/") && !token => self.challenge(method, path),
            ("GET", "/v2/") => Answer::text(200, "{}").field("Content-Type", JSON),
            (method, path) => {
                path.strip_prefix("/v2/").and_then(|rest| self.content(method, rest)).unwrap_or_else(not_found)
            }
        }
    }

    fn is_large(&self) -> bool {
        true
    }
}

impl LoginServer {
    /// Asks who it is (azure-services 7).
    fn challenge(&self, method: &str, path: &str) -> Answer {
        let host = &self.host;
        let rest = path.strip_prefix("/v2/").unwrap_or_default();
        let repository = ["/manifests/", "/blobs/"].iter().find_map(|part| rest.split_once(part)).map(|(name, _)| name);
        let scope = repository.map_or(String::new(), |name| {
            let actions = if matches!(method, "GET" | "HEAD") { "pull" } else { "pull,push" };
            format!(",scope=\"repository:{name}:{actions}\"")
        });
        error(
            401,
            "UNAUTHORIZED",
            "authentication required, visit https://aka.ms/acr/authorization for more information.",
        )
        .field("Www-Authenticate", format!("Bearer realm=\"https://{host}/oauth2/token\",service=\"{host}\"{scope}"))
    }

    fn content(&self, method: &str, rest: &str) -> Option<Answer> {
        if let Some((repository, tag)) = rest.split_once("/manifests/") {
            let image = Image { repository: repository.into(), tag: tag.into() };
            return Some(match method {
                "PUT" => Answer::text(201, ""),
                _ => Answer::text(200, manifest(&image))
                    .field("Content-Type", "application/vnd.docker.distribution.manifest.v2+json"),
            });
        }
        let (repository, blob) = rest.split_once("/blobs/")?;
        match (method, blob.strip_prefix("uploads/")) {
            ("POST", Some(_)) => {
                let place = format!("/v2/{repository}/blobs/uploads/6b3c9a93-af5d-473f-a4ff-9710022185cd");
                Some(Answer::text(202, "").field("Location", place))
            }
            ("PUT", Some(_)) => Some(Answer::text(201, "")),
            ("GET", None) => Blob::size_in(blob).map(|_| {
                let digest = blob.trim_start_matches("sha256:");
                let two = digest.get(..2).unwrap_or_default();
                let path =
                    format!("/docker/registry/v2/blobs/sha256/{two}/{digest}/data?se=2026-01-01&sig=x&sp=r&sr=b");
                Answer::text(307, "").field("Location", format!("https://{}{path}", self.layers))
            }),
            _ => None,
        }
    }
}

impl Site for Data {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        if asked.admitted.is_err() {
            return denied(asked.peer.0);
        }
        match (asked.path(), Blob::size_in(asked.path())) {
            ("/", _) => status_page("Azure Container Registry"),
            (_, Some(size)) => Answer::bytes(size).field("Content-Type", "application/octet-stream"),
            _ => not_found(),
        }
    }

    fn is_large(&self) -> bool {
        true
    }
}

fn not_found() -> Answer {
    error(404, "NOT_FOUND", "the requested data does not exist")
}

/// A token of so many characters, which nobody reads.
fn tokens(name: &str, length: usize) -> Answer {
    Answer::text(200, format!("{{\"{name}\":\"{}\"}}", "e".repeat(length))).field("Content-Type", JSON)
}

fn manifest(image: &Image) -> String {
    let part = |kind: &str, blob: &Blob| {
        let Blob { digest, size } = blob;
        let media = format!("application/vnd.docker.{kind}");
        format!("{{\"mediaType\":\"{media}\",\"size\":{size},\"digest\":\"sha256:{digest}\"}}")
    };
    let blobs = image.blobs();
    let (config, layers) = blobs
        .split_first()
        .map_or((String::new(), &[][..]), |(config, layers)| (part("container.image.v1+json", config), layers));
    let layers: Vec<String> = layers.iter().map(|layer| part("image.rootfs.diff.tar.gzip", layer)).collect();
    let layers = layers.join(",");
    let media = "application/vnd.docker.distribution.manifest.v2+json";
    format!("{{\"schemaVersion\":2,\"mediaType\":\"{media}\",\"config\":{config},\"layers\":[{layers}]}}")
}

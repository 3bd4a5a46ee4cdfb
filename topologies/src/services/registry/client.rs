//! What `az acr login` and `docker` ask of a registry, and what they print.

use super::{Blob, Image};
use crate::facts::Date;
use sim_core::app::{Content, Move, NoReply, Reply, Request, Script, reason};
use sim_core::host::{Ending, Socket};
use std::collections::VecDeque;
use std::sync::Arc;

/// What an access token looks like, in length.
const TOKEN: usize = 900;

fn bearer() -> String {
    format!("Bearer {}", "e".repeat(TOKEN))
}

/// From this day on the daemon prints what the service says; before, the status alone (azure-services 11, 18).
const BODIES_PRINTED: &str = "2021-01-01";

fn prints_bodies(date: Date) -> bool {
    BODIES_PRINTED.parse().is_ok_and(|since: Date| date >= since)
}

/// What Docker prints where there was no answer.
fn no_answer(request: &Request, failure: &NoReply, to: Option<Socket>) -> String {
    let why = match failure {
        NoReply::Ended(Ending::TimedOut) => "net/http: request canceled while waiting for connection \
                                             (Client.Timeout exceeded while awaiting headers)"
            .to_owned(),
        other => other.in_go(&request.host, to),
    };
    let method = request.head.method().map_or("Get", |method| if method == "HEAD" { "Head" } else { "Get" });
    format!("Error response from daemon: {method} \"{}\": {why}", request.url())
}

/// The message of an error that a registry sent, or the status where it sent none.
fn message(reply: &Reply) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(&reply.text).ok();
    let first = parsed.as_ref().and_then(|it| it.pointer("/errors/0"));
    let text = |key: &str| first.and_then(|it| it.get(key)).and_then(|it| it.as_str());
    match (text("code"), text("message")) {
        (Some(code), Some(message)) => format!("{}: {message}", code.to_ascii_lowercase()),
        _ => format!("unexpected status: {} {}", reply.status, reason(reply.status)),
    }
}

/// `az acr login`: the challenge, a token of the directory for one of the registry, and Docker's own login with that.
pub struct Login {
    host: Arc<str>,
    date: Date,
    asked: u8,
}

impl Login {
    /// A login at the registry with this host name.
    #[must_use]
    pub fn new(host: Arc<str>, date: Date) -> Self {
        Self { host, date, asked: 0 }
    }

    fn refused(&self, reply: &Reply) -> String {
        let host = &self.host;
        let status = format!("{} {}", reply.status, reason(reply.status));
        // azure-services 7; docker/build-push-action issue 1214.
        let docker = if prints_bodies(self.date) && !reply.text.is_empty() {
            format!("Error response from daemon: Get \"https://{host}/v2/\": denied: {}", reply.text().trim_end())
        } else {
            format!("Error response from daemon: login attempt to https://{host}/v2/ failed with status: {status}")
        };
        if reply.status != 403 {
            return docker;
        }
        let name = host.split('.').next().unwrap_or(host);
        format!(
            "Looks like you don't have access to registry '{host}'. To see configured firewall rules, run 'az acr show \
             --query networkRuleSet --name {name}'.\n{docker}"
        )
    }
}

impl Script for Login {
    fn next(&mut self, last: Option<&Reply>) -> Move {
        if let Some(reply) = last
            && reply.status != if self.asked == 1 { 401 } else { 200 }
        {
            return Move::Refused(self.refused(reply));
        }
        self.asked += 1;
        let host = self.host.clone();
        match self.asked {
            1 => Move::Ask(Request::new("GET", host, "/v2/")),
            2 => {
                let form = format!("grant_type=access_token&service={host}&access_token={}", "e".repeat(1500));
                let request = Request::new("POST", host, "/oauth2/exchange");
                let request = request.field("Content-Type", "application/x-www-form-urlencoded");
                Move::Ask(request.with(Content::Text(form.into())))
            }
            3 => Move::Ask(Request::new("GET", host, "/v2/").field("Authorization", &bearer())),
            _ => Move::Done("Login Succeeded".to_owned()),
        }
    }

    fn failed(&self, request: &Request, failure: &NoReply, to: Option<Socket>) -> String {
        let docker = no_answer(request, failure, to);
        let host = &self.host;
        format!(
            "Could not connect to the registry login server '{host}'. Please verify that the registry exists and the URL \
             'https://{host}/v2/' is reachable from your environment.\n{docker}"
        )
    }
}

/// `docker pull`: the challenge, a token, the manifest, then each blob from where the registry sends for it.
pub struct Pull {
    host: Arc<str>,
    image: Image,
    phase: Pulling,
    /// The blobs to come, configuration first.
    blobs: VecDeque<Blob>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pulling {
    Start,
    Challenge,
    Token,
    Manifest,
    /// A blob was asked for at the registry.
    Blob,
    /// And then where it is.
    Content,
}

impl Pull {
    /// A pull of an image from the registry with this host name.
    #[must_use]
    pub fn new(host: Arc<str>, image: Image) -> Self {
        Self { host, image, phase: Pulling::Start, blobs: VecDeque::new() }
    }

    fn get(&mut self, phase: Pulling, target: &str) -> Move {
        self.phase = phase;
        let request = Request::new("GET", self.host.clone(), target);
        let token = matches!(phase, Pulling::Manifest | Pulling::Blob);
        Move::Ask(if token { request.field("Authorization", &bearer()) } else { request })
    }

    fn next_blob(&mut self) -> Move {
        let Some(blob) = self.blobs.front() else { return Move::Done(self.pulled()) };
        let target = format!("/v2/{}/blobs/sha256:{}", self.image.repository, blob.digest);
        self.get(Pulling::Blob, &target)
    }

    fn pulled(&self) -> String {
        let Self { host, image, .. } = self;
        let mut text = format!("{}: Pulling from {}\n", image.tag, image.repository);
        for layer in image.blobs().iter().skip(1) {
            text.push_str(&format!("{}: Pull complete\n", &layer.digest[52..]));
        }
        text.push_str(&format!("Status: Downloaded newer image for {host}/{image}\n{host}/{image}"));
        if &*image.repository == "hello-world" {
            text.push_str(
                "\n\nHello from Docker!\nThis message shows that your installation appears to be working correctly.",
            );
        }
        text
    }

    /// What the daemon prints of an answer that is none it can use.
    fn refused(&self, reply: &Reply) -> String {
        let Self { host, image, .. } = self;
        let why = message(reply);
        match self.phase {
            Pulling::Blob | Pulling::Content => {
                format!("error pulling image configuration: download failed after attempts=1: {why}")
            }
            Pulling::Manifest => {
                let Image { repository, tag } = image;
                format!("Error response from daemon: Head \"https://{host}/v2/{repository}/manifests/{tag}\": {why}")
            }
            _ => format!("Error response from daemon: Get \"https://{host}/v2/\": {why}"),
        }
    }
}

impl Script for Pull {
    fn next(&mut self, last: Option<&Reply>) -> Move {
        let Some(reply) = last else { return self.get(Pulling::Challenge, "/v2/") };
        let Image { repository, tag } = self.image.clone();
        match (self.phase, reply.status) {
            (Pulling::Challenge, 401) => {
                let target = format!("/oauth2/token?scope=repository:{repository}:pull&service={}", self.host);
                self.get(Pulling::Token, &target)
            }
            (Pulling::Token, 200) => self.get(Pulling::Manifest, &format!("/v2/{repository}/manifests/{tag}")),
            (Pulling::Manifest, 200) => {
                self.blobs = self.image.blobs().into();
                self.next_blob()
            }
            (Pulling::Blob, 307) => {
                let Some((host, target)) = reply.head.get_field("Location").and_then(split_url) else {
                    return Move::Refused(self.refused(reply));
                };
                self.phase = Pulling::Content;
                Move::Ask(Request::new("GET", host, target))
            }
            (Pulling::Content, 200) => {
                self.blobs.pop_front();
                self.next_blob()
            }
            _ => Move::Refused(self.refused(reply)),
        }
    }

    fn failed(&self, request: &Request, failure: &NoReply, to: Option<Socket>) -> String {
        match self.phase {
            Pulling::Content => {
                let why = failure.in_go(&request.host, to);
                format!("error pulling image configuration: download failed after attempts=6: {why}")
            }
            _ => no_answer(request, failure, to),
        }
    }
}

/// The host and the path of an `https` URL.
fn split_url(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://")?;
    rest.find('/').map(|at| rest.split_at(at))
}

/// `docker push`: the challenge, a token, each blob by its upload, then the manifest. All of it goes to the login server.
pub struct Push {
    host: Arc<str>,
    image: Image,
    phase: Pushing,
    blobs: VecDeque<Blob>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pushing {
    Start,
    Challenge,
    Token,
    /// An upload was begun.
    Begun,
    /// And its content sent.
    Sent,
    Manifest,
}

impl Push {
    /// A push of an image to the registry with this host name.
    #[must_use]
    pub fn new(host: Arc<str>, image: Image) -> Self {
        let blobs = image.blobs().into();
        Self { host, image, phase: Pushing::Start, blobs }
    }

    fn ask(&mut self, phase: Pushing, method: &str, target: &str, content: Content) -> Move {
        self.phase = phase;
        let request = Request::new(method, self.host.clone(), target).with(content);
        let token = !matches!(phase, Pushing::Challenge | Pushing::Token);
        Move::Ask(if token { request.field("Authorization", &bearer()) } else { request })
    }

    fn begin(&mut self) -> Move {
        let Image { repository, tag } = self.image.clone();
        if self.blobs.is_empty() {
            let target = format!("/v2/{repository}/manifests/{tag}");
            return self.ask(Pushing::Manifest, "PUT", &target, Content::Bytes(700));
        }
        self.ask(Pushing::Begun, "POST", &format!("/v2/{repository}/blobs/uploads/"), Content::Bytes(0))
    }
}

impl Script for Push {
    fn next(&mut self, last: Option<&Reply>) -> Move {
        let Some(reply) = last else { return self.ask(Pushing::Challenge, "GET", "/v2/", Content::Bytes(0)) };
        match (self.phase, reply.status) {
            (Pushing::Challenge, 401) => {
                let scope = format!("repository:{}:pull,push", self.image.repository);
                let target = format!("/oauth2/token?scope={scope}&service={}", self.host);
                self.ask(Pushing::Token, "GET", &target, Content::Bytes(0))
            }
            (Pushing::Token, 200) => self.begin(),
            (Pushing::Begun, 202) => {
                let place = reply.head.get_field("Location").unwrap_or("/").to_owned();
                let (digest, size) =
                    self.blobs.front().map_or((String::new(), 0), |blob| (blob.digest.clone(), blob.size));
                self.ask(Pushing::Sent, "PUT", &format!("{place}?digest=sha256:{digest}"), Content::Bytes(size))
            }
            (Pushing::Sent, 201) => {
                self.blobs.pop_front();
                self.begin()
            }
            (Pushing::Manifest, 201) => {
                let Self { host, image, .. } = self;
                Move::Done(format!(
                    "The push refers to repository [{host}/{}]\n{}: pushed",
                    image.repository, image.tag
                ))
            }
            _ => Move::Refused(message(reply)),
        }
    }

    fn failed(&self, request: &Request, failure: &NoReply, to: Option<Socket>) -> String {
        no_answer(request, failure, to)
    }
}

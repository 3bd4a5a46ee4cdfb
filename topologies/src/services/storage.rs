//! Azure Storage's data plane: blobs over HTTPS, file shares over SMB, and what is said to who is kept out
//! (azure-services 8.5).

use super::web::status_page;
use sim_core::app::{Answer, Asked, Content, Move, NoReply, Reply, Request, Script, Site};
use sim_core::host::Socket;
use std::sync::Arc;

/// Its type.
pub const RESOURCE_TYPE: &str = "Microsoft.Storage/storageAccounts";

/// What a blob of the model holds, bytes.
pub const BLOB: u64 = 4096;

/// A storage account's front for blobs, tables, queues or the web.
pub struct Account;

impl Site for Account {
    /// Rule `storage-denial`: a storage account refuses who is not let in with status 403 and code `AuthorizationNoReply`,
    /// without a word of the address. Source: azure-services 8.5.
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        if asked.admitted.is_err() {
            return error(403, "AuthorizationNoReply", "This request is not authorized to perform this operation.");
        }
        let token = asked.head.get_field("Authorization").is_some() || asked.head.target().is_some_and(is_signed);
        match (asked.method(), asked.path()) {
            (_, "/") => status_page("Azure Storage"),
            _ if !token => {
                let text = "Server failed to authenticate the request. Please refer to the information in the \
                            www-authenticate header.";
                error(401, "NoAuthenticationInformation", text).field(
                    "WWW-Authenticate",
                    "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize \
                     resource_id=https://storage.azure.com",
                )
            }
            ("PUT", _) => Answer::text(201, ""),
            ("GET", _) => Answer::bytes(BLOB).field("x-ms-blob-type", "BlockBlob"),
            _ => error(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb."),
        }
    }

    fn is_large(&self) -> bool {
        true
    }
}

/// Whether a shared access signature is in what is asked for.
fn is_signed(target: &str) -> bool {
    target.contains("sig=")
}

fn error(status: u16, code: &'static str, message: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::text(status, text).field("Content-Type", "application/xml").field("x-ms-error-code", code)
}

/// A blob got or put, with a token of the directory.
pub struct BlobClient {
    host: Arc<str>,
    path: Arc<str>,
    /// How much is put; without, it is got.
    put: Option<u64>,
    asked: bool,
}

impl BlobClient {
    /// Gets `container/blob` of the account with this host name.
    #[must_use]
    pub fn get(host: Arc<str>, path: Arc<str>) -> Self {
        Self { host, path, put: None, asked: false }
    }

    /// Puts so many bytes there.
    #[must_use]
    pub fn put(host: Arc<str>, path: Arc<str>, bytes: u64) -> Self {
        Self { put: Some(bytes), ..Self::get(host, path) }
    }
}

impl Script for BlobClient {
    fn next(&mut self, last: Option<&Reply>) -> Move {
        if !self.asked {
            self.asked = true;
            let target = format!("/{}", self.path.trim_start_matches('/'));
            let method = if self.put.is_some() { "PUT" } else { "GET" };
            let token = format!("Bearer {}", "e".repeat(1500));
            let request = Request::new(method, self.host.clone(), &target).field("x-ms-version", "2023-11-03");
            let request = request.field("Authorization", &token).with(Content::Bytes(self.put.unwrap_or(0)));
            return Move::Ask(request);
        }
        match last {
            Some(reply) if matches!(reply.status, 200 | 201) => {
                let bytes = self.put.unwrap_or(reply.bytes);
                Move::Done(format!("{}: {bytes} bytes {}", self.path, if self.put.is_some() { "put" } else { "got" }))
            }
            Some(reply) => {
                let text = reply.text();
                let within = |tag: &str| {
                    let rest = text.split_once(&format!("<{tag}>"))?.1;
                    Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
                };
                let (message, code) = (within("Message").unwrap_or_default(), within("Code").unwrap_or_default());
                Move::Refused(format!("{message}\nErrorCode:{code}"))
            }
            None => Move::Refused(String::new()),
        }
    }

    fn failed(&self, request: &Request, failure: &NoReply, to: Option<Socket>) -> String {
        let method = request.head.method().unwrap_or_default();
        format!("{method} {}: {}", request.url(), failure.in_go(&request.host, to))
    }
}

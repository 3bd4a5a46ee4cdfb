//! Azure Key Vault's data plane: a secret got, and what is said to who is kept out (azure-services 8.5).

use super::web::{error, status_page};
use sim_core::app::{Answer, Asked, Move, NoReply, Reply, Request, Script, Site};
use sim_core::host::Socket;
use sim_core::stage::guard::Denied;
use std::sync::Arc;

/// Its type.
pub const RESOURCE_TYPE: &str = "Microsoft.KeyVault/vaults";

/// A vault.
pub struct Vault {
    /// Its name.
    pub name: Arc<str>,
    /// Its region.
    pub region: Arc<str>,
}

/// Who asks, as a vault names it: the model knows no callers.
const CALLER: &str = "appid=00000000-0000-0000-0000-000000000000;oid=00000000-0000-0000-0000-000000000000;\
                      iss=https://sts.windows.net/00000000-0000-0000-0000-000000000000/";

impl Site for Vault {
    /// Rule `vault-denial`: a vault refuses who is not let in with status 403, code `Forbidden`, the address it sees and its
    /// own name and region; where it is not public it says that instead of the address. Source: azure-services 8.5.
    // Both texts as they were seen: Azure/secrets-store-csi-driver-provider-azure issue 873,
    // hashicorp/terraform-provider-azurerm issue 20742.
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        let Self { name, region } = self;
        let whose = format!("Caller: {CALLER}\r\nVault: {name};location={region}");
        match asked.admitted {
            Err(Denied::NotPublic(_)) => {
                let text = "Public network access is disabled and request is not from a trusted service nor via an approved \
                            private link.";
                error(403, "Forbidden", &format!("{text}\r\n{whose}"), "ForbiddenByConnection")
            }
            Err(Denied::NotListed(_)) => {
                let text = "Client address is not authorized and caller is not a trusted service.";
                let client = asked.peer.0;
                error(
                    403,
                    "Forbidden",
                    &format!("{text}\r\nClient address: {client}\r\n{whose}"),
                    "ForbiddenByFirewall",
                )
            }
            Ok(_) if asked.path() == "/" => status_page("Azure Key Vault"),
            Ok(_) if asked.head.get_field("Authorization").is_none() => {
                let tenant = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000";
                let challenge = format!("Bearer authorization=\"{tenant}\", resource=\"https://vault.azure.net\"");
                error(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.", "")
                    .field("WWW-Authenticate", challenge)
            }
            Ok(_) => match asked.path().strip_prefix("/secrets/") {
                Some(secret) => {
                    let id = format!("https://{}/secrets/{secret}", asked.host());
                    let body = serde_json::json!({ "value": "*****", "id": id, "attributes": { "enabled": true } });
                    Answer::text(200, body.to_string()).field("Content-Type", "application/json")
                }
                None => error(404, "NotFound", "The path is not of the model.", ""),
            },
        }
    }

    fn is_large(&self) -> bool {
        false
    }
}

/// `az keyvault secret show`: the challenge, then the secret with a token of the directory.
pub struct SecretGet {
    host: Arc<str>,
    secret: Arc<str>,
    asked: u8,
}

impl SecretGet {
    /// Gets a secret of the vault with this host name.
    #[must_use]
    pub fn new(host: Arc<str>, secret: Arc<str>) -> Self {
        Self { host, secret, asked: 0 }
    }
}

impl Script for SecretGet {
    fn next(&mut self, last: Option<&Reply>) -> Move {
        let target = format!("/secrets/{}?api-version=7.4", self.secret);
        let request = || Request::new("GET", self.host.clone(), &target);
        match (self.asked, last) {
            (0, _) => {
                let request = request();
                self.asked = 1;
                Move::Ask(request)
            }
            (1, Some(reply)) if reply.status == 401 => {
                let token = format!("Bearer {}", "e".repeat(1500));
                let request = request().field("Authorization", &token);
                self.asked = 2;
                Move::Ask(request)
            }
            (_, Some(reply)) if reply.status == 200 => Move::Done(format!("{}: *****", self.secret)),
            (_, Some(reply)) => Move::Refused(refusal(reply)),
            (_, None) => Move::Refused(String::new()),
        }
    }

    fn failed(&self, request: &Request, failure: &NoReply, to: Option<Socket>) -> String {
        format!("GET {}: {}", request.url(), failure.in_go(&request.host, to))
    }
}

/// As the command line prints an error: its code and its message.
fn refusal(reply: &Reply) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(&reply.text).ok();
    let text = |key: &str| parsed.as_ref().and_then(|it| it["error"][key].as_str()).unwrap_or_default().to_owned();
    let inner = parsed.as_ref().and_then(|it| it.pointer("/error/innererror/code")).and_then(|it| it.as_str());
    let inner = inner.map_or(String::new(), |inner| format!("\nInner error: {inner}"));
    format!("({}) {}{inner}", text("code"), text("message"))
}

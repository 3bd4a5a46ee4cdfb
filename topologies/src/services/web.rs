//! What any managed service over HTTPS says, where nothing more is known of it; and what they have in common.

use sim_core::app::{Answer, Asked, Site};
use sim_core::stage::guard::Denied;

/// A service of which only its firewall is known.
pub struct Generic;

const JSON: &str = "application/json";

impl Site for Generic {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        match asked.admitted {
            Ok(_) => status_page("Azure"),
            Err(denied) => {
                let (code, message) = match denied {
                    Denied::NotPublic(_) => ("PublicNetworkAccessDisabled", "Public network access is disabled."),
                    Denied::NotListed(_) => ("Forbidden", "Access is denied by the network rules of the resource."),
                };
                error(403, code, &format!("{message} Client address: {}", asked.peer.0), "")
            }
        }
    }

    fn is_large(&self) -> bool {
        false
    }
}

/// What every front says to who asks for nothing in particular: that it takes requests.
pub(super) fn status_page(what: &str) -> Answer {
    Answer::text(200, format!("{what}\n")).field("Content-Type", "text/plain")
}

/// An error as most of Azure's services say it.
pub(super) fn error(status: u16, code: &str, message: &str, inner: &str) -> Answer {
    let mut body = serde_json::json!({ "error": { "code": code, "message": message } });
    if !inner.is_empty() {
        body["error"]["innererror"] = serde_json::json!({ "code": inner });
    }
    Answer::text(status, body.to_string()).field("Content-Type", JSON)
}

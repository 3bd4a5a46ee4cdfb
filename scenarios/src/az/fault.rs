//! Why a question gets no answer.

use serde_json::{Value, json};
use thiserror::Error;

/// Why a question gets no answer: by Azure's own refusal, or by the limits of this program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Azure would refuse it, with this status, code and message.
    #[error("({code}) {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Azure's code.
        code: &'static str,
        /// What Azure says, as far as its text is known.
        message: String,
    },
    /// The question is not one that is answered here, or cannot be read.
    #[error("{message}")]
    Question {
        /// What is wrong with it.
        message: String,
        /// How to mend it.
        help: String,
    },
    /// Azure would answer; the model does not hold what the answer needs.
    #[error("{what} is not modelled")]
    NotModelled {
        /// What is missing.
        what: String,
    },
}

impl Fault {
    /// A question that cannot be read.
    pub(super) fn question(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Question { message: message.into(), help: help.into() }
    }

    /// A resource that the input does not hold, in the words of Azure's resource manager.
    pub(super) fn not_found(resource_type: &str, name: &str, group: &str) -> Self {
        let message = format!(
            "The Resource '{resource_type}/{name}' under resource group '{group}' was not found. For more details please \
             go to https://aka.ms/ARMResourceNotFoundFix"
        );
        Self::Refused { status: 404, code: "ResourceNotFound", message }
    }

    /// What a resource id names, not found.
    pub(super) fn missing(id: &str) -> Self {
        let parts: Vec<&str> = id.trim_matches('/').split('/').collect();
        let after = |word: &str| {
            let at = parts.iter().position(|part| part.eq_ignore_ascii_case(word))?;
            Some(at + 1)
        };
        let group = after("resourceGroups").and_then(|at| parts.get(at)).copied().unwrap_or_default();
        match after("providers").and_then(|at| parts.get(at..)) {
            Some([provider, rest @ ..]) if rest.len() >= 2 => {
                let kinds = rest.iter().step_by(2).copied().collect::<Vec<_>>().join("/");
                let names = rest.iter().skip(1).step_by(2).copied().collect::<Vec<_>>().join("/");
                Self::not_found(&format!("{provider}/{kinds}"), &names, group)
            }
            _ => Self::question(
                format!("`{id}` is no resource id"),
                "a resource id has the form /subscriptions/S/resourceGroups/G/providers/Microsoft.X/type/name",
            ),
        }
    }

    /// The HTTP status that an answer of Azure would have.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } => *status,
            Self::Question { .. } => 400,
            Self::NotModelled { .. } => 501,
        }
    }

    /// The body of the answer, in the form of Azure's errors.
    #[must_use]
    pub fn body(&self) -> Value {
        let code = match self {
            Self::Refused { code, .. } => code,
            Self::Question { .. } => "InvalidRequestFormat",
            Self::NotModelled { .. } => "NotModelled",
        };
        let message = match self {
            Self::Refused { message, .. } => message.clone(),
            other => other.to_string(),
        };
        json!({"error": {"code": code, "message": message, "details": []}})
    }

    /// How to mend the question.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Refused { status: 404, .. } => {
                "the input has to hold this resource; `vnetsim check INPUT` shows what was read".to_owned()
            }
            Self::Refused { .. } => "Azure would answer the same; change the question or the input".to_owned(),
            Self::Question { help, .. } => help.clone(),
            Self::NotModelled { .. } => "LIMITATIONS.md lists what is left out".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: types and names of a child resource mixed up in Azure's message, an id without a provider that panics.
    #[test]
    fn what_is_missing_is_named_as_azure_does() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a";
        let text = Fault::missing(id).to_string();
        let expected = "(ResourceNotFound) The Resource 'Microsoft.Network/virtualNetworks/subnets/v/a' under resource \
                        group 'g' was not found.";
        assert!(text.starts_with(expected), "{text}");
        for strange in ["", "vm1", "/providers/", "/providers/x", "/subscriptions/s/providers/x/y"] {
            assert_eq!(Fault::missing(strange).status(), 400, "{strange}");
        }
    }
}

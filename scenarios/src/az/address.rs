//! Addresses of Azure's REST interface: which operation on which resource, in which version of the API.

use super::Fault;

/// What an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The id of the resource asked, without the operation: `/subscriptions/.../virtualNetworks/v`.
    pub resource: String,
    /// Its type within the provider, in lower case: `loadbalancers/backendaddresspools`.
    pub kind: String,
    /// The operation, in lower case: `ipflowverify`.
    pub operation: String,
    /// The version of the API: `2022-01-01`.
    pub version: String,
    /// The other words after the question mark.
    query: Vec<(String, String)>,
}

/// Longest address that is read, in bytes.
const LONGEST: usize = 8192;

impl Address {
    /// Takes an address apart: with or without `https://management.azure.com` in front, in any letter case.
    ///
    /// # Errors
    /// For what is no operation on a resource of a group, or does not say the version.
    pub fn parse(uri: &str) -> Result<Self, Fault> {
        let strange = |message: String| Fault::question(message, HELP);
        if uri.len() > LONGEST {
            return Err(strange(format!("an address of {} bytes is longer than any of Azure's", uri.len())));
        }
        let (path, query) = uri.trim().split_once('?').unwrap_or((uri.trim(), ""));
        let path = match path.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
            None => path,
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let [subscriptions, _, groups, _, providers, _, rest @ ..] = parts.as_slice() else {
            return Err(strange(format!("`{path}` names no operation on a resource")));
        };
        let scoped = subscriptions.eq_ignore_ascii_case("subscriptions")
            && groups.eq_ignore_ascii_case("resourceGroups")
            && providers.eq_ignore_ascii_case("providers");
        let Some((operation, resource)) = rest.split_last().filter(|(_, names)| scoped && names.len() >= 2) else {
            return Err(strange(format!("`{path}` names no operation on a resource")));
        };
        if resource.len() % 2 != 0 {
            return Err(strange(format!("`{path}` names a resource and no operation on it")));
        }
        let query: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_ascii_lowercase(), decoded(value)))
            .collect();
        let version = query.iter().find(|(key, _)| key == "api-version").map(|(_, value)| value.clone());
        let version = version.ok_or_else(|| Fault::Refused {
            status: 400,
            code: "MissingApiVersionParameter",
            message: "The api-version query parameter (?api-version=) is required for all requests.".to_owned(),
        })?;
        Ok(Self {
            resource: format!("/{}", parts[..parts.len() - 1].join("/")),
            kind: resource.iter().step_by(2).copied().collect::<Vec<_>>().join("/").to_ascii_lowercase(),
            operation: operation.to_ascii_lowercase(),
            version,
            query,
        })
    }

    /// A word after the question mark.
    ///
    /// # Errors
    /// When it is not there.
    pub fn query(&self, key: &str) -> Result<&str, Fault> {
        let found = self.query.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str()).ok_or_else(|| {
            Fault::question(format!("the address does not say `{key}`"), format!("add &{key}=... to the address"))
        })
    }

    /// The resource group of the resource.
    #[must_use]
    pub fn group(&self) -> &str {
        self.resource.split('/').nth(4).unwrap_or_default()
    }
}

const HELP: &str = "an address looks like /subscriptions/S/resourceGroups/G/providers/Microsoft.Network/networkWatchers/W/\
                    ipFlowVerify?api-version=2022-01-01";

/// Percent-encoded text in clear; what is not encoded properly stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        match tail {
            [high, low, after @ ..] if *first == b'%' && hex(high).is_some() && hex(low).is_some() => {
                let value = hex(high).unwrap_or_default() * 16 + hex(low).unwrap_or_default();
                bytes.push(value.to_le_bytes()[0]);
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a host taken for part of the path, letter case that counts, a child resource cut in two, the operation
    /// left in the resource's id.
    #[test]
    fn addresses_are_taken_apart() {
        let path =
            "/subscriptions/s/resourceGroups/G/providers/Microsoft.Network/loadBalancers/l/backendAddressPools/p/Query";
        for host in ["https://management.azure.com", "http://localhost:1234", ""] {
            let found =
                Address::parse(&format!("{host}{path}?ipAddress=10.0.0.4%2F32&API-version=2020-01-01")).unwrap();
            assert_eq!(found.kind, "loadbalancers/backendaddresspools");
            assert_eq!((found.operation.as_str(), found.group()), ("query", "G"));
            assert_eq!(found.resource, path.trim_end_matches("/Query"));
            assert_eq!((found.version.as_str(), found.query("ipaddress").unwrap()), ("2020-01-01", "10.0.0.4/32"));
        }
    }

    /// Catches: panics on strange addresses; a version that is made up where Azure asks for it.
    #[test]
    fn strange_addresses_are_refused() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkWatchers/w";
        for strange in ["", "?", "://", "https://x", "/subscriptions", id, "/a/b/c/d/e/f/g/h/i?api-version=1"] {
            assert_eq!(Address::parse(strange).unwrap_err().status(), 400, "{strange}");
        }
        let refused = Address::parse(&format!("{id}/nextHop")).unwrap_err();
        assert_eq!(refused.body()["error"]["code"], "MissingApiVersionParameter");
        assert!(Address::parse(&"/".repeat(LONGEST + 1)).is_err());
        assert_eq!((decoded("%"), decoded("%zz"), decoded("%ff")), ("%".into(), "%zz".into(), "%ff".into()));
    }
}

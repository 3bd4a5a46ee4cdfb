//! Keeps secrets out of every output.
//!
//! A secret is the value of a secure parameter, and what stands under a name, or in a form, that only secrets have. In
//! evaluated resources a placeholder takes its place before anybody looks at them; in the kept text of the files, from which
//! snippets are taken, each of its characters is covered; in messages its text is.

use crate::arm::Assumption;
use crate::azure::RawResource;
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Member, Value};
use crate::source::Sources;
use sim_core::source::Span;
use std::collections::BTreeSet;

/// What stands for a secret that was found by its name.
pub(crate) const REDACTED: &str = "<redacted>";
/// Shorter texts are covered where they stand, and not looked for in messages: they are part of too many words.
const SHORTEST: usize = 4;
/// The same for other values of resources. In ids nothing is looked for, so that references hold.
const SHORTEST_ELSEWHERE: usize = 8;
/// Most texts that are looked for: each is compared with everything. Secure parameters do without, they are never evaluated.
const MAX_TEXTS: usize = 200;

/// Names that only secrets have, in lower case and without underscores: `admin_password` and `adminPassword` are one.
const NAMES: [&str; 5] = ["token", "accesstoken", "refreshtoken", "keydata64", "pfxblob"];
/// Ends of such names.
const ENDS: [&str; 26] = [
    "password",
    "pwd",
    "passphrase",
    "secret",
    "secretvalue",
    "securevalue",
    "connectionstring",
    "customdata",
    "userdata",
    "protectedsettings",
    "sastoken",
    "kubeconfigraw",
    "privatekey",
    "privatekeypem",
    "accesskey",
    "accountkey",
    "adminkey",
    "apikey",
    "authorizationkey",
    "clientkey",
    "instrumentationkey",
    "masterkey",
    "primarykey",
    "secondarykey",
    "servicekey",
    "sharedkey",
];
/// The last two letters of all of these.
const LAST: [&[u8; 2]; 14] =
    [b"rd", b"wd", b"se", b"ue", b"et", b"ng", b"ey", b"ta", b"gs", b"64", b"ob", b"en", b"em", b"aw"];
/// Parts of texts that hold a secret wherever they stand, in lower case.
const SIGNS: [&str; 7] =
    ["accountkey=", "sharedaccesskey=", "sharedaccesssignature=", "password=", "pwd=", "private key-----", "&sig="];

/// The secrets of an input.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    places: Vec<Span>,
    texts: BTreeSet<String>,
}

impl Secrets {
    /// Notes every secret that a file holds by itself: under a secret's name, in a secret's form, or as the default of a
    /// secure parameter. In a template it may be `carried` elsewhere.
    pub(crate) fn find(&mut self, value: &Value, carried: bool) {
        match &value.data {
            Data::Array(items) => items.iter().for_each(|item| self.find(item, carried)),
            Data::Object(members) => {
                let secure = is_secure(value);
                for member in members {
                    if holds(member, members) || secure && member.key.eq_ignore_ascii_case("defaultValue") {
                        self.note(&member.value, carried);
                    } else {
                        self.find(&member.value, carried);
                    }
                }
            }
            Data::String(text) if holds_secret(text) => self.note(value, carried),
            _ => {}
        }
    }

    /// Notes a value, with all that is in it.
    pub(crate) fn note(&mut self, value: &Value, carried: bool) {
        match &value.data {
            Data::Array(items) => items.iter().for_each(|item| self.note(item, carried)),
            Data::Object(members) => members.iter().for_each(|member| self.note(&member.value, carried)),
            Data::String(text) if is_open(text) => {}
            Data::String(text) => {
                self.places.push(value.span);
                if carried {
                    self.note_text(text);
                }
            }
            Data::Number(_) => self.places.push(value.span),
            _ => {}
        }
    }

    /// Notes the text itself; of an expression, what it says in quotes.
    fn note_text(&mut self, text: &str) {
        let quoted = text.split('\'').skip(1).step_by(2);
        let whole = Some(text).filter(|text| !is_expression(text));
        let all = whole.into_iter().chain(quoted.filter(|_| whole.is_none()));
        let room = MAX_TEXTS.saturating_sub(self.texts.len());
        self.texts.extend(all.filter(|text| text.len() >= SHORTEST).take(room).map(str::to_owned));
    }

    /// Covers what was noted in the kept text of the files.
    pub(crate) fn cover(&self, sources: &mut Sources) {
        sources.cover(&self.places);
    }

    /// Takes secrets out of a resource.
    pub(crate) fn redact(&self, raw: &mut RawResource) {
        self.redact_value(&mut raw.body);
    }

    fn redact_value(&self, value: &mut Value) {
        match &mut value.data {
            Data::Array(items) => items.iter_mut().for_each(|item| self.redact_value(item)),
            Data::Object(members) => {
                for at in 0..members.len() {
                    let secret = holds(&members[at], members);
                    let value = &mut members[at].value;
                    if secret { hide(value, REDACTED) } else { self.redact_value(value) }
                }
            }
            Data::String(text) if holds_secret(text) => *text = REDACTED.to_owned(),
            Data::String(text) if !text.starts_with('/') => {
                if let Some(clean) = self.without(text, SHORTEST_ELSEWHERE) {
                    *text = clean;
                }
            }
            _ => {}
        }
    }

    /// Takes secrets out of messages.
    pub(crate) fn clean(&self, diagnostics: &mut [Diagnostic], assumptions: &mut [Assumption]) {
        let clean = |text: &mut String| {
            if let Some(clean) = self.without(text, SHORTEST) {
                *text = clean;
            }
        };
        for diagnostic in diagnostics {
            clean(&mut diagnostic.message);
            diagnostic.notes.iter_mut().for_each(|(_, note)| clean(note));
            diagnostic.help.iter_mut().for_each(clean);
        }
        for assumption in assumptions {
            clean(&mut assumption.text);
        }
    }

    /// The text without secrets of this length; `None` if it has none.
    fn without(&self, text: &str, shortest: usize) -> Option<String> {
        let is_met = |secret: &&String| secret.len() >= shortest && text.contains(secret.as_str());
        // The longest first: one secret may be part of another.
        let mut met: Vec<&String> = self.texts.iter().filter(is_met).collect();
        if met.is_empty() {
            return None;
        }
        met.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Some(met.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), REDACTED)))
    }
}

/// Whether this declares a secure parameter.
pub(crate) fn is_secure(declaration: &Value) -> bool {
    let kind = declaration.get("type").and_then(Value::as_str).unwrap_or_default();
    ["securestring", "secureobject"].iter().any(|secure| kind.eq_ignore_ascii_case(secure))
}

/// Puts a placeholder for every text in a value. An empty text hides nothing, and templates ask for it.
pub(crate) fn hide(value: &mut Value, placeholder: &str) {
    match &mut value.data {
        Data::Array(items) => items.iter_mut().for_each(|item| hide(item, placeholder)),
        Data::Object(members) => members.iter_mut().for_each(|member| hide(&mut member.value, placeholder)),
        Data::String(text) if !text.is_empty() && !is_placeholder(text) => *text = placeholder.to_owned(),
        _ => {}
    }
}

/// Whether only secrets have this name: of a member of a resource, an attribute of Terraform's, a parameter.
pub(crate) fn is_secret(name: &str) -> bool {
    // Cheap first, for every member of every resource is asked.
    let mut last = letters(name);
    let (Some(b), Some(a)) = (last.next(), last.next()) else { return false };
    LAST.contains(&&[a, b])
        && (ENDS.iter().any(|end| rest_of(name, end).is_some())
            || NAMES.iter().any(|whole| rest_of(name, whole).is_some_and(|mut rest| rest.next().is_none())))
}

/// The letters of a name from its last to its first, in lower case and without underscores.
fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().rev().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
}

/// What is before an end of a name; `None` if it has another.
fn rest_of(name: &str, end: &str) -> Option<impl Iterator<Item = u8>> {
    let mut name = letters(name);
    end.bytes().rev().all(|byte| name.next() == Some(byte)).then_some(name)
}

/// Whether a member holds a secret: by its name, or as the value of a key that stands beside it, as `listKeys()` answers.
fn holds(member: &Member, beside: &[Member]) -> bool {
    let of_key = || beside.iter().any(|other| other.key.eq_ignore_ascii_case("keyName"));
    is_secret(&member.key) || member.key.eq_ignore_ascii_case("value") && of_key()
}

fn holds_secret(text: &str) -> bool {
    // Cheap first, for every text of every resource is asked.
    let bytes = text.as_bytes();
    let may = bytes.contains(&b'=') || bytes.contains(&b' ') && text.contains("-----");
    let lower = if may { text.to_ascii_lowercase() } else { return false };
    SIGNS.iter().any(|sign| lower.contains(sign)) && !is_expression(text)
}

/// Whether a text says nothing itself: empty, a placeholder, or an expression that only names where the secret is.
fn is_open(text: &str) -> bool {
    let names_only = || {
        let mut rest = text.to_owned();
        for function in ["parameters(", "variables(", "reference(", "resourceId("] {
            while let Some((before, after)) = rest.split_once(function) {
                let Some((_, after)) = after.split_once(')') else { return false };
                rest = format!("{before}{after}");
            }
        }
        !rest.contains('\'')
    };
    text.is_empty() || is_placeholder(text) || is_expression(text) && names_only()
}

fn is_expression(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[")
}

fn is_placeholder(text: &str) -> bool {
    ["<redacted>", "<secret ", "<list", "<reference("].iter().any(|start| text.starts_with(start))
        && text.ends_with('>')
}

/// The places of all texts in quotes that are no keys, in a file that cannot be read: nobody knows which are secret.
pub(crate) fn quoted(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut at, mut found) = (0, Vec::new());
    while let Some(quote) = bytes.get(at).copied() {
        at += 1;
        if quote != b'"' && quote != b'\'' {
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| *byte != quote && *byte != b'\n') {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        let end = at.min(bytes.len());
        at = end + 1;
        let next = bytes.get(at..).unwrap_or_default().iter().find(|byte| !byte.is_ascii_whitespace());
        if next != Some(&b':') {
            found.push((start, end));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::source::FileId;

    /// Catches: a name of Azure's that is known and the same name of Terraform's that is not, or the other way round; one
    /// that the cheap question rules out though it is in the lists; names that every network has taken for secrets.
    #[test]
    fn names_of_secrets_are_known_in_both_spellings() {
        for (azure, terraform) in [
            ("adminPassword", "admin_password"),
            ("sqlPwd", "sql_pwd"),
            ("sshPassphrase", "ssh_passphrase"),
            ("clientSecret", "client_secret"),
            ("secretValue", "secret_value"),
            ("secureValue", "secure_value"),
            ("primaryConnectionString", "primary_connection_string"),
            ("customData", "custom_data"),
            ("userData", "user_data"),
            ("protectedSettings", "protected_settings"),
            ("sasToken", "sas_token"),
            ("accessToken", "access_token"),
            ("refreshToken", "refresh_token"),
            ("token", "token"),
            ("kubeConfigRaw", "kube_config_raw"),
            ("privateKey", "private_key"),
            ("privateKeyPem", "private_key_pem"),
            ("storageAccountKey", "storage_account_key"),
            ("primaryAccessKey", "primary_access_key"),
            ("adminKey", "admin_key"),
            ("apiKey", "api_key"),
            ("authorizationKey", "authorization_key"),
            ("clientKey", "client_key"),
            ("instrumentationKey", "instrumentation_key"),
            ("masterKey", "master_key"),
            ("primaryKey", "primary_key"),
            ("secondaryKey", "secondary_key"),
            ("primarySharedKey", "primary_shared_key"),
            ("serviceKey", "service_key"),
            ("sharedKey", "shared_key"),
            ("keyData64", "key_data_64"),
            ("pfxBlob", "pfx_blob"),
        ] {
            let upper = terraform.to_uppercase();
            assert!([azure, terraform, &upper].iter().all(|name| is_secret(name)), "{azure}");
        }
        assert!(NAMES.iter().chain(&ENDS).all(|name| is_secret(name)));
        for (azure, terraform) in [
            ("value", "value"),
            ("secretName", "secret_name"),
            ("disablePasswordAuthentication", "disable_password_authentication"),
            ("sshPublicKey", "ssh_public_key"),
            ("keyData", "key_data"),
            ("resourceToken", "resource_token"),
            ("routingPreference", "routing_preference"),
            ("key", "key"),
            ("x", "__"),
            ("", "_"),
        ] {
            assert!(!is_secret(azure) && !is_secret(terraform), "{azure}");
        }
    }

    /// Catches: a key that `listKeys()` answered, shown; a value that stands beside no key, hidden.
    #[test]
    fn the_value_of_a_key_is_a_secret() {
        let span = Span::new(FileId(0), 0, 0);
        let member = |key: &str| Member::new(key, Value::new(span, Data::Null));
        assert!(holds(&member("value"), &[member("KeyName")]) && !holds(&member("value"), &[member("name")]));
    }

    /// Catches: a key covered, a value not, a place beyond the text; a quote inside a text, or none at its end.
    #[test]
    fn texts_of_broken_files_are_found() {
        for (text, covered) in [
            (r#"{"a": "b\"c", 'd' : 'e', "f""#, vec![r#"b\"c"#, "e", "f"]),
            ("{\"a\": \"open\n\"b\": 1", vec!["open"]),
            ("\"\\", vec!["\\"]),
            ("\"", vec![""]),
            ("", vec![]),
        ] {
            let found: Vec<&str> = quoted(text).into_iter().map(|(start, end)| &text[start..end]).collect();
            assert_eq!(found, covered, "{text}");
        }
    }
}

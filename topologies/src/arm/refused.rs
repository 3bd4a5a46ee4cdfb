//! How Azure refuses a template before anything is created: its code and its words.
//!
//! The texts are Azure's, from recorded answers and from reports of people who got them (such as Azure/SimuLand issue 39,
//! Azure/azure-quickstart-templates pull requests 760 and 867, MCW-Cloud-native-applications issue 181).

use super::model::Deployment;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use crate::source::Sources;

/// An answer of Azure Resource Manager to a template that it does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The code, such as `InvalidTemplate`.
    pub code: &'static str,
    /// The text.
    pub message: String,
}

/// What Azure answers to this template, evaluated so: it stops at the first kind of error that it meets, in this order.
/// `None` where it would take the template, or what it would say is not known.
#[must_use]
pub fn refused(template: &Value, deployment: &Deployment, sources: &Sources) -> Option<Refused> {
    // A template inside this one is refused later, in other words.
    let is_nested = |it: &Diagnostic| it.notes.iter().any(|(_, note)| note.starts_with("in the nested deployment"));
    let of =
        |code: &str| deployment.diagnostics.iter().filter(|it| it.code == code && !is_nested(it)).collect::<Vec<_>>();
    let text = Asked { template, sources };
    let first = |code: &str, answer: &dyn Fn(&Diagnostic) -> Option<String>| of(code).first().and_then(|it| answer(it));
    let missing = || deployment.assumptions.iter().find(|it| it.code == "arm.parameter-placeholder");
    let invalid = text
        .strangers(&of("arm.unknown-parameter"))
        .or_else(|| text.missing(&missing()?.name))
        .or_else(|| first("arm.parameter-not-allowed", &|it| text.not_allowed(it)))
        .or_else(|| first("arm.name-segments", &|it| text.segments(it)))
        .or_else(|| first("arm.duplicate-resource", &|it| text.twice(it)))
        .or_else(|| first("arm.unknown-dependency", &|it| text.not_defined(it)))
        .or_else(|| first("arm.dependency-cycle", &|it| text.circle(it)));
    let invalid = invalid.map(|inner| Refused {
        code: "InvalidTemplate",
        message: format!("Deployment template validation failed: '{inner}'."),
    });
    let group = || {
        let found = deployment.diagnostics.iter().find(|it| it.code == "ResourceGroupNotFound")?;
        Some(Refused { code: "ResourceGroupNotFound", message: found.message.clone() })
    };
    invalid.or_else(group)
}

struct Asked<'a> {
    template: &'a Value,
    sources: &'a Sources,
}

impl Asked<'_> {
    /// Values for parameters that the template does not have.
    fn strangers(&self, found: &[&Diagnostic]) -> Option<String> {
        let given = |it: &&&Diagnostic| it.message.starts_with("a value is given for");
        let names: Vec<&str> = found.iter().filter(given).filter_map(|it| quoted(&it.message)).collect();
        let known = self.template.get("parameters").map(Value::members).unwrap_or_default();
        let known: Vec<&str> = known.iter().map(|member| member.key.as_str()).collect();
        (!names.is_empty()).then(|| {
            format!(
                "The template parameters '{}' in the parameters file are not valid; they are not present in the original \
                 template and can therefore not be provided at deployment time. The only supported parameters for this \
                 template are '{}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.",
                names.join(", "),
                known.join(", ")
            )
        })
    }

    fn missing(&self, name: &str) -> Option<String> {
        let at = self.located(self.parameter(name)?.span)?;
        Some(format!(
            "The value for the template parameter '{name}' {at} is not provided. Please see \
             https://aka.ms/arm-create-parameter-file for usage details."
        ))
    }

    fn not_allowed(&self, found: &Diagnostic) -> Option<String> {
        let name = quoted(&found.message)?;
        let declared = self.parameter(name)?;
        let (at, value) = (self.located(declared.span)?, self.source(found)?);
        let allowed = declared.get("allowedValues").map(Value::items).unwrap_or_default();
        let shown = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
        let list: Vec<String> = allowed.iter().map(shown).collect();
        Some(format!(
            "The provided value '{}' for the template parameter '{name}' {at} is not valid. The parameter value is not part \
             of the allowed value(s): '{}'.",
            value.trim_matches('"'),
            list.join(",")
        ))
    }

    fn segments(&self, found: &Diagnostic) -> Option<String> {
        let mut words = found.message.strip_prefix("the type ")?.split(' ');
        let (kind, names) = (words.next()?, found.message.rsplit_once('(')?.1.trim_end_matches(')'));
        let at = self.resource(found)?;
        Some(format!(
            "The template resource '{names}' for type '{kind}' {at} has incorrect segment lengths. A nested resource type must \
             have identical number of segments as its resource name. A root resource type must have segment length one \
             greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details."
        ))
    }

    fn twice(&self, found: &Diagnostic) -> Option<String> {
        let id = found.message.strip_suffix(" is declared twice")?;
        let (own, at) = (id.split_once("/providers/").map_or(id, |(_, own)| own), self.resource(found)?);
        Some(format!(
            "The resource '{own}' {at} is defined multiple times in a template. Please see \
             https://aka.ms/arm-syntax-resources for usage details."
        ))
    }

    fn not_defined(&self, found: &Diagnostic) -> Option<String> {
        let text = found.message.strip_prefix("dependsOn names ")?.split_once(", which")?.0;
        let own = text.split_once("/providers/").map_or(text, |(_, own)| own);
        Some(format!(
            "The resource '{own}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details."
        ))
    }

    fn circle(&self, found: &Diagnostic) -> Option<String> {
        let names = found.message.split_once(": ")?.1;
        let first = names.split(" -> ").next()?;
        Some(format!(
            "Circular dependency detected on resource: '{first}'. Please see https://aka.ms/arm-syntax-resources for usage \
             details."
        ))
    }

    fn parameter(&self, name: &str) -> Option<&Value> {
        self.template.get("parameters")?.get(name)
    }

    /// Where the resource starts that an error is in.
    fn resource(&self, found: &Diagnostic) -> Option<String> {
        let span = found.span?;
        let resources = self.template.get("resources")?;
        let mut all = resources.items().iter().chain(resources.members().iter().map(|member| &member.value));
        let around = all.find(|it| it.span.file == span.file && it.span.start <= span.start && span.end <= it.span.end);
        self.located(around.map_or(span, |it| it.span))
    }

    fn located(&self, span: sim_core::source::Span) -> Option<String> {
        let at = self.sources.locate(span)?;
        Some(format!("at line '{}' and column '{}'", at.line, at.column))
    }

    fn source(&self, found: &Diagnostic) -> Option<String> {
        let span = found.span?;
        let line = self.sources.line(span)?;
        let column = self.sources.locate(span)?.column - 1;
        let length = (span.end - span.start) as usize;
        Some(line.chars().skip(column).take(length).collect())
    }
}

/// The first text between single quotes.
fn quoted(text: &str) -> Option<&str> {
    text.split('\'').nth(1)
}

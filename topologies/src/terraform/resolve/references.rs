//! From an expression to what its references lead to: variables, outputs of modules, resources.

use super::attributes::walk;
use super::{Found, Resolver, Scope, Wanted};
use crate::json::Value;
use crate::terraform::entry::key_of;
use crate::terraform::traversal::{Key, Module, Step, keyed, steps};
use sim_core::source::Span;

impl<'f> Resolver<'_, 'f> {
    pub(super) fn follow(&self, scope: &Scope<'f>, expression: &'f Value, wanted: Wanted<'_>) -> Found {
        self.deeper(|| self.evaluate(scope, expression, &wanted)).unwrap_or_default()
    }

    fn evaluate(&self, scope: &Scope<'f>, expression: &'f Value, wanted: &Wanted<'_>) -> Found {
        if let Some(constant) = expression.get("constant_value") {
            return walk(constant, &wanted.path).cloned().into_iter().collect();
        }
        let written = expression.get("references").map(Value::items).unwrap_or_default();
        let references = leaves(written.iter().filter_map(Value::as_str));
        // A name with several parts in it is put together, of which nobody knows how.
        if wanted.attribute == "name" && references.len() > 1 {
            return Vec::new();
        }
        let chosen = self.chosen(scope, &references);
        let mut found = Found::new();
        for reference in &references {
            if self.left.get() == 0 {
                break;
            }
            self.left.set(self.left.get() - 1);
            found.extend(self.reference(scope, reference, chosen.as_ref(), wanted, expression.span));
        }
        // `list[1]` of a list that is written out.
        match wanted.path.first() {
            Some(Step::Key(Key::Number(number))) if references.len() > 1 => {
                let place = usize::try_from(*number).unwrap_or(usize::MAX);
                found.into_iter().nth(place).into_iter().collect()
            }
            _ => found,
        }
    }

    /// The key that an expression chooses an instance by: `count.index`, `each.key`, or a text in `each.value`.
    fn chosen(&self, scope: &Scope<'f>, references: &[Vec<Step>]) -> Option<Key> {
        let names = |reference: &[Step], at: usize| match reference.get(at) {
            Some(Step::Name(name)) => name.clone(),
            _ => String::new(),
        };
        let others = references.iter().any(|it| !matches!(names(it, 0).as_str(), "each" | "count"));
        references.iter().find_map(|reference| match (names(reference, 0).as_str(), names(reference, 1).as_str()) {
            ("count", "index") | ("each", "key") => scope.key.clone(),
            ("each", "value") if others => {
                let mut path: Vec<Step> = scope.key.clone().map(Step::Key).into_iter().collect();
                path.extend_from_slice(&reference[2..]);
                let inner = Wanted { attribute: "", path };
                let found =
                    scope.each.and_then(|each| self.follow(&outer_of(scope), each, inner).first().and_then(key_of));
                // In a set values are their own keys.
                found.or_else(|| scope.key.clone().filter(|_| reference.len() == 2))
            }
            _ => None,
        })
    }

    fn reference(
        &self,
        scope: &Scope<'f>,
        reference: &[Step],
        chosen: Option<&Key>,
        wanted: &Wanted<'_>,
        span: Span,
    ) -> Found {
        let Some(Step::Name(root)) = reference.first() else { return Vec::new() };
        let Some(Step::Name(name)) = reference.get(1) else { return Vec::new() };
        let rest = &reference[2..];
        match root.as_str() {
            "var" => self.variable(scope, name, wanted.within(rest, chosen)),
            "module" => self.output(scope, name, rest, chosen, wanted),
            "each" if name == "value" => {
                let Some(each) = scope.each else { return Vec::new() };
                let mut path: Vec<Step> = scope.key.clone().map(Step::Key).into_iter().collect();
                path.extend_from_slice(rest);
                path.extend_from_slice(&wanted.path);
                self.follow(&outer_of(scope), each, Wanted { path, ..wanted.clone() })
            }
            "data" => {
                let Some(Step::Name(own)) = rest.first() else { return Vec::new() };
                self.resource(scope, &format!("data.{name}.{own}"), wanted.within(&rest[1..], chosen), span)
            }
            "each" | "count" | "local" | "path" | "self" | "terraform" => Vec::new(),
            _ => self.resource(scope, &format!("{root}.{name}"), wanted.within(rest, chosen), span),
        }
    }

    /// A variable: what the call of the module gives it.
    fn variable(&self, scope: &Scope<'f>, name: &str, wanted: Wanted<'_>) -> Found {
        let Some((_, outer)) = scope.modules.split_last() else {
            let value = self.configuration.variable(name);
            return value.and_then(|value| walk(value, &wanted.path)).cloned().into_iter().collect();
        };
        let Some(called) = self.configuration.module(&scope.modules) else { return Vec::new() };
        let Some(call) = called.call else { return Vec::new() };
        match call.get("expressions").and_then(|given| given.get(name)) {
            Some(given) => {
                let key = scope.modules.last().and_then(|module| module.key.clone());
                let outer = Scope { modules: outer.to_vec(), key, each: call.get("for_each_expression") };
                self.follow(&outer, given, wanted)
            }
            None => {
                let default = called.module.path(&["variables", name, "default"]);
                default.and_then(|value| walk(value, &wanted.path)).cloned().into_iter().collect()
            }
        }
    }

    /// An output of a module: of the instance that is named, or of all.
    fn output(
        &self,
        scope: &Scope<'f>,
        name: &str,
        rest: &[Step],
        mut chosen: Option<&Key>,
        wanted: &Wanted<'_>,
    ) -> Found {
        let (named, rest) = match rest.split_first() {
            Some((Step::Key(key), rest)) => (Some(key), rest),
            _ => (None, rest),
        };
        let known = self.module_keys.get(&format!("{}{name}", keyed(&scope.modules))).map(Vec::as_slice);
        let mut keys: Vec<Option<Key>> = known.unwrap_or(&[None]).to_vec();
        if keys.iter().any(Option::is_some)
            && let Some(one) = named.or_else(|| chosen.take())
        {
            keys = vec![Some(one.clone())];
        }
        let mut found = Found::new();
        for key in keys {
            let mut modules = scope.modules.clone();
            modules.push(Module { name: name.to_owned(), key });
            let output = match rest.first() {
                Some(Step::Name(output)) => output.as_str(),
                // Older plans name the module alone.
                _ => continue,
            };
            let Some(called) = self.configuration.module(&modules) else { continue };
            if let Some(expression) = called.module.path(&["outputs", output, "expression"]) {
                let inside = Scope { modules, key: None, each: None };
                found.extend(self.follow(&inside, expression, wanted.within(&rest[1..], chosen)));
            }
        }
        found
    }
}

impl Wanted<'_> {
    /// The same inside of what a reference names; a key that is chosen otherwise comes after its own parts.
    fn within(&self, rest: &[Step], chosen: Option<&Key>) -> Self {
        let mut path = rest.to_vec();
        if !rest.iter().any(|step| matches!(step, Step::Key(_)))
            && let Some(key) = chosen
        {
            // `name[each.key].attribute` is written down without the attribute.
            path.insert(0, Step::Key(key.clone()));
        }
        path.extend_from_slice(&self.path);
        Self { path, ..self.clone() }
    }
}

/// `for_each` is worked out in the module itself, before there are instances.
fn outer_of<'f>(scope: &Scope<'f>) -> Scope<'f> {
    Scope { modules: scope.modules.clone(), key: None, each: None }
}

/// The references without those that only name a part of another one: Terraform writes `a.b.id` and then `a.b`.
fn leaves<'r>(written: impl Iterator<Item = &'r str>) -> Vec<Vec<Step>> {
    let mut kept: Vec<&str> = Vec::new();
    for reference in written {
        let covers = |longer: &&str| {
            longer.strip_prefix(reference).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !kept.iter().rev().take(8).any(covers) {
            kept.push(reference);
        }
    }
    kept.into_iter().map(steps).collect()
}

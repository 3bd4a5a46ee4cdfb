//! What `dependsOn` names, and the order that follows.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::declare::{Declared, Nested};
use super::index::By;
use super::session::{DeclaredId, FrameId, Session};
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    /// On the way from a resource to what it waits for.
    Open,
    Placed,
}

impl Session {
    /// Reads the `dependsOn` of every resource.
    pub(super) fn read_dependencies(&mut self) {
        for index in 0..self.declared.len() {
            let declared = &self.declared[index];
            if !declared.counts() {
                continue;
            }
            let (raw, context, frame) = (Rc::clone(&declared.raw), declared.context.clone(), declared.frame);
            let Some(written) = raw.get("dependsOn") else { continue };
            let Ok(list) = self.value(&context, written) else { continue };
            let texts = if list.as_str().is_some() { std::slice::from_ref(&list) } else { list.items() };
            for entry in texts {
                let Some(text) = entry.as_str() else { continue };
                let found = self.named(frame, text);
                let work = self.frame(frame).declared.len() / 8 + found.len() * 4;
                if let Err(stop) = self.spend(work as u64) {
                    return self.report_stop(stop, entry.span);
                }
                if found.is_empty() && !self.is_empty_loop(frame, text) {
                    self.unknown_dependency(frame, text, entry);
                }
                let own = DeclaredId(index);
                self.declared[index].depends.extend(found.into_iter().filter(|id| *id != own));
            }
        }
    }

    fn unknown_dependency(&mut self, frame: FrameId, text: &str, entry: &Value) {
        let message = format!("dependsOn names {text}, which the template does not define");
        let mut diagnostic = Diagnostic::error("arm.unknown-dependency", message).at(entry.span);
        diagnostic = diagnostic.help("declare it here, or leave it out: what exists already is not waited for");
        let resources = || self.frame(frame).declared.iter().map(|id| self.declared(*id));
        let known = resources().map(|it| if text.starts_with('/') { it.id.as_str() } else { it.name.as_str() });
        let last = text.rsplit('/').next().unwrap_or(text);
        if let Some(near) = nearest(text, known).or_else(|| nearest(last, resources().map(|it| it.name.as_str()))) {
            diagnostic = diagnostic.help(format!("did you mean {near}?"));
        }
        self.report_in(frame, diagnostic);
    }

    fn is_empty_loop(&self, frame: FrameId, text: &str) -> bool {
        self.frame(frame).empty_loops.iter().any(|name| name.eq_ignore_ascii_case(text))
    }

    /// The resources of a frame that a text names, as in `dependsOn`: by symbolic name, id, name of the loop,
    /// `Microsoft.X/type/name`, or bare name.
    pub(super) fn named(&self, frame: FrameId, text: &str) -> Vec<DeclaredId> {
        let known = &self.frame(frame).known;
        let found = |by| known.get(by, text).to_vec();
        if self.frame(frame).symbolic && !known.get(By::Symbol, text).is_empty() {
            return found(By::Symbol);
        }
        if text.starts_with('/') {
            let elsewhere = || self.by_id.get(&text.to_ascii_lowercase()).copied().into_iter().collect();
            return if known.get(By::Id, text).is_empty() { elsewhere() } else { found(By::Id) };
        }
        let ways: &[By] = if text.contains('/') { &[By::Loop, By::Name, By::Short] } else { &[By::Loop, By::Name] };
        ways.iter().map(|by| found(*by)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// All resources, each after what it waits for; otherwise as declared. A cycle is reported and cut.
    pub(super) fn order(&mut self) -> Vec<DeclaredId> {
        let waits: Vec<Waits> = (0..self.declared.len()).map(|index| self.waits(DeclaredId(index))).collect();
        let mut marks = vec![Mark::New; waits.len()];
        let mut order = Vec::with_capacity(waits.len());
        for start in 0..waits.len() {
            // Each entry: the resource, and how many of those it waits for were looked at.
            let mut path = vec![(start, 0)];
            while let Some((at, next)) = path.pop() {
                if marks[at] == Mark::Placed {
                    continue;
                }
                marks[at] = Mark::Open;
                let Some((other, hard)) = waits[at].get(next).copied() else {
                    marks[at] = Mark::Placed;
                    order.push(DeclaredId(at));
                    continue;
                };
                path.push((at, next + 1));
                match marks[other.0] {
                    Mark::New => path.push((other.0, 0)),
                    Mark::Open if hard => self.report_order_cycle(&path, other),
                    _ => {}
                }
            }
        }
        order
    }

    fn report_order_cycle(&mut self, path: &[(usize, usize)], back_to: DeclaredId) {
        let start = path.iter().position(|(at, _)| *at == back_to.0).unwrap_or_default();
        let ids: Vec<DeclaredId> = path[start..].iter().map(|(at, _)| DeclaredId(*at)).collect();
        let known = |diagnostic: &Diagnostic| diagnostic.code.ends_with("-cycle");
        if self.diagnostics.iter().any(known) {
            return;
        }
        let span = self.declared(back_to).name_span;
        let diagnostic = self.cycle("arm.dependency-cycle", &ids).at(span);
        self.report(diagnostic);
    }

    /// What a resource waits for, and whether it must: dependencies, the contents of a nested deployment, what that
    /// deployment itself waits for. A parent goes first where nothing speaks against it.
    fn waits(&self, id: DeclaredId) -> Waits {
        let declared = self.declared(id);
        let mut all: BTreeSet<DeclaredId> = declared.depends.clone();
        if let Nested::Frame(frame) = declared.nested {
            all.extend(&self.frame(frame).declared);
        }
        let mut owner = self.frame(declared.frame).owner;
        while let Some(around) = owner {
            all.extend(&self.declared(around).depends);
            owner = self.frame(self.declared(around).frame).owner;
        }
        let parent = declared.parent.or_else(|| self.parent_by_id(declared));
        let soft = parent.filter(|parent| !all.contains(parent)).map(|parent| (parent, false));
        soft.into_iter().chain(all.into_iter().map(|other| (other, true))).collect()
    }

    fn parent_by_id(&self, declared: &Declared) -> Option<DeclaredId> {
        let (rest, _name) = declared.id.rsplit_once('/')?;
        let (parent, _kind) = rest.rsplit_once('/')?;
        self.by_id.get(&parent.to_ascii_lowercase()).copied()
    }
}

/// Others to wait for, each with whether it must be.
type Waits = Vec<(DeclaredId, bool)>;

//! The state of one evaluation, and its limits.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sim_core::source::Span;

use super::declare::{Declared, Nested};
use super::environment::Environment;
use super::expression::Expression;
use super::frame::{Frame, Slots};
use super::model::Assumption;
use super::stop::{Answer, Stop};
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Value};
use crate::map::Map;
use crate::world::World;

/// Work one deployment may take: about one unit for each value made or copied.
pub const MAX_WORK: u64 = 4_000_000;

/// Deepest nesting of evaluations: calls in calls, variables that use variables, templates in templates.
pub const MAX_EVALUATION_DEPTH: usize = 250;

/// Longest string an expression may make, in bytes. Azure takes templates and resources up to 4 MB.
pub const MAX_STRING_BYTES: usize = 4 << 20;

/// Diagnostics kept of one deployment; the rest would say the same again.
pub const MAX_DIAGNOSTICS: usize = 500;

/// Index of a [`Frame`] in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FrameId(pub(super) usize);

/// Index of a [`Declared`] in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DeclaredId(pub(super) usize);

/// Where an expression is evaluated: which template's names it sees, and which loop it is in.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) frame: FrameId,
    pub(super) loops: Vec<Loop>,
    /// Variables of the lambdas around, innermost last.
    pub(super) lambda: Vec<(String, Value)>,
    /// Arguments of the user function around, in place of the template's parameters.
    pub(super) arguments: Option<Rc<Vec<(String, Value)>>>,
    /// Whether `reference()` and its like may be asked: resource bodies and outputs.
    pub(super) runtime: bool,
}

/// One `copy` around an expression.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) name: String,
    pub(super) index: i64,
    /// The loop of a resource or output is the one meant by `copyIndex()` without a name.
    pub(super) main: bool,
}

/// A resource whose body is being evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    pub(super) id: DeclaredId,
    /// Whether a `reference()` met now makes the resource depend on the other. Not while a nested deployment's
    /// outputs are evaluated: they refer to what is inside it.
    pub(super) depends: bool,
}

impl Context {
    pub(super) fn new(frame: FrameId) -> Self {
        Self { frame, loops: Vec::new(), lambda: Vec::new(), arguments: None, runtime: false }
    }

    pub(super) fn within(&self, name: &str, index: i64, main: bool) -> Self {
        let mut context = self.clone();
        context.loops.push(Loop { name: name.to_owned(), index, main });
        context
    }

    pub(super) fn at_runtime(mut self) -> Self {
        self.runtime = true;
        self
    }
}

/// One evaluation of a template with everything nested in it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) environment: Environment,
    /// The network that came of an earlier evaluation: what is asked of resources is answered from it.
    pub(super) known: Option<Rc<World>>,
    /// Whether anything was asked of a resource.
    pub(super) asks: bool,
    /// Resources as Azure would answer them, once asked for, by the version of the API that was asked.
    pub(super) answers: BTreeMap<(DeclaredId, String), Rc<Value>>,
    pub(super) frames: Vec<Frame>,
    pub(super) declared: Vec<Declared>,
    /// Created (not merely existing) resources by id in lower case.
    pub(super) by_id: Map<String, DeclaredId>,
    /// Resources whose bodies are being evaluated, outermost first.
    pub(super) active: Vec<Active>,
    /// Parameters and variables being evaluated, outermost first.
    pub(super) busy_slots: Vec<(FrameId, Slots, usize)>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) assumptions: Vec<Assumption>,
    /// Values of secure parameters, as they were written.
    pub(super) secrets: Vec<Value>,
    /// An expression that cannot be evaluated is kept as it is, and is no error: the input was evaluated before.
    pub(super) residual: bool,
    assumed: BTreeSet<(&'static str, String)>,
    expressions: Map<String, Rc<Expression>>,
    work: u64,
    exhausted: bool,
    depth: usize,
}

impl Session {
    pub(super) fn new(environment: Environment, known: Option<Rc<World>>) -> Self {
        Self {
            environment,
            known,
            asks: false,
            answers: BTreeMap::new(),
            frames: Vec::new(),
            declared: Vec::new(),
            by_id: Map::default(),
            active: Vec::new(),
            busy_slots: Vec::new(),
            diagnostics: Vec::new(),
            assumptions: Vec::new(),
            secrets: Vec::new(),
            residual: false,
            assumed: BTreeSet::new(),
            expressions: Map::default(),
            work: 0,
            exhausted: false,
            depth: 0,
        }
    }

    pub(super) fn frame(&self, id: FrameId) -> &Frame {
        &self.frames[id.0]
    }

    pub(super) fn declared(&self, id: DeclaredId) -> &Declared {
        &self.declared[id.0]
    }

    /// Keeps a diagnostic, with the nested deployments it was met in.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let around = self.active.last().and_then(|active| {
            let declared = self.declared(active.id);
            // Its template is being opened, or its outputs are evaluated.
            let inside = matches!(declared.nested, Nested::Busy) || !active.depends;
            if inside { Some(active.id) } else { self.frame(declared.frame).owner }
        });
        self.keep(self.within(diagnostic, around));
    }

    /// The same for what concerns a template as a whole.
    pub(super) fn report_in(&mut self, frame: FrameId, diagnostic: Diagnostic) {
        self.keep(self.within(diagnostic, self.frame(frame).owner));
    }

    /// Notes the deployments that a template is nested in, from the inside out.
    fn within(&self, mut diagnostic: Diagnostic, mut around: Option<DeclaredId>) -> Diagnostic {
        let mut word = "in";
        while let Some(id) = around {
            let declared = self.declared(id);
            let text = format!("{word} the nested deployment '{}'", declared.name);
            diagnostic = diagnostic.note(Some(declared.name_span), text);
            (word, around) = ("which is in", self.frame(declared.frame).owner);
        }
        diagnostic
    }

    /// Keeps a diagnostic, unless the same one is there already (an expression in a loop fails each time).
    fn keep(&mut self, diagnostic: Diagnostic) {
        let same = |other: &Diagnostic| {
            other.code == diagnostic.code && other.span == diagnostic.span && other.message == diagnostic.message
        };
        if self.diagnostics.len() < MAX_DIAGNOSTICS && !self.diagnostics.iter().any(same) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports the reason of a stop, if that was not done yet.
    pub(super) fn report_stop(&mut self, stop: Stop, span: Span) {
        if let Stop::Wrong(mut diagnostic) = stop {
            diagnostic.span.get_or_insert(span);
            self.report(*diagnostic);
        }
    }

    /// States an assumption, once for each name.
    pub(super) fn assume(&mut self, code: &'static str, name: &str, text: impl Into<String>, span: Option<Span>) {
        if self.assumed.len() < MAX_DIAGNOSTICS && self.assumed.insert((code, name.to_owned())) {
            self.assumptions.push(Assumption { code, name: name.to_owned(), text: text.into(), span });
        }
    }

    /// Where a parameter is declared that a stand-in was made for.
    pub(super) fn stand_in_of(&self, parameter: &str) -> Option<Option<Span>> {
        let made = |it: &&Assumption| it.code == "arm.parameter-placeholder" && it.name.eq_ignore_ascii_case(parameter);
        self.assumptions.iter().find(made).map(|assumption| assumption.span)
    }

    /// Takes from the budget.
    ///
    /// # Errors
    /// `arm.too-much-work`, reported once, when it is used up.
    pub(super) fn spend(&mut self, work: u64) -> Answer<()> {
        self.work = self.work.saturating_add(work);
        if self.work <= MAX_WORK {
            return Ok(());
        }
        if std::mem::replace(&mut self.exhausted, true) {
            return Err(Stop::Reported);
        }
        let message = format!("the template takes more than {MAX_WORK} steps to evaluate");
        Err(Diagnostic::error("arm.too-much-work", message).help("look for loops inside loops").into())
    }

    /// Takes the size of a new value from the budget, and refuses strings and nesting out of bounds.
    pub(super) fn charge(&mut self, data: &Data) -> Answer<()> {
        let mut work = 0;
        weigh(data, 0, &mut work)?;
        self.spend(work)
    }

    /// Runs `evaluate` one level deeper.
    ///
    /// # Errors
    /// `arm.too-deep` beyond [`MAX_EVALUATION_DEPTH`].
    pub(super) fn deeper<T>(&mut self, evaluate: impl FnOnce(&mut Self) -> Answer<T>) -> Answer<T> {
        if self.depth >= MAX_EVALUATION_DEPTH {
            let message = format!("evaluation goes deeper than {MAX_EVALUATION_DEPTH} levels");
            return Err(Diagnostic::error("arm.too-deep", message)
                .help("look for values that build on each other")
                .into());
        }
        self.depth += 1;
        let answer = evaluate(self);
        self.depth -= 1;
        answer
    }

    /// The parsed form of an expression, from the cache if it was met before.
    pub(super) fn parsed(&mut self, text: &str) -> Result<Rc<Expression>, super::expression::SyntaxError> {
        if let Some(expression) = self.expressions.get(text) {
            return Ok(Rc::clone(expression));
        }
        let expression = Rc::new(super::expression::parse(text)?);
        self.expressions.insert(text.to_owned(), Rc::clone(&expression));
        Ok(expression)
    }
}

fn weigh(data: &Data, depth: usize, work: &mut u64) -> Answer<()> {
    *work += 1;
    match data {
        Data::String(text) if text.len() > MAX_STRING_BYTES => {
            let message = format!("a string of {} bytes, more than the {MAX_STRING_BYTES} allowed", text.len());
            return Err(Diagnostic::error("arm.string-too-long", message).into());
        }
        Data::String(text) => *work += text.len() as u64 / 32,
        Data::Array(_) | Data::Object(_) if depth >= crate::json::MAX_DEPTH => {
            let message = format!("a value nested deeper than {} levels", crate::json::MAX_DEPTH);
            return Err(Diagnostic::error("arm.too-deep", message).into());
        }
        Data::Array(items) => {
            for item in items {
                weigh(&item.data, depth + 1, work)?;
            }
        }
        Data::Object(members) => {
            for member in members {
                *work += member.key.len() as u64 / 32;
                weigh(&member.value.data, depth + 1, work)?;
            }
        }
        _ => {}
    }
    Ok(())
}

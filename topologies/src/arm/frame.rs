//! One template during evaluation: its parameters, variables and functions, each evaluated when first asked for.

use std::rc::Rc;

use sim_core::source::Span;

use super::evaluate::Broken;
use super::index::Index;
use super::parameters::Given;
use super::session::{Context, DeclaredId, FrameId, Session};
use super::stop::{Answer, Stop};
use super::target::Target;
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{Member, Value};

/// A template under evaluation.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) template: Rc<Value>,
    pub(super) target: Target,
    pub(super) deployment_name: String,
    /// Where its resources are evaluated: in itself, or, for the outer scope, in the template around.
    pub(super) context: Context,
    /// The deployment resource it is nested in.
    pub(super) owner: Option<DeclaredId>,
    /// languageVersion 2.0: resources have symbolic names.
    pub(super) symbolic: bool,
    pub(super) declared: Vec<DeclaredId>,
    /// The same, by everything that may be said of them.
    pub(super) known: Index,
    /// Names of loops that ran no time, which `dependsOn` may name all the same.
    pub(super) empty_loops: Vec<String>,
    pub(super) parameters: Vec<Slot>,
    pub(super) variables: Vec<Slot>,
    pub(super) functions: Vec<Rc<UserFunction>>,
}

/// A parameter or variable.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) source: SlotSource,
    pub(super) state: SlotState,
}

/// Where a slot's value comes from.
#[derive(Clone, Debug)]
pub(super) enum SlotSource {
    Parameter {
        declaration: Rc<Value>,
        given: Option<Given>,
    },
    Variable(Rc<Value>),
    /// A variable made by `copy`: the entry with `name`, `count` and `input`.
    VariableCopy(Rc<Value>),
}

#[derive(Debug)]
pub(super) enum SlotState {
    Pending,
    /// Being evaluated: asking again is a cycle.
    Busy,
    Done(Rc<Value>),
    /// It could not be evaluated, and the reason has been reported.
    Failed,
}

/// Which of a template's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slots {
    Parameters,
    Variables,
}

/// A function the template defines itself.
#[derive(Debug)]
pub(super) struct UserFunction {
    /// `namespace.name`
    name: String,
    parameters: Vec<String>,
    output: Value,
}

impl Frame {
    pub(super) fn new(template: Rc<Value>, target: Target, deployment_name: String, context: Context) -> Self {
        let version = template.get("languageVersion").and_then(Value::as_str).unwrap_or_default();
        let symbolic = version.starts_with('2') || template.get("resources").is_some_and(|it| it.as_object().is_some());
        Self {
            target,
            deployment_name,
            context,
            owner: None,
            symbolic,
            declared: Vec::new(),
            known: Index::default(),
            empty_loops: Vec::new(),
            parameters: Vec::new(),
            variables: template.get("variables").map(variables).unwrap_or_default(),
            functions: template.get("functions").map(user_functions).unwrap_or_default(),
            template,
        }
    }

    pub(super) fn slots(&self, which: Slots) -> &[Slot] {
        match which {
            Slots::Parameters => &self.parameters,
            Slots::Variables => &self.variables,
        }
    }
}

fn variables(table: &Value) -> Vec<Slot> {
    let mut slots = Vec::new();
    for member in table.members() {
        let copies = super::copy::property_copies(member);
        for copy in copies.unwrap_or_default() {
            let Some(name) = copy.get("name") else { continue };
            slots.push(Slot {
                name: name.as_str().unwrap_or_default().to_owned(),
                span: name.span,
                source: SlotSource::VariableCopy(Rc::new(copy.clone())),
                state: SlotState::Pending,
            });
        }
        if copies.is_none() {
            slots.push(Slot {
                name: member.key.clone(),
                span: member.key_span,
                source: SlotSource::Variable(Rc::new(member.value.clone())),
                state: SlotState::Pending,
            });
        }
    }
    slots
}

fn user_functions(table: &Value) -> Vec<Rc<UserFunction>> {
    let mut functions = Vec::new();
    for group in table.items() {
        let namespace = group.get("namespace").and_then(Value::as_str).unwrap_or_default();
        for Member { key, value, .. } in group.get("members").map(Value::members).unwrap_or_default() {
            let parameters = value.get("parameters").map(Value::items).unwrap_or_default();
            let name = |parameter: &Value| parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let Some(output) = value.path(&["output", "value"]) else { continue };
            functions.push(Rc::new(UserFunction {
                name: format!("{namespace}.{key}"),
                parameters: parameters.iter().map(name).collect(),
                output: output.clone(),
            }));
        }
    }
    functions
}

impl Session {
    /// The value of a parameter or variable.
    pub(super) fn slot(&mut self, context: &Context, which: Slots, name: &str) -> Answer<Rc<Value>> {
        if let (Slots::Parameters, Some(arguments)) = (which, &context.arguments) {
            let found = arguments.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            let names = || arguments.iter().map(|(key, _)| key.as_str());
            return found.map(|(_, value)| Rc::new(value.clone())).ok_or_else(|| unknown(which, name, names()));
        }
        let frame = self.frame(context.frame);
        let slots = frame.slots(which);
        let Some(index) = slots.iter().position(|slot| slot.name.eq_ignore_ascii_case(name)) else {
            return Err(unknown(which, name, slots.iter().map(|slot| slot.name.as_str())));
        };
        match &slots[index].state {
            SlotState::Done(value) => Ok(Rc::clone(value)),
            SlotState::Failed => Err(Stop::Reported),
            SlotState::Busy => Err(self.slot_cycle(context.frame, which, index)),
            SlotState::Pending => self.fill_slot(context.frame, which, index),
        }
    }

    fn fill_slot(&mut self, frame: FrameId, which: Slots, index: usize) -> Answer<Rc<Value>> {
        let slot = self.slot_mut(frame, which, index);
        slot.state = SlotState::Busy;
        let source = slot.source.clone();
        let span = slot.span;
        self.busy_slots.push((frame, which, index));
        let context = Context::new(frame);
        let result = self.deeper(|session| {
            Ok(match &source {
                SlotSource::Parameter { declaration, given } => {
                    session.parameter(frame, index, declaration, given.as_ref())
                }
                SlotSource::Variable(value) => session.value(&context, value),
                SlotSource::VariableCopy(copy) => session.copied(&context, copy),
            })
        });
        self.busy_slots.pop();
        let value = match result {
            Ok(Ok(value)) => Some(Rc::new(value)),
            Ok(Err(Broken(_))) => None,
            Err(stop) => {
                self.report_stop(stop, span);
                None
            }
        };
        let state = value.clone().map_or(SlotState::Failed, SlotState::Done);
        self.slot_mut(frame, which, index).state = state;
        value.ok_or(Stop::Reported)
    }

    fn slot_mut(&mut self, frame: FrameId, which: Slots, index: usize) -> &mut Slot {
        let frame = &mut self.frames[frame.0];
        match which {
            Slots::Parameters => &mut frame.parameters[index],
            Slots::Variables => &mut frame.variables[index],
        }
    }

    /// The error for a slot that needs its own value, with the loop.
    fn slot_cycle(&self, frame: FrameId, which: Slots, index: usize) -> Stop {
        let start = self.busy_slots.iter().position(|busy| *busy == (frame, which, index)).unwrap_or_default();
        let slots: Vec<&Slot> = self.busy_slots[start..]
            .iter()
            .map(|(frame, which, index)| &self.frame(*frame).slots(*which)[*index])
            .collect();
        let names: Vec<&str> = slots.iter().chain(slots.first()).map(|slot| slot.name.as_str()).collect();
        let message = format!("these need each other's values: {}", names.join(" -> "));
        let diagnostic = Diagnostic::error("arm.value-cycle", message);
        let add = |diagnostic: Diagnostic, slot: &&Slot| {
            diagnostic.note(Some(slot.span), format!("{} is defined here", slot.name))
        };
        slots.iter().fold(diagnostic, add).into()
    }

    /// The template's own function of that name.
    pub(super) fn user_function(&self, context: &Context, name: &str) -> Option<Rc<UserFunction>> {
        let functions = &self.frame(context.frame).functions;
        functions.iter().find(|function| function.name.eq_ignore_ascii_case(name)).cloned()
    }

    pub(super) fn call_user_function(
        &mut self,
        context: &Context,
        function: &UserFunction,
        arguments: Vec<Value>,
    ) -> Answer<Value> {
        if arguments.len() != function.parameters.len() {
            let message =
                format!("{} takes {} arguments, not {}", function.name, function.parameters.len(), arguments.len());
            return Err(Diagnostic::error("arm.argument-count", message).into());
        }
        let arguments = function.parameters.iter().cloned().zip(arguments).collect();
        let inner = Context { arguments: Some(Rc::new(arguments)), ..Context::new(context.frame) };
        self.value(&inner, &function.output).map_err(|_| Stop::Reported)
    }
}

fn unknown<'n>(which: Slots, name: &str, known: impl Iterator<Item = &'n str>) -> Stop {
    let (code, what) = match which {
        Slots::Parameters => ("arm.unknown-parameter", "parameter"),
        Slots::Variables => ("arm.unknown-variable", "variable"),
    };
    let diagnostic = Diagnostic::error(code, format!("the template defines no {what} '{name}'"));
    let help = match nearest(name, known) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("add '{name}' to the template's `{what}s`"),
    };
    diagnostic.help(help).into()
}

//! What a plan or a state lists: instances of resources with their attributes.

use super::traversal::{Key, Module};
use crate::json::Value;
use sim_core::source::Span;

/// An instance of a resource.
#[derive(Clone, Debug)]
pub(super) struct Entry<'f> {
    /// `module.a.azurerm_subnet.b[0]`.
    pub(super) address: String,
    /// The modules it is in.
    pub(super) modules: Vec<Module>,
    /// Terraform's type.
    pub(super) kind: &'f str,
    /// The name of the resource in the configuration.
    pub(super) name: &'f str,
    /// Which instance.
    pub(super) key: Option<Key>,
    /// Whether it is a data source: it exists already.
    pub(super) data: bool,
    /// Its attributes, as far as known.
    pub(super) values: &'f Value,
    /// Which attributes are known after apply only; of states none.
    pub(super) unknown: Option<&'f Value>,
    /// Where it stands in the file.
    pub(super) span: Span,
}

impl<'f> Entry<'f> {
    /// An instance that an object describes by `type`, `name`, `mode` and `index`; `None` for what is none.
    pub(super) fn of(described: &'f Value, modules: Vec<Module>, values: &'f Value) -> Option<Self> {
        let text = |key| described.get(key).and_then(Value::as_str);
        let (kind, name) = (text("type")?, text("name")?);
        let data = text("mode") == Some("data");
        let key = described.get("index").and_then(key_of);
        Some(Self::new(modules, data, (kind, name), key, values))
    }

    /// An instance by its parts.
    pub(super) fn new(
        modules: Vec<Module>,
        data: bool,
        (kind, name): (&'f str, &'f str),
        key: Option<Key>,
        values: &'f Value,
    ) -> Self {
        let bracket = super::traversal::Bracket(key.as_ref());
        let mode = if data { "data." } else { "" };
        let address = format!("{}{mode}{kind}.{name}{bracket}", super::traversal::keyed(&modules));
        Self { address, modules, kind, name, key, data, values, unknown: None, span: values.span }
    }

    /// The resource it is an instance of, below its module: `data.azurerm_subnet.b`.
    pub(super) fn resource(&self) -> String {
        format!("{}{}.{}", if self.data { "data." } else { "" }, self.kind, self.name)
    }

    /// A name made of its address, for one whose name nobody knows yet.
    pub(super) fn made_name(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut add = |name: &str, key: &Option<Key>| {
            parts.push(name.to_owned());
            parts.extend(key.as_ref().map(|key| match key {
                Key::Number(number) => number.to_string(),
                Key::Text(text) => text.replace('/', "-"),
            }));
        };
        self.modules.iter().for_each(|module| add(&module.name, &module.key));
        add(self.name, &self.key);
        parts.join("-")
    }
}

/// The key that an `index` or `index_key` gives.
pub(super) fn key_of(value: &Value) -> Option<Key> {
    value.as_str().map(|text| Key::Text(text.to_owned())).or_else(|| value.as_u64().map(Key::Number))
}

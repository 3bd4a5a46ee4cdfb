//! A JSON value that knows where it was written.

use sim_core::source::Span;

/// A value and its place. Equality compares the data only: the same text at another place is the same value.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where it was written, or the expression it came from.
    pub span: Span,
    /// What it is.
    pub data: Data,
}

/// What a value is. Objects are equal if they have equal members, in any order.
#[derive(Clone, Debug)]
pub enum Data {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, with its escapes resolved.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, in the order of the file.
    Object(Vec<Member>),
}

/// A number, kept as it was written unless it is an integer.
#[derive(Clone, Debug)]
pub enum Number {
    /// An integer of 64 bits.
    Integer(i64),
    /// Anything else, as its text.
    Decimal(String),
}

/// One member of an object. Equality ignores the places.
#[derive(Clone, Debug)]
pub struct Member {
    /// The key, with its escapes resolved.
    pub key: String,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Value,
}

impl Member {
    /// A member that was made, not read: its key is where the value is.
    #[must_use]
    pub fn new(key: &str, value: Value) -> Self {
        Self { key: key.to_owned(), key_span: value.span, value }
    }
}

impl Value {
    /// A value that was made, not read, at the place it should be blamed on.
    #[must_use]
    pub fn new(span: Span, data: Data) -> Self {
        Self { span, data }
    }

    /// How many values it is made of, itself among them.
    #[must_use]
    pub fn count(&self) -> usize {
        let inside: usize = match &self.data {
            Data::Array(items) => items.iter().map(Self::count).sum(),
            Data::Object(members) => members.iter().map(|member| member.value.count()).sum(),
            _ => 0,
        };
        inside + 1
    }

    /// The member `key` of an object, whatever its letter case (real files mix `addressPrefix` and `AddressPrefix`);
    /// an exact match goes first. `None` if this is no object or has no such member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.member(key).map(|member| &member.value)
    }

    /// As [`Value::get`], with the key's place.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Member> {
        let members = self.as_object()?;
        let exact = members.iter().find(|member| member.key == key);
        exact.or_else(|| members.iter().find(|member| member.key.eq_ignore_ascii_case(key)))
    }

    /// Follows keys through nested objects: `path(&["properties", "subnet", "id"])`.
    #[must_use]
    pub fn path(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean, also one written as the string `"true"` or `"False"`, as real files do.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.data {
            Data::Bool(value) => Some(*value),
            Data::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Data::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A non-negative integer, also one written as a string.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_i64()?).ok()
    }

    /// An integer, also one written as a string or as a decimal without a fraction (`4.0`).
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.data {
            Data::Number(number) => number.as_i64(),
            Data::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The items of an array; empty for anything else.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        match &self.data {
            Data::Array(items) => items,
            _ => &[],
        }
    }

    /// The members of an object; empty for anything else.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        self.as_object().unwrap_or(&[])
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[Member]> {
        match &self.data {
            Data::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.data == Data::Null
    }

    /// What kind of value this is, for messages: "a string", "an object", ...
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(Number::Integer(_)) => "an integer",
            Data::Number(Number::Decimal(_)) => "a number",
            Data::String(_) => "a string",
            Data::Array(_) => "an array",
            Data::Object(_) => "an object",
        }
    }

    /// The same value with every span in it replaced.
    #[must_use]
    pub fn moved_to(mut self, span: Span) -> Self {
        self.move_to(span);
        self
    }

    fn move_to(&mut self, span: Span) {
        self.span = span;
        match &mut self.data {
            Data::Array(items) => items.iter_mut().for_each(|item| item.move_to(span)),
            Data::Object(members) => {
                for member in members {
                    member.key_span = span;
                    member.value.move_to(span);
                }
            }
            _ => {}
        }
    }
}

impl Number {
    /// The integer, if it is one (`4.0` is).
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Decimal(text) => {
                let value = text.parse::<f64>().ok()?;
                // Beyond 2^53 a float no longer says which integer was meant.
                (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
            }
        }
    }

    /// The number as a float.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        match self {
            Self::Integer(value) => *value as f64,
            Self::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => left == right,
            (Self::Object(left), Self::Object(right)) => left.len() == right.len() && sorted(left) == sorted(right),
            _ => false,
        }
    }
}

fn sorted(members: &[Member]) -> Vec<&Member> {
    let mut members: Vec<&Member> = members.iter().collect();
    members.sort_by(|left, right| left.key.cmp(&right.key));
    members
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left == right,
            (Self::Decimal(left), Self::Decimal(right)) if left == right => true,
            _ => self.as_f64() == other.as_f64(),
        }
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Data {
    fn from(value: i64) -> Self {
        Self::Number(Number::Integer(value))
    }
}

impl From<bool> for Data {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

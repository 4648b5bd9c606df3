//! Expressions of a Bake file to values, as far as they are certain.

use std::collections::BTreeMap;

use hcl_edit::{
    expr::{BinaryOperator, Expression, ForExpr, FuncCall, ObjectKey, Traversal, TraversalOperator, UnaryOperator},
    template::{Element, Template},
};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Val {
    /// It depends on what is not known.
    Unknown,
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Val>),
    Map(BTreeMap<String, Val>),
}

impl Val {
    /// The texts of a list.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::text).collect(),
            _ => Vec::new(),
        }
    }

    /// The members of a list as they can be shown.
    pub(super) fn shown(&self) -> Vec<String> {
        let one = |it: &Self| match it {
            Self::Map(map) => {
                let pairs = map.iter().map(|(key, it)| format!("{key}={}", it.text().unwrap_or_else(|| "…".into())));
                pairs.collect::<Vec<_>>().join(",")
            }
            other => other.text().unwrap_or_else(|| "…".into()),
        };
        match self {
            Self::List(items) => items.iter().filter(|it| **it != Self::Null).map(one).collect(),
            Self::Null => Vec::new(),
            other => vec![one(other)],
        }
    }

    /// It as a part of a text.
    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Bool(it) => Some(it.to_string()),
            Self::Number(it) => Some(it.to_string()),
            Self::Unknown | Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn or_unknown(it: Option<Self>) -> Self {
        it.unwrap_or(Self::Unknown)
    }
}

/// A function that the file defines.
#[derive(Clone, Debug)]
pub(super) struct Function {
    params: Vec<String>,
    result: Expression,
}

impl Function {
    pub(super) fn of(params: Option<&Expression>, result: Option<Expression>) -> Option<Self> {
        let Some(Expression::Array(params)) = params else { return None };
        let name = |it: &Expression| match it {
            Expression::Variable(name) => Some(name.value().as_str().to_owned()),
            Expression::String(name) => Some(name.value().as_str().to_owned()),
            _ => None,
        };
        Some(Self { params: params.iter().map(name).collect::<Option<_>>()?, result: result? })
    }
}

/// What names mean.
pub(super) struct Scope<'a> {
    variables: &'a BTreeMap<String, Expression>,
    functions: &'a BTreeMap<String, Function>,
    /// The variables of a matrix, a function or a `for`.
    pub(super) local: BTreeMap<String, Val>,
    depth: usize,
    /// How much may still be computed; loops in loops would go on for ever.
    left: usize,
}

impl<'a> Scope<'a> {
    const DEEPEST: usize = 64;
    const MOST_STEPS: usize = 200_000;
    const LONGEST: usize = 1 << 16;

    pub(super) fn of(variables: &'a BTreeMap<String, Expression>, functions: &'a BTreeMap<String, Function>) -> Self {
        Self { variables, functions, local: BTreeMap::new(), depth: 0, left: Self::MOST_STEPS }
    }

    /// The value of an expression.
    pub(super) fn value(&mut self, expression: &Expression) -> Val {
        if self.depth >= Self::DEEPEST || self.left == 0 {
            return Val::Unknown;
        }
        self.depth += 1;
        self.left -= 1;
        let value = self.compute(expression);
        self.depth -= 1;
        value
    }

    fn compute(&mut self, expression: &Expression) -> Val {
        match expression {
            Expression::Null(_) => Val::Null,
            Expression::Bool(it) => Val::Bool(*it.value()),
            Expression::Number(it) => Val::or_unknown(it.value().as_i64().map(Val::Number)),
            Expression::String(it) => Val::Text(it.value().as_str().to_owned()),
            Expression::Array(items) => Val::List(items.iter().map(|it| self.value(it)).collect()),
            Expression::Object(object) => {
                let mut map = BTreeMap::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) => Some(name.value().as_str().to_owned()),
                        ObjectKey::Expression(it) => self.value(it).text(),
                    };
                    let Some(key) = key else { return Val::Unknown };
                    map.insert(key, self.value(value.expr()));
                }
                Val::Map(map)
            }
            Expression::StringTemplate(it) => {
                let elements: Vec<_> = it.iter().collect();
                self.elements(&elements)
            }
            Expression::HeredocTemplate(it) => self.template(&it.template),
            Expression::Parenthesis(it) => self.value(it.inner()),
            Expression::Variable(name) => self.variable(name.value().as_str()),
            Expression::Conditional(it) => match self.value(&it.cond_expr) {
                Val::Bool(true) => self.value(&it.true_expr),
                Val::Bool(false) => self.value(&it.false_expr),
                _ => Val::Unknown,
            },
            Expression::FuncCall(it) => self.call(it),
            Expression::Traversal(it) => self.traversal(it),
            Expression::UnaryOp(it) => match (*it.operator.value(), self.value(&it.expr)) {
                (UnaryOperator::Not, Val::Bool(it)) => Val::Bool(!it),
                (UnaryOperator::Neg, Val::Number(it)) => Val::Number(-it),
                _ => Val::Unknown,
            },
            Expression::BinaryOp(it) => {
                let (left, right) = (self.value(&it.lhs_expr), self.value(&it.rhs_expr));
                binary(*it.operator.value(), &left, &right)
            }
            Expression::ForExpr(it) => self.for_each(it),
        }
    }

    fn template(&mut self, template: &Template) -> Val {
        let elements: Vec<_> = template.iter().collect();
        self.elements(&elements)
    }

    fn elements(&mut self, elements: &[&Element]) -> Val {
        // A template of nothing but one expression is that expression.
        if let [Element::Interpolation(it)] = elements {
            return self.value(&it.expr);
        }
        let mut out = String::new();
        for element in elements {
            match element {
                Element::Literal(it) => out.push_str(it.value().as_str()),
                Element::Interpolation(it) => match self.value(&it.expr) {
                    // A variable that is not set is an empty text here.
                    Val::Null => {}
                    value => match value.text() {
                        Some(text) => out.push_str(&text),
                        None => return Val::Unknown,
                    },
                },
                Element::Directive(_) => return Val::Unknown,
            }
            if out.len() > Self::LONGEST {
                return Val::Unknown;
            }
        }
        Val::Text(out)
    }

    fn variable(&mut self, name: &str) -> Val {
        if let Some(local) = self.local.get(name) {
            return local.clone();
        }
        let Some(expression) = self.variables.get(name) else { return Val::Unknown };
        // Its own names are those of the file.
        let local = std::mem::take(&mut self.local);
        let value = self.value(expression);
        self.local = local;
        value
    }

    fn traversal(&mut self, traversal: &Traversal) -> Val {
        let mut value = self.value(&traversal.expr);
        for operator in &traversal.operators {
            let key = match operator.value() {
                TraversalOperator::GetAttr(name) => Val::Text(name.value().as_str().to_owned()),
                TraversalOperator::Index(it) => self.value(it),
                TraversalOperator::LegacyIndex(it) => Val::or_unknown(i64::try_from(*it.value()).ok().map(Val::Number)),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => return Val::Unknown,
            };
            value = match (value, key) {
                (Val::Map(mut map), Val::Text(key)) => Val::or_unknown(map.remove(&key)),
                (Val::List(items), Val::Number(at)) => {
                    Val::or_unknown(usize::try_from(at).ok().and_then(|at| items.get(at).cloned()))
                }
                _ => return Val::Unknown,
            };
        }
        value
    }

    fn for_each(&mut self, it: &ForExpr) -> Val {
        let pairs: Vec<(Val, Val)> = match self.value(&it.intro.collection_expr) {
            Val::List(items) => (0..).zip(items).map(|(at, it)| (Val::Number(at), it)).collect(),
            Val::Map(map) => map.into_iter().map(|(key, it)| (Val::Text(key), it)).collect(),
            _ => return Val::Unknown,
        };
        if it.grouping {
            return Val::Unknown;
        }
        let outer = self.local.clone();
        let (mut list, mut map) = (Vec::new(), BTreeMap::new());
        let mut known = true;
        for (key, value) in pairs {
            if let Some(name) = &it.intro.key_var {
                self.local.insert(name.value().as_str().to_owned(), key);
            }
            self.local.insert(it.intro.value_var.value().as_str().to_owned(), value);
            match it.cond.as_ref().map(|it| self.value(&it.expr)) {
                None | Some(Val::Bool(true)) => {}
                Some(Val::Bool(false)) => continue,
                Some(_) => known = false,
            }
            let value = self.value(&it.value_expr);
            match it.key_expr.as_ref().map(|it| self.value(it).text()) {
                None => list.push(value),
                Some(Some(key)) => {
                    map.insert(key, value);
                }
                Some(None) => known = false,
            }
        }
        self.local = outer;
        match (known, &it.key_expr) {
            (false, _) => Val::Unknown,
            (true, Some(_)) => Val::Map(map),
            (true, None) => Val::List(list),
        }
    }

    fn call(&mut self, call: &FuncCall) -> Val {
        let name = call.name.name.value().as_str();
        if call.name.is_namespaced() || call.args.expand_final() {
            return Val::Unknown;
        }
        let args: Vec<Val> = call.args.iter().map(|it| self.value(it)).collect();
        let functions = self.functions;
        if let Some(function) = functions.get(name) {
            if function.params.len() != args.len() {
                return Val::Unknown;
            }
            let local = std::mem::replace(&mut self.local, function.params.iter().cloned().zip(args).collect());
            let value = self.value(&function.result);
            self.local = local;
            return value;
        }
        builtin(name, args)
    }
}

fn binary(operator: BinaryOperator, left: &Val, right: &Val) -> Val {
    match (operator, left, right) {
        (BinaryOperator::And, Val::Bool(false), _) | (BinaryOperator::And, _, Val::Bool(false)) => Val::Bool(false),
        (BinaryOperator::Or, Val::Bool(true), _) | (BinaryOperator::Or, _, Val::Bool(true)) => Val::Bool(true),
        (_, Val::Unknown, _) | (_, _, Val::Unknown) => Val::Unknown,
        (BinaryOperator::Eq, ..) => Val::Bool(left == right),
        (BinaryOperator::NotEq, ..) => Val::Bool(left != right),
        (BinaryOperator::And, Val::Bool(left), Val::Bool(right)) => Val::Bool(*left && *right),
        (BinaryOperator::Or, Val::Bool(left), Val::Bool(right)) => Val::Bool(*left || *right),
        _ => Val::Unknown,
    }
}

/// The functions of Bake that file paths and names are made with.
fn builtin(name: &str, args: Vec<Val>) -> Val {
    let texts = |list: &Val| match list {
        Val::List(items) => items.iter().map(Val::text).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    if name == "concat" {
        let lists = args.into_iter().map(|it| if let Val::List(items) = it { Some(items) } else { None });
        return Val::or_unknown(lists.collect::<Option<Vec<_>>>().map(|it| Val::List(it.concat())));
    }
    match (name, &args[..]) {
        ("equal", [left, right]) => binary(BinaryOperator::Eq, left, right),
        ("notequal", [left, right]) => binary(BinaryOperator::NotEq, left, right),
        ("and", [left, right]) => binary(BinaryOperator::And, left, right),
        ("or", [left, right]) => binary(BinaryOperator::Or, left, right),
        ("not", [Val::Bool(it)]) => Val::Bool(!it),
        ("lower", [Val::Text(it)]) => Val::Text(it.to_lowercase()),
        ("upper", [Val::Text(it)]) => Val::Text(it.to_uppercase()),
        ("trimspace", [Val::Text(it)]) => Val::Text(it.trim().to_owned()),
        ("trimprefix", [Val::Text(it), Val::Text(end)]) => Val::Text(it.strip_prefix(&**end).unwrap_or(it).to_owned()),
        ("trimsuffix", [Val::Text(it), Val::Text(end)]) => Val::Text(it.strip_suffix(&**end).unwrap_or(it).to_owned()),
        ("replace", [Val::Text(it), Val::Text(old), Val::Text(new)]) if !old.is_empty() => {
            Val::Text(it.replace(&**old, new))
        }
        ("join", [Val::Text(separator), list]) => Val::or_unknown(texts(list).map(|it| Val::Text(it.join(separator)))),
        ("split", [Val::Text(separator), Val::Text(it)]) if !separator.is_empty() => {
            Val::List(it.split(&**separator).map(|it| Val::Text(it.to_owned())).collect())
        }
        _ => Val::Unknown,
    }
}

//! Whether something that stands in a guard's place can turn anybody away.
//!
//! Python: decorators, dependencies, hooks, middleware, permission classes. What can be read is
//! judged by what it does; names decide for the rest, and then only as "it may".

use std::cell::RefCell;
use std::rc::Rc;

use caveat_parser::Role;
use rustc_hash::FxHashMap;

use super::summary::{self, Summary};
use super::words;
use super::world::{At, Meaning, World};

/// What a thing in a guard's place is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// It has nothing to do with who is asking.
    None,
    /// It looks like a guard and lets everybody pass.
    Null,
    /// It may be a guard: its name says so, and it cannot be read to the end.
    Unknown,
    /// It can turn somebody away.
    Guard,
}

/// How far calls are followed.
const DEPTH: u32 = 4;
/// How far they are followed for what they change.
const EFFECT_DEPTH: u32 = 2;

/// Decorators and the like of well-known libraries that turn away who is not signed in or has
/// not the right.
const KNOWN: &[&str] = &[
    "LoginRequiredMixin",
    "LoginRequiredMiddleware",
    "PermissionRequiredMixin",
    "UserPassesTestMixin",
    "AccessMixin",
    "auth_required",
    "auth_token_required",
    "authenticated",
    "fresh_jwt_required",
    "fresh_login_required",
    "has_access",
    "has_access_api",
    "http_auth_required",
    "jwt_required",
    "jwt_refresh_token_required",
    "login_required",
    "permission_required",
    "permissions_accepted",
    "permissions_required",
    "protect",
    "requires",
    "requires_auth",
    "roles_accepted",
    "roles_required",
    "staff_member_required",
    "superuser_required",
    "token_required",
    "user_passes_test",
    "admin_required",
];

/// Things of libraries that only say who is asking, or something else altogether.
const HARMLESS: &[&str] = &[
    "AuthenticationMiddleware",
    "CORSMiddleware",
    "GZipMiddleware",
    "HTTPSRedirectMiddleware",
    "OAuth2PasswordRequestForm",
    "OAuth2PasswordRequestFormStrict",
    "ProxyHeadersMiddleware",
    "SessionMiddleware",
    "TrustedHostMiddleware",
    "csrf_exempt",
    "login_not_required",
    "ensure_csrf_cookie",
    "require_GET",
    "require_POST",
    "require_http_methods",
    "require_safe",
    "sensitive_post_parameters",
    "sensitive_variables",
    "never_cache",
    "vary_on_cookie",
    "BaseHTTPMiddleware",
    "RequestValidationError",
    "user_loader",
    "header_loader",
    "wraps",
    "request_loader",
    "expect",
    "response",
    "marshal_with",
    "produces",
    "consumes",
    "doc",
];

/// Answers about guards, remembered.
pub struct Guards<'w> {
    world: &'w World<'w>,
    known: RefCell<FxHashMap<At, Strength>>,
    summaries: RefCell<FxHashMap<At, Rc<Summary>>>,
}

impl<'w> Guards<'w> {
    /// Nothing is known yet.
    pub fn new(world: &'w World<'w>) -> Self {
        Guards {
            world,
            known: RefCell::default(),
            summaries: RefCell::default(),
        }
    }

    /// Judges an expression in a guard's place: `login_required`, `Depends(f)`, `requires("x")`.
    pub fn of(&self, at: At) -> Strength {
        self.judge(at, DEPTH)
    }

    fn judge(&self, at: At, depth: u32) -> Strength {
        if depth == 0 {
            return Strength::Unknown;
        }
        let world = self.world;
        match world.role(at) {
            Role::Call => self.call(at, depth),
            Role::Function => self.function(at, depth),
            Role::Class => self.class(at, depth),
            Role::Lambda => self.by_summary(at, "", depth),
            Role::List | Role::Tuple => {
                let items = world.children(at).map(|it| self.judge(it, depth));
                items.max().unwrap_or(Strength::None)
            }
            Role::Identifier | Role::Attribute => self.name(at, None, depth),
            Role::Binary | Role::Unary | Role::Not | Role::BooleanOperator => {
                let items = world
                    .children(at)
                    .filter(|&it| world.role(it) != Role::Token);
                items
                    .map(|it| self.judge(it, depth))
                    .max()
                    .unwrap_or(Strength::None)
            }
            _ => Strength::None,
        }
    }

    fn call(&self, call: At, depth: u32) -> Strength {
        let world = self.world;
        let first = world.positional(call).first().copied();
        match world.callee_name(call) {
            Some(
                "Depends" | "Security" | "Provide" | "partial" | "method_decorator" | "Middleware",
            ) => {
                let keyword = world.keyword(call, "dependency");
                first
                    .or(keyword)
                    .map_or(Strength::None, |it| self.judge(it, depth))
            }
            Some("jwt_required" | "auth_required" | "login_required")
                if is_true(world, world.keyword(call, "optional")) =>
            {
                Strength::None
            }
            _ => match world.callee(call) {
                Some(callee) => self.name(callee, Some(call), depth),
                None => Strength::None,
            },
        }
    }

    fn name(&self, at: At, call: Option<At>, depth: u32) -> Strength {
        let world = self.world;
        let last = world
            .path(at)
            .and_then(|path| path.last().copied())
            .unwrap_or("");
        match world.meaning(at) {
            Meaning::Place(place, rest) if rest.is_empty() => match world.role(place) {
                Role::Function | Role::Class | Role::Lambda => self.judge(place, depth - 1),
                Role::Identifier | Role::Attribute => self.judge(place, depth - 1),
                Role::Call if place != call.unwrap_or(at) => {
                    self.judge(place, depth - 1).max(by_name(last))
                }
                Role::String | Role::Integer | Role::None | Role::Boolean => Strength::None,
                _ => by_name(last),
            },
            Meaning::Place(place, rest) => self.member(place, &rest, depth),
            Meaning::Outside(path) => by_name(path.last().copied().unwrap_or(last)),
            Meaning::Unknown => by_name(last),
        }
    }

    /// A member of a value: `auth.login_required` where `auth = Auth()`.
    fn member(&self, value: At, rest: &[&str], depth: u32) -> Strength {
        let world = self.world;
        let last = rest.last().copied().unwrap_or("");
        let class = match world.role(value) {
            Role::Class => Some(value),
            Role::Call => world.callee(value).and_then(|it| match world.meaning(it) {
                Meaning::Place(at, _) if world.role(at) == Role::Class => Some(at),
                _ => None,
            }),
            _ => None,
        };
        if let (Some(class), [name]) = (class, rest) {
            let (classes, _) = world.ancestry(class);
            let mut methods = classes.into_iter().flat_map(|class| world.methods(class));
            if let Some(method) = methods.find(|&it| world.name(it) == *name) {
                return self.judge(method, depth - 1);
            }
        }
        by_name(last)
    }

    fn function(&self, function: At, depth: u32) -> Strength {
        if let Some(&known) = self.known.borrow().get(&function) {
            return known;
        }
        // A cycle asks for itself: until the answer is there, it is open.
        self.known.borrow_mut().insert(function, Strength::Unknown);
        let name = self.world.name(function).to_owned();
        let strength = self
            .by_summary(function, &name, depth)
            .max(self.parameters(function, depth));
        self.known.borrow_mut().insert(function, strength);
        strength
    }

    fn parameters(&self, function: At, depth: u32) -> Strength {
        if self.world.is_rust(function) {
            return Strength::None;
        }
        let found = dependencies(self.world, function);
        let strengths = found.into_iter().map(|it| self.judge(it, depth - 1));
        strengths.max().unwrap_or(Strength::None)
    }

    fn by_summary(&self, code: At, name: &str, depth: u32) -> Strength {
        let summary = self.summary(code);
        let looks_like = words::may_guard(name);
        let optional = words::split(name).iter().any(|word| word == "optional");
        if summary.denies && (summary.identity || looks_like) && !optional {
            return Strength::Guard;
        }
        let inner = summary.calls.iter().map(|&call| self.callee(call, depth));
        let inner = inner.max().unwrap_or(Strength::None);
        if inner == Strength::Guard {
            return Strength::Guard;
        }
        if looks_like && !optional {
            return match summary.stub && words::promises(name) && !self.is_abstract(code) {
                true => Strength::Null,
                false => Strength::Unknown,
            };
        }
        match summary.checks.is_empty() || optional {
            true => Strength::None,
            false => Strength::Unknown,
        }
    }

    /// What a call in a guard's body is worth: only functions of the project that can be read.
    fn callee(&self, call: At, depth: u32) -> Strength {
        let Some(callee) = self.world.callee(call) else {
            return Strength::None;
        };
        match self.world.meaning(callee) {
            Meaning::Place(place, rest)
                if rest.is_empty() && self.world.role(place) == Role::Function && depth > 1 =>
            {
                match self.function(place, depth - 1) {
                    Strength::Guard => Strength::Guard,
                    _ => Strength::None,
                }
            }
            _ => Strength::None,
        }
    }

    fn is_abstract(&self, code: At) -> bool {
        let world = self.world;
        let decorators = world.decorators(code);
        decorators
            .iter()
            .any(|&it| world.text(it).contains("abstract"))
            || world.text(code).contains("NotImplementedError")
    }

    /// A class in a guard's place: a dependency, a middleware, a permission.
    fn class(&self, class: At, depth: u32) -> Strength {
        let world = self.world;
        let name = world.name(class).to_owned();
        // A token against forged forms, a limit or a header is no question of who is asking.
        if words::is_other(&name) {
            return Strength::None;
        }
        let (classes, outside) = world.ancestry(class);
        let strongest = classes
            .iter()
            .flat_map(|&it| world.methods(it))
            .filter(|&it| world.name(it) != "__init__" || world.name(it) == "dispatch")
            .map(|method| self.function(method, depth))
            .max()
            .unwrap_or(Strength::None);
        let permits = classes.iter().flat_map(|&it| world.methods(it));
        let permission = permits.into_iter().any(|it| {
            matches!(
                world.name(it),
                "has_permission" | "has_object_permission" | "test_func"
            )
        });
        if strongest == Strength::Guard || permission {
            return Strength::Guard;
        }
        let known = outside
            .iter()
            .filter_map(|path| path.last())
            .map(|it| by_name(it));
        strongest
            .max(known.max().unwrap_or(Strength::None))
            .max(by_name(&name))
    }

    fn summary(&self, code: At) -> Rc<Summary> {
        if let Some(known) = self.summaries.borrow().get(&code) {
            return Rc::clone(known);
        }
        let summary = Rc::new(summary::of(self.world, code));
        self.summaries
            .borrow_mut()
            .insert(code, Rc::clone(&summary));
        summary
    }

    /// Adds the effects of the functions that a body calls.
    fn effects(&self, summary: &mut Summary, depth: u32) {
        let world = self.world;
        for call in summary.calls.clone() {
            let Some(callee) = world.callee(call) else {
                continue;
            };
            let function = match world.meaning(callee) {
                Meaning::Place(place, rest)
                    if rest.is_empty() && world.role(place) == Role::Function =>
                {
                    place
                }
                _ => continue,
            };
            let mut inner = (*self.summary(function)).clone();
            if depth > 1 {
                self.effects(&mut inner, depth - 1);
            }
            if summary.danger.is_none() {
                summary.danger = inner.danger;
            }
            if summary.change.is_none() && summary.remote.is_none() {
                summary.remote = inner.change.or(inner.remote);
            }
        }
    }

    /// What a handler's own body does about who is asking.
    pub fn body(&self, function: At) -> (Strength, Summary) {
        let summary = (*self.summary(function)).clone();
        let inner = summary.calls.iter().map(|&call| self.callee(call, DEPTH));
        let inner = inner.max().unwrap_or(Strength::None);
        let mut summary = summary;
        self.effects(&mut summary, EFFECT_DEPTH);
        let strength = match () {
            () if inner == Strength::Guard => Strength::Guard,
            () if summary.denies && summary.identity => Strength::Guard,
            () if !summary.checks.is_empty() || summary.gated => Strength::Unknown,
            () => Strength::None,
        };
        (strength, summary)
    }
}

/// What a name says.
pub fn by_name(name: &str) -> Strength {
    match () {
        () if HARMLESS.contains(&name) => Strength::None,
        () if KNOWN.contains(&name) => Strength::Guard,
        () if words::may_guard(name) => Strength::Unknown,
        () => Strength::None,
    }
}

/// Whether a name is that of a guard of a well-known library.
pub fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

fn is_true(world: &World<'_>, at: Option<At>) -> bool {
    at.is_some_and(|at| world.text(at) == "True")
}

/// What the parameters of a function depend on: `Depends(f)` as default, in `Annotated`, and in
/// aliases for such types.
pub fn dependencies(world: &World<'_>, function: At) -> Vec<At> {
    use caveat_parser::Field;
    let Some(list) = world.field(function, Field::Parameters) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for parameter in world.children(list) {
        let kind = world.field(parameter, Field::Type);
        for at in [world.field(parameter, Field::Value), kind]
            .into_iter()
            .flatten()
        {
            let before = found.len();
            found.extend(depends(world, at));
            // `= Depends()` builds the annotated class.
            if found.len() == before && world.text(at).starts_with("Depends()") {
                found.extend(kind);
            }
            if found.len() == before && matches!(world.role(at), Role::Identifier | Role::Attribute)
            {
                found.extend(alias(world, at));
            }
        }
    }
    found
}

/// The calls of `Depends` below a node.
pub fn depends(world: &World<'_>, at: At) -> Vec<At> {
    let is_call = |it: &At| {
        matches!(world.callee_name(*it), Some("Depends" | "Security"))
            && !world.positional(*it).is_empty()
    };
    world.subtree(at).filter(is_call).collect()
}

/// What an annotation stands for: `CurrentUser = Annotated[User, Depends(f)]`.
fn alias(world: &World<'_>, at: At) -> Vec<At> {
    match world.meaning(at) {
        Meaning::Place(value, rest) if rest.is_empty() => match world.role(value) {
            Role::Class | Role::Function => Vec::new(),
            _ => depends(world, value),
        },
        Meaning::Place(..) => Vec::new(),
        _ => {
            let last = world
                .path(at)
                .and_then(|path| path.last().copied())
                .unwrap_or("");
            let sure = words::split(last)
                .iter()
                .any(|word| matches!(&**word, "current" | "authenticated" | "auth" | "dep"));
            if sure && words::may_guard(last) {
                vec![at]
            } else {
                Vec::new()
            }
        }
    }
}

/// The function or class behind an expression in a guard's place.
pub fn definition(world: &World<'_>, at: At) -> Option<At> {
    match world.role(at) {
        Role::Function | Role::Class => Some(at),
        Role::Call => {
            let inner = match world.callee_name(at) {
                Some("Depends" | "Security") => *world.positional(at).first()?,
                _ => world.callee(at)?,
            };
            definition(world, inner)
        }
        _ => match world.meaning(at) {
            Meaning::Place(place, rest) if rest.is_empty() && place != at => {
                definition(world, place)
            }
            _ => None,
        },
    }
}

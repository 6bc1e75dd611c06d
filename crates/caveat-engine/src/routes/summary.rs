//! What the body of a function does, as far as its own text says: whether it can turn somebody
//! away, whether it looks at who is asking, what it changes.
//!
//! It follows no names; who wants to know of callees asks again for them.

use caveat_parser::{Field, Role};

use super::words;
use super::world::{At, World};

/// What a body does.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// It answers "no", or raises what becomes such an answer.
    pub denies: bool,
    /// It reads who is asking.
    pub identity: bool,
    /// Calls whose names say that they check who is asking.
    pub checks: Vec<String>,
    /// The first call that changes something, as its name says.
    pub change: Option<String>,
    /// What a function that it calls changes.
    pub remote: Option<String>,
    /// It ends early unless a switch for development is on.
    pub gated: bool,
    /// The first call that runs code or programs, or ends the process.
    pub danger: Option<String>,
    /// A statement that reaches into users, roles or keys.
    pub people: Option<String>,
    /// Calls of any kind.
    pub calls: Vec<At>,
    /// Nothing in it can fail or differ from call to call: constants, mocks, `pass`.
    pub stub: bool,
}

/// Longest statement whose text is searched for words of denial, in bytes.
const LONGEST: usize = 400;

/// Parts of text that speak of turning somebody away.
const DENIALS: &[&str] = &[
    "401",
    "403",
    "unauthor",
    "forbidden",
    "permission",
    "not_authenticated",
    "notauthenticated",
    "authenticationfailed",
    "authfailed",
    "accessdenied",
    "access_denied",
    "access denied",
    "credential",
    "login",
    "not authorized",
    "authenticationerror",
    "autherror",
    "invalidtoken",
    "invalid_token",
    "unauthenticated",
    "sign_in",
    "signin",
    "invalid token",
    "invalid api key",
    "status::permission",
    "4401",
    "4403",
    "1008",
    "policy_violation",
];

/// Summarizes a function, or any piece of code.
pub fn of(world: &World<'_>, code: At) -> Summary {
    let mut summary = Summary {
        stub: true,
        ..Summary::default()
    };
    for at in world.subtree(code) {
        match world.role(at) {
            Role::Raise => {
                summary.stub = false;
                summary.denies |= speaks_of_denial(world, at);
            }
            Role::Return => {
                summary.denies |= speaks_of_denial(world, at) && !is_plain_value(world, at);
            }
            Role::If => {
                summary.stub = false;
                summary.gated |= is_gate(world, at);
            }
            Role::QuestionMark
            | Role::Try
            | Role::Match
            | Role::Await
            | Role::Yield
            | Role::With
            | Role::For
            | Role::Assert
            | Role::Subscript => summary.stub = false,
            Role::Call => summary.call(world, at),
            Role::MacroCall => summary.denies |= false,
            Role::Identifier => summary.name(world, at),
            Role::Attribute => {
                let text = world.text(at);
                summary.identity |= is_identity_read(text);
                summary.stub &= text == "functools.wraps";
            }
            Role::String => {
                let text = world.text(at).to_ascii_lowercase();
                summary.identity |= ["authorization\"", "x-api-key", "x-auth", "'authorization'"]
                    .iter()
                    .any(|word| text.contains(word));
            }
            _ => {}
        }
    }
    summary
}

/// `if not app.debug: abort(404)`.
fn is_gate(world: &World<'_>, at: At) -> bool {
    let condition = world.field(at, Field::Condition);
    let text = condition
        .map_or("", |it| world.text(it))
        .to_ascii_lowercase();
    let leaves = |it: At| {
        matches!(world.role(it), Role::Return | Role::Raise)
            || world.callee_name(it) == Some("abort")
    };
    (text.contains("testing") || text.contains("debug")) && world.subtree(at).any(leaves)
}

fn is_identity_read(text: &str) -> bool {
    text.len() < 80
        && [
            "request.user",
            "current_user",
            "g.user",
            "ctx.user",
            "ctx.session",
            "is_authenticated",
            "scope[\"user\"]",
            "state.user",
            "request.auth",
            "request.session",
            "cookies",
            ".is_admin",
            ".is_superuser",
            ".is_staff",
            "request.headers",
            "request.authorization",
        ]
        .iter()
        .any(|word| text.contains(word))
}

/// `return token`: a value that happens to have such a name.
fn is_plain_value(world: &World<'_>, at: At) -> bool {
    world.children(at).next().is_none_or(|value| {
        matches!(
            world.role(value),
            Role::Identifier | Role::Attribute | Role::String
        )
    })
}

fn speaks_of_denial(world: &World<'_>, at: At) -> bool {
    let text = world.text(at);
    let end = (0..=LONGEST.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    let text = text[..end.unwrap_or(0)].to_ascii_lowercase();
    DENIALS.iter().any(|word| text.contains(word))
}

impl Summary {
    fn name(&mut self, world: &World<'_>, at: At) {
        let name = world.text(at);
        self.identity |= words::is_identity(name);
        if world.is_rust(at) {
            self.denies |= matches!(
                name,
                "UNAUTHORIZED"
                    | "FORBIDDEN"
                    | "Unauthorized"
                    | "Forbidden"
                    | "ErrorUnauthorized"
                    | "ErrorForbidden"
                    | "Unauthenticated"
                    | "unauthenticated"
                    | "permission_denied"
                    | "PermissionDenied"
                    | "AccessDenied"
                    | "NotAuthorized"
                    | "unauthorized"
                    | "forbidden"
                    | "InvalidToken"
                    | "MissingToken"
                    | "AuthError"
                    | "MissingCredentials"
                    | "InvalidCredentials"
                    | "WrongCredentials"
                    | "PERMANENT_REDIRECT"
            );
        }
    }

    fn call(&mut self, world: &World<'_>, call: At) {
        self.calls.push(call);
        let Some(name) = world.callee_name(call) else {
            return;
        };
        let whole = world.callee(call).map_or("", |callee| world.text(callee));
        // A wrapper calls what it wraps; a mock is made of constants.
        const WRAPPED: &[&str] = &[
            "f",
            "fn",
            "func",
            "function",
            "view",
            "view_func",
            "handler",
            "endpoint",
            "wraps",
        ];
        let is_mock = name.starts_with(char::is_uppercase)
            && world
                .positional(call)
                .iter()
                .all(|&it| world.role(it) != Role::Identifier);
        self.stub &= is_mock || WRAPPED.contains(&name);
        if matches!(
            name,
            "abort" | "send_error" | "set_status" | "redirect" | "close" | "HTTPError"
        ) {
            self.denies |= speaks_of_denial(world, call);
        }
        if words::is_check(name) {
            self.checks.push(name.to_owned());
        }
        if self.danger.is_none() && is_danger(whole, name) {
            self.danger = Some(whole.to_owned());
        }
        if self.change.is_none() && is_change(world, call, whole, name) {
            self.change = Some(name.to_owned());
        }
        let person = |word: &String| {
            matches!(
                &**word,
                "user" | "users" | "role" | "roles" | "password" | "admin"
            )
        };
        if self.people.is_none() && words::is_change(name) && words::split(whole).iter().any(person)
        {
            self.people = Some(name.to_owned());
        }
    }
}

/// Programs, code, the process itself.
fn is_danger(whole: &str, name: &str) -> bool {
    let starts = |prefix: &str| whole.starts_with(prefix);
    starts("subprocess.")
        || matches!(
            whole,
            "os.system"
                | "os.popen"
                | "os.kill"
                | "os._exit"
                | "eval"
                | "exec"
                | "pickle.loads"
                | "pickle.load"
                | "Command::new"
                | "asyncio.create_subprocess_exec"
                | "asyncio.create_subprocess_shell"
                | "std::process::exit"
                | "process::exit"
                | "shutil.rmtree"
                | "os.execv"
                | "render_template_string"
        )
        || matches!(
            name,
            "create_subprocess_shell" | "create_subprocess_exec" | "remove_dir_all"
        )
}

/// A call that changes what outlives the request. Changes of values in memory have the same
/// names, so what it is called on counts, too.
fn is_change(world: &World<'_>, call: At, whole: &str, name: &str) -> bool {
    if name == "execute" || name == "executemany" || name == "query" {
        let text = world.text(call).to_ascii_uppercase();
        return ["INSERT INTO", "UPDATE ", "DELETE FROM", "DROP TABLE"]
            .iter()
            .any(|word| text.contains(word));
    }
    if matches!(
        name,
        "append"
            | "set"
            | "put"
            | "insert"
            | "add"
            | "update"
            | "start"
            | "write"
            | "send"
            | "clear"
            | "replace"
            | "move"
            | "submit"
            | "apply"
            | "store"
            | "set_cookie"
            | "spawn"
    ) {
        let receiver = words::split(whole);
        return receiver.iter().any(|word| {
            matches!(
                &**word,
                "db" | "session"
                    | "repo"
                    | "repository"
                    | "service"
                    | "collection"
                    | "store"
                    | "storage"
                    | "dao"
                    | "crud"
                    | "manager"
                    | "objects"
                    | "database"
                    | "conn"
                    | "queue"
                    | "client"
                    | "redis"
                    | "table"
                    | "model"
                    | "mail"
                    | "mailer"
            )
        });
    }
    let plain = matches!(
        name,
        "set_header"
            | "set_status"
            | "add_header"
            | "register_error_handler"
            | "replace_all"
            | "update_wrapper"
            | "put_nowait"
            | "send_file"
            | "send_from_directory"
            | "send_error"
            | "write_error"
            | "import_module"
            | "set_cookie"
            | "set_data"
            | "add_argument"
    );
    !plain && words::is_change(name)
}

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
    /// It deals with data about people: accounts, addresses, passwords.
    pub personal: bool,
    /// It reads the records of all users.
    pub roster: Option<String>,
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
    "authentication error",
    "authentication failed",
    "authentication required",
    "authorization is",
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
    let own = locals(world, code);
    for at in world.subtree(code) {
        match world.role(at) {
            Role::Assignment | Role::AugmentedAssignment | Role::Delete => {
                summary.stub &= world.role(at) == Role::Assignment;
                summary.kept(world, at, &own);
            }
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
            Role::Call => {
                summary.call(world, at);
                summary.memory(world, at, &own, code);
            }
            Role::MacroCall => summary.denies |= false,
            Role::Identifier => summary.name(world, at),
            Role::Attribute => {
                let text = world.text(at);
                summary.identity |= is_identity_read(text);
                summary.stub &= text == "functools.wraps";
            }
            Role::String => {
                let text = world.text(at).to_ascii_lowercase();
                summary.text(&text);
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

/// Names that a function gives to values itself; what others call by a name that is not here
/// outlives the request.
fn locals<'w>(world: &'w World<'_>, code: At) -> Vec<&'w str> {
    let mut names = Vec::new();
    if world.is_rust(code) {
        return names;
    }
    if let Some(list) = world.field(code, Field::Parameters) {
        let all = world.subtree(list);
        names.extend(
            all.filter(|&it| world.role(it) == Role::Identifier)
                .map(|it| world.text(it)),
        );
    }
    for at in world.subtree(code) {
        let target = match world.role(at) {
            Role::Assignment | Role::For | Role::ForIn | Role::NamedExpression => world
                .field(at, Field::Left)
                .or_else(|| world.children(at).next()),
            Role::WithItem => world.children(at).last(),
            _ => None,
        };
        if let Some(target) = target
            && matches!(
                world.role(target),
                Role::Identifier | Role::Tuple | Role::Other
            )
        {
            let all = std::iter::once(target).chain(world.subtree(target));
            names.extend(
                all.filter(|&it| world.role(it) == Role::Identifier)
                    .map(|it| world.text(it)),
            );
        }
    }
    names
}

/// The first name of an expression.
fn root<'w>(world: &'w World<'_>, at: At) -> &'w str {
    let mut at = at;
    while matches!(
        world.role(at),
        Role::Attribute | Role::Subscript | Role::Call
    ) {
        match world.children(at).next() {
            Some(inner) => at = inner,
            None => return "",
        }
    }
    match world.role(at) {
        Role::Identifier => world.text(at),
        _ => "",
    }
}

/// Things that a request has to itself, whatever they are called.
const OWN: &[&str] = &[
    "", "self", "cls", "session", "request", "g", "flash", "response", "logger", "log", "logging",
    "app", "os", "sys", "print", "json", "jsonify", "datetime", "random", "re", "time", "resp",
];

fn speaks_of_denial(world: &World<'_>, at: At) -> bool {
    let text = world.text(at);
    let end = (0..=LONGEST.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    let text = text[..end.unwrap_or(0)].to_ascii_lowercase();
    DENIALS.iter().any(|word| text.contains(word))
}

impl Summary {
    /// `todos[id] = todo`, `del todos[id]`, where nobody in the function made `todos`.
    fn kept(&mut self, world: &World<'_>, at: At, own: &[&str]) {
        if world.is_rust(at) || self.change.is_some() {
            return;
        }
        let Some(target) = world
            .field(at, Field::Left)
            .or_else(|| world.children(at).next())
        else {
            return;
        };
        let name = root(world, target);
        if world.role(target) == Role::Subscript && !own.contains(&name) && !OWN.contains(&name) {
            self.change = Some(match world.role(at) {
                Role::Delete => format!("del {name}"),
                _ => format!("{name}[...] ="),
            });
        }
    }

    /// `todos.append(todo)`, `state.todos.lock().unwrap().insert(id, todo)`.
    fn memory(&mut self, world: &World<'_>, call: At, own: &[&str], code: At) {
        let Some((receiver, name)) = world.method(call).filter(|_| self.change.is_none()) else {
            return;
        };
        let changes = matches!(
            name,
            "append"
                | "pop"
                | "remove"
                | "clear"
                | "extend"
                | "insert"
                | "push"
                | "retain"
                | "update"
                | "popitem"
        );
        if !changes {
            return;
        }
        let kept = match world.is_rust(call) {
            true => is_locked(world, receiver, code),
            false => {
                let name = root(world, receiver);
                world.role(receiver) == Role::Identifier
                    && !own.contains(&name)
                    && !OWN.contains(&name)
            }
        };
        if kept {
            self.change = Some(name.to_owned());
        }
    }

    /// What strings say of people.
    fn text(&mut self, text: &str) {
        const COLUMNS: &[&str] = &["email", "password", "phone", "ssn", "salary"];
        self.personal |= COLUMNS.iter().any(|word| text.contains(word));
        if self.roster.is_none()
            && text.contains("select ")
            && !text.contains(" where ")
            && words::split(text)
                .windows(2)
                .any(|two| two[0] == "from" && is_people(&two[1]))
        {
            self.roster = Some(String::from("select"));
        }
    }

    fn name(&mut self, world: &World<'_>, at: At) {
        let name = world.text(at);
        self.identity |= words::is_identity(name);
        self.personal |= words::split(name).iter().any(|word| {
            is_people(word)
                || matches!(
                    &**word,
                    "email" | "phone" | "password" | "person" | "role" | "salary"
                )
        });
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
        if self.roster.is_none() && reads_people(name, whole) {
            self.roster = Some(name.to_owned());
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

/// Whether a word stands for people of whom one keeps records.
fn is_people(word: &str) -> bool {
    matches!(
        word,
        "user"
            | "users"
            | "account"
            | "accounts"
            | "customer"
            | "customers"
            | "employee"
            | "employees"
            | "patient"
            | "patients"
            | "person"
            | "persons"
    )
}

/// `User.query.all()`, `db.query(User).all()`, `session.exec(select(User)).all()`.
fn reads_people(name: &str, whole: &str) -> bool {
    if !matches!(
        name,
        "all" | "fetch_all" | "find" | "scan" | "to_list" | "find_all" | "list_all"
    ) {
        return false;
    }
    let words = words::split(whole);
    let narrowed = words.iter().any(|word| {
        matches!(
            &**word,
            "filter" | "where" | "by" | "get" | "me" | "current"
        )
    });
    !narrowed && words.iter().any(|word| is_people(word))
}

/// Whether a receiver is what a lock of shared state gives.
fn is_locked(world: &World<'_>, receiver: At, code: At) -> bool {
    let opens = |text: &str| text.contains(".lock()") || text.contains(".write()");
    let text = world.text(receiver);
    if opens(text) {
        return true;
    }
    world.role(receiver) == Role::Identifier
        && world.subtree(code).any(|it| {
            world.role(it) == Role::Let
                && world
                    .field(it, Field::Pattern)
                    .is_some_and(|pattern| world.text(pattern).trim_start_matches("mut ") == text)
                && world
                    .field(it, Field::Value)
                    .is_some_and(|it| opens(world.text(it)))
        })
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
    if name == "open" && !world.is_rust(call) {
        let mode = world.positional(call).get(1).copied();
        let mode = mode.or_else(|| world.keyword(call, "mode"));
        return mode
            .and_then(|it| world.string(it))
            .is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']));
    }
    if whole.ends_with("fs::write")
        || whole.ends_with("File::create")
        || matches!(
            whole,
            "os.remove" | "os.unlink" | "os.rename" | "shutil.move" | "shutil.copy"
        )
        || matches!(
            name,
            "write_text" | "write_bytes" | "remove_file" | "create_dir_all" | "create_dir"
        )
    {
        return true;
    }
    if matches!(
        name,
        "execute" | "executemany" | "query" | "execute_query" | "run_query" | "query_as"
    ) {
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
            | "delete_cookie"
            | "unset_cookie"
            | "set_data"
            | "add_argument"
    );
    !plain && words::is_change(name)
}

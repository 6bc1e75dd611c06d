//! What binds names in Rust.

use crate::arena::NodeId;
use crate::lang::{Field, Role};
use crate::names::{Binding, Builder, Path, ScopeKind, anchored};

/// Reads all bindings of a file in one pass.
pub fn bind(builder: &mut Builder<'_>) {
    builder.set_shadowing();
    let arena = builder.code().arena;
    for id in arena.ids().skip(1) {
        builder.enter(id);
        match arena.role(id) {
            Role::Function => {
                define(builder, id);
                builder.open_scope(id, ScopeKind::Local);
                bind_parameters(builder, id);
            }
            Role::Lambda => {
                builder.open_scope(id, ScopeKind::Local);
                bind_parameters(builder, id);
            }
            Role::InnerModule => {
                define(builder, id);
                builder.open_scope(id, ScopeKind::Module);
            }
            Role::Impl | Role::Trait => {
                if arena.role(id) == Role::Trait {
                    define(builder, id);
                }
                builder.open_scope(id, ScopeKind::Local);
                bind_self(builder, id);
            }
            Role::Class => define(builder, id),
            Role::Constant => constant(builder, id),
            Role::Block | Role::Case | Role::If | Role::While => {
                builder.open_scope(id, ScopeKind::Local);
            }
            Role::For => {
                builder.open_scope(id, ScopeKind::Local);
                if let Some(pattern) = arena.field(id, Field::Pattern) {
                    bind_pattern(builder, pattern);
                }
            }
            Role::Let => let_binding(builder, id),
            Role::Assignment | Role::AugmentedAssignment => mutation(builder, id),
            Role::Import => import(builder, id),
            Role::Other if arena.kind_name(id) == "match_pattern" => {
                bind_pattern(builder, id);
            }
            Role::Other if arena.kind_name(id) == "macro_definition" => define(builder, id),
            _ => {}
        }
    }
}

fn put<'a>(builder: &mut Builder<'a>, name: NodeId, binding: Binding<'a>) {
    let code = builder.code();
    let scope = builder.current();
    // Items hold in their whole scope, `let` from the end of the statement on.
    let at = match binding {
        Binding::Definition(_) | Binding::Import(_) => 0,
        _ => code.arena.node(name).start,
    };
    builder.bind(scope, code.text_of(name), at, binding);
}

fn define(builder: &mut Builder<'_>, id: NodeId) {
    if let Some(name) = builder.code().arena.field(id, Field::Name) {
        put(builder, name, Binding::Definition(id));
    }
}

fn bind_self<'a>(builder: &mut Builder<'a>, id: NodeId) {
    let scope = builder.current();
    if let Some(kind) = builder.code().arena.field(id, Field::Type) {
        builder.bind(scope, "Self", 0, Binding::Value(kind));
        builder.bind(scope, "self", 0, Binding::Typed(kind));
    }
}

fn constant(builder: &mut Builder<'_>, id: NodeId) {
    let arena = builder.code().arena;
    let Some(name) = arena.field(id, Field::Name) else {
        return;
    };
    let scope = builder.current();
    let text = builder.code().text_of(name);
    let binding = match (arena.field(id, Field::Type), arena.field(id, Field::Value)) {
        (Some(kind), Some(value)) => Binding::TypedValue(kind, value),
        (None, Some(value)) => Binding::Value(value),
        (Some(kind), None) => Binding::Typed(kind),
        (None, None) => Binding::Opaque,
    };
    builder.bind(scope, text, 0, binding);
}

fn bind_parameters(builder: &mut Builder<'_>, id: NodeId) {
    let arena = builder.code().arena;
    let Some(parameters) = arena.field(id, Field::Parameters) else {
        return;
    };
    for parameter in arena.children(parameters) {
        let pattern = arena.field(parameter, Field::Pattern);
        match (pattern, arena.field(parameter, Field::Type)) {
            (Some(name), Some(kind)) if arena.role(name) == Role::Identifier => {
                put(builder, name, Binding::Typed(kind));
            }
            (Some(pattern), _) => bind_pattern(builder, pattern),
            (None, _) if arena.role(parameter) != Role::Parameter => {
                bind_pattern(builder, parameter);
            }
            _ => {}
        }
    }
}

/// `let x = v`: the value; any other pattern binds its names without one.
fn let_binding(builder: &mut Builder<'_>, id: NodeId) {
    let arena = builder.code().arena;
    let Some(pattern) = arena.field(id, Field::Pattern) else {
        return;
    };
    let name = match arena.kind_name(pattern) {
        "mut_pattern" => arena.children(pattern).last().unwrap_or(pattern),
        _ => pattern,
    };
    if arena.role(name) != Role::Identifier {
        return bind_pattern(builder, pattern);
    }
    let binding = match (arena.field(id, Field::Type), arena.field(id, Field::Value)) {
        (Some(kind), Some(value)) => Binding::TypedValue(kind, value),
        (None, Some(value)) => Binding::Value(value),
        (Some(kind), None) => Binding::Typed(kind),
        (None, None) => Binding::Opaque,
    };
    let scope = builder.current();
    let text = builder.code().text_of(name);
    // In `let x = f(x)` the right side still sees the old name.
    builder.bind(scope, text, arena.node(id).end, binding);
}

/// Lower-case identifiers in a pattern are bindings; the rest are constants, types and variants.
fn bind_pattern(builder: &mut Builder<'_>, pattern: NodeId) {
    let code = builder.code();
    for id in code.arena.subtree(pattern) {
        let lower = || {
            code.text_of(id)
                .starts_with(|first: char| first.is_lowercase() || first == '_')
        };
        let is_name = matches!(
            code.arena.kind_name(id),
            "identifier" | "shorthand_field_identifier"
        );
        let qualified = code
            .arena
            .parent(id)
            .is_some_and(|parent| matches!(code.arena.role(parent), Role::Scoped | Role::Call));
        if is_name && !qualified && lower() {
            put(builder, id, Binding::Opaque);
        }
    }
}

/// `x = v` after `let mut x`: from here on nothing is known of `x`.
fn mutation(builder: &mut Builder<'_>, id: NodeId) {
    let code = builder.code();
    if let Some(left) = code.arena.field(id, Field::Left)
        && code.arena.role(left) == Role::Identifier
    {
        put(builder, left, Binding::Opaque);
    }
}

fn import(builder: &mut Builder<'_>, id: NodeId) {
    let arena = builder.code().arena;
    if arena.kind_name(id) == "extern_crate_declaration" {
        let name = arena.field(id, Field::Name);
        let bound = arena.field(id, Field::Alias).or(name);
        if let (Some(name), Some(bound)) = (name, bound) {
            let path = vec![builder.code().text_of(name)];
            put(builder, bound, Binding::Import(path));
        }
        return;
    }
    if let Some(argument) = arena.field(id, Field::Argument) {
        use_tree(builder, argument, &Vec::new(), MAX_USE_DEPTH);
    }
}

/// Nesting of `use` trees beyond which their names are not read.
const MAX_USE_DEPTH: u32 = 64;

fn use_tree<'a>(builder: &mut Builder<'a>, tree: NodeId, prefix: &Path<'a>, depth: u32) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    let code = builder.code();
    let arena = code.arena;
    match arena.kind_name(tree) {
        "use_as_clause" => {
            let path = arena.field(tree, Field::Path);
            let alias = arena.field(tree, Field::Alias);
            if let (Some(path), Some(alias)) = (path, alias) {
                let path = join(builder, prefix, path);
                put(builder, alias, Binding::Import(path));
            }
        }
        "use_list" => {
            for part in arena.children(tree) {
                use_tree(builder, part, prefix, depth);
            }
        }
        "scoped_use_list" => {
            let prefix = match arena.field(tree, Field::Path) {
                Some(path) => join(builder, prefix, path),
                None => prefix.clone(),
            };
            if let Some(list) = arena.field(tree, Field::List) {
                use_tree(builder, list, &prefix, depth);
            }
        }
        "use_wildcard" => {
            let path = match arena
                .children(tree)
                .find(|&part| arena.role(part) != Role::Token)
            {
                Some(path) => join(builder, prefix, path),
                None => prefix.clone(),
            };
            builder.bind_glob(path);
        }
        "self" if !prefix.is_empty() => {
            let scope = builder.current();
            let name = prefix[prefix.len() - 1];
            builder.bind(scope, name, 0, Binding::Import(prefix.clone()));
        }
        _ => {
            let path = join(builder, prefix, tree);
            if let Some(&name) = path.last() {
                let scope = builder.current();
                builder.bind(scope, name, 0, Binding::Import(path));
            }
        }
    }
}

/// `prefix` and the segments of `path`. `crate` stays, `self` and `super` are counted from the
/// file's own module.
fn join<'a>(builder: &Builder<'a>, prefix: &Path<'a>, path: NodeId) -> Path<'a> {
    let code = builder.code();
    let ids = code.arena.subtree(path);
    let names = ids.filter(|&id| code.arena.role(id) == Role::Identifier);
    let mut joined = prefix.clone();
    joined.extend(names.map(|id| code.text_of(id)));
    if prefix.is_empty() {
        joined = anchored(&builder.inline_modules(), &joined);
    }
    joined
}

//! What binds names in Python.

use crate::arena::{Code, NodeId};
use crate::lang::{Field, Role};
use crate::names::{Binding, Builder, Path, ScopeKind};

/// Reads all bindings of a file in one pass.
pub fn bind(builder: &mut Builder<'_>) {
    let arena = builder.code().arena;
    for id in arena.ids().skip(1) {
        builder.enter(id);
        match arena.role(id) {
            Role::Function => {
                define(builder, id);
                builder.open_scope(id, ScopeKind::Local);
                if let Some(parameters) = arena.field(id, Field::Parameters) {
                    bind_parameters(builder, parameters);
                }
            }
            Role::Class => {
                define(builder, id);
                builder.open_scope(id, ScopeKind::Class);
            }
            Role::Lambda => {
                builder.open_scope(id, ScopeKind::Local);
                if let Some(parameters) = arena.field(id, Field::Parameters) {
                    bind_parameters(builder, parameters);
                }
            }
            Role::Comprehension => builder.open_scope(id, ScopeKind::Local),
            Role::Import => import(builder, id),
            Role::ImportFrom => import_from(builder, id),
            Role::Assignment => assignment(builder, id),
            Role::AugmentedAssignment | Role::For | Role::ForIn => {
                if let Some(left) = arena.field(id, Field::Left) {
                    bind_targets(builder, left, None);
                }
            }
            Role::NamedExpression => {
                let value = arena.field(id, Field::Value);
                if let Some(name) = arena.field(id, Field::Name) {
                    bind_targets(builder, name, value);
                }
            }
            Role::Global => declare_global(builder, id),
            Role::Other if arena.kind_name(id) == "as_pattern" => as_pattern(builder, id),
            Role::Except => {
                if let Some(alias) = arena.field(id, Field::Alias) {
                    bind_targets(builder, alias, None);
                }
            }
            _ => {}
        }
    }
}

fn put<'a>(builder: &mut Builder<'a>, name: NodeId, binding: Binding<'a>) {
    let code = builder.code();
    let scope = builder.current();
    builder.bind(
        scope,
        code.text_of(name),
        code.arena.node(name).start,
        binding,
    );
}

fn define(builder: &mut Builder<'_>, id: NodeId) {
    if let Some(name) = builder.code().arena.field(id, Field::Name) {
        put(builder, name, Binding::Definition(id));
    }
}

fn bind_parameters(builder: &mut Builder<'_>, parameters: NodeId) {
    let arena = builder.code().arena;
    for parameter in arena.children(parameters) {
        match arena.role(parameter) {
            Role::Parameter => {
                let name = arena
                    .field(parameter, Field::Name)
                    .or_else(|| arena.children(parameter).next());
                let binding = match arena.field(parameter, Field::Type) {
                    Some(kind) => Binding::Typed(kind),
                    None => Binding::Opaque,
                };
                match name {
                    Some(name) if arena.role(name) == Role::Identifier => {
                        put(builder, name, binding);
                    }
                    Some(name) => bind_targets(builder, name, None),
                    None => {}
                }
            }
            _ => bind_targets(builder, parameter, None),
        }
    }
}

/// Binds every name in an assignment target. Only a plain name keeps the value.
fn bind_targets(builder: &mut Builder<'_>, target: NodeId, value: Option<NodeId>) {
    let arena = builder.code().arena;
    match arena.role(target) {
        Role::Identifier => {
            put(
                builder,
                target,
                value.map_or(Binding::Opaque, Binding::Value),
            );
        }
        Role::Attribute => bind_attribute(builder, target, value),
        Role::Tuple | Role::List | Role::Splat | Role::DictSplat => {
            let targets: Vec<_> = arena.children(target).collect();
            let values = pairwise(builder.code(), targets.len(), value);
            for (part, value) in targets.into_iter().zip(values) {
                bind_targets(builder, part, value);
            }
        }
        Role::Other if arena.kind_name(target) == "as_pattern_target" => {
            for part in arena.children(target) {
                bind_targets(builder, part, value);
            }
        }
        _ => {}
    }
}

/// `a, b = 1, 2` pairs targets and values when the shapes agree.
fn pairwise(code: Code<'_>, targets: usize, value: Option<NodeId>) -> Vec<Option<NodeId>> {
    if let Some(value) = value.filter(|&value| code.arena.role(value) == Role::Tuple) {
        let items: Vec<_> = code.arena.children(value).collect();
        if items.len() == targets {
            return items.into_iter().map(Some).collect();
        }
    }
    vec![None; targets]
}

/// `self.x = value` is remembered in the class under the text `self.x`.
fn bind_attribute(builder: &mut Builder<'_>, target: NodeId, value: Option<NodeId>) {
    let code = builder.code();
    let text = code.text_of(target);
    let own = text.strip_prefix("self.");
    if own.is_none_or(|rest| rest.contains('.')) {
        return;
    }
    if let Some(class) = builder.nearest(ScopeKind::Class) {
        let start = code.arena.node(target).start;
        builder.bind(
            class,
            text,
            start,
            value.map_or(Binding::Opaque, Binding::Value),
        );
    }
}

fn assignment(builder: &mut Builder<'_>, id: NodeId) {
    let arena = builder.code().arena;
    let Some(left) = arena.field(id, Field::Left) else {
        return;
    };
    let value = arena.field(id, Field::Right);
    match (arena.field(id, Field::Type), value) {
        (Some(kind), value) if arena.role(left) == Role::Identifier => {
            let binding = match value {
                Some(value) => Binding::TypedValue(kind, value),
                None => Binding::Typed(kind),
            };
            put(builder, left, binding);
        }
        (_, Some(value)) => {
            // `a = b = 1`: the value of the outer one is the innermost right side.
            let innermost = std::iter::successors(Some(value), |&at| {
                (arena.role(at) == Role::Assignment).then(|| arena.field(at, Field::Right))?
            })
            .last();
            bind_targets(builder, left, innermost);
        }
        (_, None) => bind_targets(builder, left, None),
    }
}

/// `with open(p) as f`: the target holds what the context manager gives, nearly always itself.
fn as_pattern(builder: &mut Builder<'_>, id: NodeId) {
    let arena = builder.code().arena;
    let Some(alias) = arena.field(id, Field::Alias) else {
        return;
    };
    let in_with = arena
        .parent(id)
        .is_some_and(|parent| arena.role(parent) == Role::WithItem);
    let value = arena.children(id).next().filter(|_| in_with);
    bind_targets(builder, alias, value);
}

fn declare_global(builder: &mut Builder<'_>, id: NodeId) {
    // The function's assignments are not the name's only ones, so it is opaque everywhere.
    let code = builder.code();
    for name in code.arena.children(id) {
        put(builder, name, Binding::Opaque);
        if let Some(module) = builder.nearest(ScopeKind::Module) {
            let start = code.arena.node(name).start;
            builder.bind(module, code.text_of(name), start, Binding::Opaque);
        }
    }
}

/// Segments of a dotted name.
fn segments<'a>(code: Code<'a>, dotted: NodeId) -> Path<'a> {
    code.arena
        .children(dotted)
        .filter(|&part| code.arena.role(part) == Role::Identifier)
        .map(|part| code.text_of(part))
        .collect()
}

fn import(builder: &mut Builder<'_>, id: NodeId) {
    let code = builder.code();
    for child in code.arena.children(id) {
        match code.arena.role(child) {
            // `import a.b` binds `a`.
            Role::Scoped => {
                if let Some(first) = code.arena.children(child).next() {
                    put(builder, first, Binding::Import(vec![code.text_of(first)]));
                }
            }
            Role::AliasedImport => {
                let name = code.arena.field(child, Field::Name);
                let alias = code.arena.field(child, Field::Alias);
                if let (Some(name), Some(alias)) = (name, alias) {
                    put(builder, alias, Binding::Import(segments(code, name)));
                }
            }
            _ => {}
        }
    }
}

fn import_from(builder: &mut Builder<'_>, id: NodeId) {
    let code = builder.code();
    let Some(module) = code.arena.field(id, Field::ModuleName) else {
        return;
    };
    let base = module_path(builder, module);
    for child in code.arena.children(id).filter(|&child| child != module) {
        match code.arena.role(child) {
            Role::Scoped => {
                let mut path = base.clone();
                path.extend(segments(code, child));
                if let Some(name) = code.arena.children(child).next() {
                    put(builder, name, Binding::Import(path));
                }
            }
            Role::AliasedImport => {
                let name = code.arena.field(child, Field::Name);
                let alias = code.arena.field(child, Field::Alias);
                if let (Some(name), Some(alias)) = (name, alias) {
                    let mut path = base.clone();
                    path.extend(segments(code, name));
                    put(builder, alias, Binding::Import(path));
                }
            }
            Role::WildcardImport => builder.bind_glob(base.clone()),
            _ => {}
        }
    }
}

/// Path of the module after `from`, relative ones counted from the file's own.
fn module_path<'a>(builder: &Builder<'a>, module: NodeId) -> Path<'a> {
    let code = builder.code();
    if code.arena.role(module) == Role::Scoped {
        return segments(code, module);
    }
    let dots = code
        .text_of(module)
        .bytes()
        .take_while(|&byte| byte == b'.')
        .count();
    let own = builder.module();
    let mut path = own[..own.len().saturating_sub(dots)].to_vec();
    for child in code.arena.children(module) {
        if code.arena.role(child) == Role::Scoped {
            path.extend(segments(code, child));
        }
    }
    path
}

//! What is read without running code: decorators, annotations, defaults.

use super::Lowering;
use crate::arena::NodeId;
use crate::ir::{Name, QualifiedName, Static};
use crate::lang::{Field, Role};
use crate::names::Root;

impl Lowering<'_, '_> {
    /// The static reading of an expression. Names of this file's top level begin with a dot.
    pub(super) fn fixed(&self, node: NodeId) -> Static {
        self.fixed_to(node, 8)
    }

    fn fixed_to(&self, node: NodeId, depth: u32) -> Static {
        let arena = self.arena();
        let Some(depth) = depth.checked_sub(1) else {
            return Static::Unknown;
        };
        match arena.role(node) {
            Role::Identifier | Role::Attribute | Role::Scoped => {
                self.qualified(node).map_or(Static::Unknown, Static::Name)
            }
            Role::Call => self.fixed_call(node, depth),
            Role::Generic | Role::Subscript => self.fixed_generic(node, depth),
            Role::Binary => Static::Generic("|".into(), self.fixed_children(node, depth)),
            _ => match self.names.constant(node) {
                Some(value) => Static::Const(value),
                None => Static::Unknown,
            },
        }
    }

    fn fixed_children(&self, node: NodeId, depth: u32) -> Vec<Static> {
        let arena = self.arena();
        arena
            .children(node)
            .filter(|&child| arena.role(child) != Role::Token)
            .map(|child| self.fixed_to(child, depth))
            .collect()
    }

    fn fixed_call(&self, node: NodeId, depth: u32) -> Static {
        let arena = self.arena();
        let callee = arena.field(node, Field::Function);
        let Some(callee) = callee.and_then(|it| self.qualified(it)) else {
            return Static::Unknown;
        };
        let (mut args, mut kwargs) = (Vec::new(), Vec::new());
        if let Some(list) = arena.field(node, Field::Arguments) {
            for argument in arena.children(list) {
                if arena.role(argument) != Role::KeywordArgument {
                    args.push(self.fixed_to(argument, depth));
                    continue;
                }
                let name = arena.field(argument, Field::Name);
                let value = arena.field(argument, Field::Value);
                if let (Some(name), Some(value)) = (name, value) {
                    let name: Name = self.text(name).into();
                    kwargs.push((name, self.fixed_to(value, depth)));
                }
            }
        }
        Static::Call {
            callee,
            args,
            kwargs,
        }
    }

    fn fixed_generic(&self, node: NodeId, depth: u32) -> Static {
        let arena = self.arena();
        let mut children = arena.children(node);
        let Some(name) = children.next().and_then(|it| self.qualified(it)) else {
            return Static::Unknown;
        };
        let mut args = Vec::new();
        for child in children {
            match arena.role(child) {
                Role::Other => args.extend(self.fixed_children(child, depth)),
                _ => args.push(self.fixed_to(child, depth)),
            }
        }
        Static::Generic(name, args)
    }

    /// The name that an expression means, if it is one.
    pub(super) fn qualified(&self, node: NodeId) -> Option<QualifiedName> {
        let resolved = self.names.resolve(node)?;
        let path = resolved.path.join(".");
        Some(match resolved.root {
            Root::Imported | Root::Unbound | Root::Project => path.into(),
            Root::Defined | Root::Local => format!(".{path}").into(),
        })
    }
}

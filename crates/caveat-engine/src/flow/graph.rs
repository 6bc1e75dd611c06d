//! In which order functions are run: callees before callers, cycles together.

use caveat_parser::ir::{Op, Rvalue};
use rustc_hash::{FxHashMap, FxHashSet};

use super::program::Program;
use super::value::FunctionRef;

/// Groups of functions that call one another; each group only calls those before it, or none that
/// is known. Groups of one level do not call one another.
pub struct Order {
    /// Levels of groups.
    pub levels: Vec<Vec<Vec<FunctionRef>>>,
    /// Level of each function, for those that ask whether another comes before.
    pub group: FxHashMap<FunctionRef, u32>,
}

/// Methods of one name that a call with an unknown receiver is thought to reach.
const MOST_NAMESAKES: usize = 12;

/// Orders functions, top levels left out.
pub fn order(program: &Program<'_>, functions: &FxHashSet<FunctionRef>) -> Order {
    let all = program.functions();
    let functions: Vec<FunctionRef> = all
        .filter(|it| it.id.0 > 0 && functions.contains(it))
        .collect();
    let number: FxHashMap<FunctionRef, u32> = (0u32..)
        .zip(&functions)
        .map(|(at, function)| (*function, at))
        .collect();
    let edges: Vec<Vec<u32>> = functions
        .iter()
        .map(|function| callees(program, *function, &number))
        .collect();
    let groups = components(&edges);
    let mut component = vec![0u32; functions.len()];
    for (at, group) in (0u32..).zip(&groups) {
        for function in group {
            component[*function as usize] = at;
        }
    }
    // A group comes after all that it calls, so levels can be counted in order.
    let mut level = vec![0u32; groups.len()];
    for (at, group) in groups.iter().enumerate() {
        let called = group.iter().flat_map(|it| &edges[*it as usize]);
        let above = called
            .map(|it| component[*it as usize] as usize)
            .filter(|it| *it != at)
            .map(|it| level[it] + 1);
        level[at] = above.max().unwrap_or(0);
    }
    let count = level.iter().max().map_or(0, |it| it + 1);
    let mut levels = vec![Vec::new(); count as usize];
    let mut group_of = FxHashMap::default();
    for (at, group) in groups.iter().enumerate() {
        let mut members: Vec<FunctionRef> =
            group.iter().map(|it| functions[*it as usize]).collect();
        members.sort_unstable();
        for member in &members {
            group_of.insert(*member, level[at]);
        }
        levels[level[at] as usize].push(members);
    }
    for level in &mut levels {
        level.sort_unstable();
    }
    Order {
        levels,
        group: group_of,
    }
}

fn callees(
    program: &Program<'_>,
    function: FunctionRef,
    number: &FxHashMap<FunctionRef, u32>,
) -> Vec<u32> {
    let own = program.function(function);
    let mut found: Vec<u32> = Vec::new();
    let mut add = |callee: FunctionRef| {
        if callee != function {
            found.extend(number.get(&callee));
        }
    };
    let imports = super::program::imports(own);
    for instr in own.blocks.iter().flat_map(|block| &block.body) {
        match &instr.op {
            Op::Call(call) => {
                let callees =
                    program.callees(function.file, &call.callee, &imports, MOST_NAMESAKES);
                for callee in callees {
                    add(callee);
                }
                for callee in program.passed(function.file, call) {
                    add(callee);
                }
            }
            Op::Assign(_, Rvalue::Closure(id, _)) => add(FunctionRef {
                file: function.file,
                id: *id,
            }),
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Strongly connected components, callees first (Tarjan, "Depth-First Search and Linear Graph
/// Algorithms", 1972; without recursion).
fn components(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    const NEW: u32 = u32::MAX;
    let mut index = vec![NEW; edges.len()];
    let mut low = vec![0u32; edges.len()];
    let mut is_open = vec![false; edges.len()];
    let (mut next, mut open, mut found) = (0u32, Vec::new(), Vec::new());
    for root in 0..edges.len() as u32 {
        if index[root as usize] != NEW {
            continue;
        }
        let mut path: Vec<(u32, usize)> = vec![(root, 0)];
        while let Some((node, edge)) = path.last_mut() {
            let at = *node as usize;
            if *edge == 0 {
                (index[at], low[at]) = (next, next);
                next += 1;
                open.push(*node);
                is_open[at] = true;
            }
            if let Some(&to) = edges[at].get(*edge) {
                *edge += 1;
                if index[to as usize] == NEW {
                    path.push((to, 0));
                } else if is_open[to as usize] {
                    low[at] = low[at].min(index[to as usize]);
                }
                continue;
            }
            let done = *node;
            path.pop();
            if let Some((above, _)) = path.last() {
                low[*above as usize] = low[*above as usize].min(low[at]);
            }
            if low[at] == index[at] {
                let start = open.iter().rposition(|it| *it == done).unwrap_or(0);
                let group: Vec<u32> = open.split_off(start);
                for member in &group {
                    is_open[*member as usize] = false;
                }
                found.push(group);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_one_group_and_callees_come_first() {
        // 0 -> 1 -> 2 -> 1, 2 -> 3
        let groups = components(&[vec![1], vec![2], vec![1, 3], vec![]]);
        let sorted: Vec<Vec<u32>> = groups
            .into_iter()
            .map(|mut group| {
                group.sort_unstable();
                group
            })
            .collect();
        assert_eq!(sorted, [vec![3], vec![1, 2], vec![0]]);
    }
}

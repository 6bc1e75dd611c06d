use caveat_parser::*;
fn main() {
    let p = std::env::args().nth(1).unwrap();
    let t = std::fs::read_to_string(&p).unwrap();
    let a = Parsers::default()
        .parse(Language::from_path(&p), &t, None)
        .unwrap();
    for id in a.ids() {
        let d = a.ancestors(id).count();
        let n = a.node(id);
        let text = &t[n.start as usize..n.end as usize];
        println!(
            "{}{} {:?} [{:?}] {:?}",
            "  ".repeat(d),
            a.kind_name(id),
            n.role,
            n.field,
            text.lines().next().unwrap_or("")
        );
    }
}

use caveat_parser::*;
fn main() {
    for p in std::env::args().skip(1) {
        let t = std::fs::read(&p).unwrap();
        let t = String::from_utf8_lossy(&t).into_owned();
        let l = Language::from_path(&p);
        let a = Parsers::default().parse(l, &t, None).unwrap();
        let n = Names::new(
            Code {
                arena: &a,
                text: &t,
            },
            &["m"],
        );
        let u = (l.definition().lower.unwrap())(&n);
        if std::env::var("Q").is_err() {
            println!("{u}");
        } else {
            let _ = u.to_string();
        }
    }
}

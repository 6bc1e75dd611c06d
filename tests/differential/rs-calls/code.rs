use std::process::Command;
use std::env as e;
use std::fs::{read, write as w};

fn main() {
    foo();
    foo(1);
    foo(1, 2);
    foo::<u8>(1);
    x.foo(1);
    x.bar().foo(1);
    Command::new("ls").arg("a").spawn().unwrap();
    std::process::Command::new("x");
    e::var("K").unwrap();
    e::var("K").expect("m");
    read("f");
    w("f", b"x");
    println!("a {}", b);
    vec![1, 2];
    assert_eq!(a, a);
    assert_eq!(a, b);
    let c = |x| foo(x);
    S { a: 1, b: 2 };
    foo(&x);
    foo(&mut x);
    foo(*x);
    foo(x?);
    foo(x as u8);
    foo((1, 2));
    foo([1, 2]);
    a[1];
    a.b.c;
    Self::foo(1);
    <T as U>::foo(1);
}

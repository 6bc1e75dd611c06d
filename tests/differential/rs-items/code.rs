use std::mem::transmute;

pub fn a(x: u8) -> u8 {
    let y = x;
    if y > 1 {
        return y;
    }
    unsafe { g(y) }
}

async fn b(x: &str) {
    let mut z = 1;
    z += 1;
    while true {
        break;
    }
    for i in 0..3 {
        h(i);
    }
    match x {
        "a" => h(1),
        _ => h(2),
    }
    loop {
        h(z);
        h(z);
    }
    if let Some(q) = p {
        h(q);
    } else {
        h(0);
    }
}

struct S {
    a: u8,
}

impl S {
    fn m(&self) {
        self.a;
        let k: u8 = 1;
    }
}

#[test]
fn t() {
    unsafe {
        h(1);
        transmute(2);
    }
}

static N: &str = "n";
const M: u8 = 1;
type A = u8;

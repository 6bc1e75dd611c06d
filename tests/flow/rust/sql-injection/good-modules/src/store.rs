fn open() -> rusqlite::Connection {
    rusqlite::Connection::open("a.db").unwrap()
}

pub fn run_number(text: &str) {
    open().execute(text, []).ok(); // fine: a number
}

pub fn run_checked(name: &str) {
    open().execute(&format!("SELECT {name}"), []).ok(); // fine: a word
}

pub fn run_cleaned(name: &str) {
    open().execute(&format!("SELECT {name}"), []).ok(); // fine: a word
}

pub fn run_chosen(column: &str) {
    open().execute(&format!("SELECT {column}"), []).ok(); // fine: one of the constants
}

pub fn run_sorted(column: &str) {
    open().execute(&format!("SELECT {column}"), []).ok(); // fine: one of the constants
}

pub fn run_bound(name: &str) {
    open().execute("SELECT ?1", [name]).ok(); // fine: bound
}

pub fn run_other(table: &str) {
    open().execute(&format!("SELECT * FROM {table}"), []).ok(); // fine: the other field
}

pub fn run_typed(id: i64) {
    open().execute(&format!("SELECT {id}"), []).ok(); // fine: a number
}

pub fn run_listed(name: &str) {
    open().execute(&format!("SELECT {name}"), []).ok(); // fine: one of the constants
}

pub fn run_ignored(name: &str) {
    open().execute(&format!("SELECT {name}"), []).ok(); // fine: a constant
}

pub fn run_reset(name: &str) {
    open().execute(&format!("SELECT {name}"), []).ok(); // fine: a constant
}

pub fn run_counted(count: usize) {
    open().execute(&format!("SELECT {count}"), []).ok(); // fine: a number
}

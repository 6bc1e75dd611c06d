use std::collections::HashMap;

pub struct Invalid;

pub fn wrap(id: u32) -> String {
    format!("SELECT {id}")
}

pub fn check(name: &str) -> Result<(), Invalid> {
    if name.chars().any(|c| !c.is_ascii_alphanumeric()) {
        return Err(Invalid);
    }
    Ok(())
}

pub fn clean(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect()
}

pub fn column(name: Option<&str>) -> &'static str {
    match name {
        Some("age") => "age",
        _ => "name",
    }
}

pub enum Sort {
    Name,
    Age,
}

impl Sort {
    pub fn parse(name: &str) -> Option<Sort> {
        match name {
            "name" => Some(Sort::Name),
            "age" => Some(Sort::Age),
            _ => None,
        }
    }

    pub fn sql(&self) -> &'static str {
        match self {
            Sort::Name => "name",
            Sort::Age => "age",
        }
    }
}

pub struct Searcher {
    name: String,
    table: &'static str,
}

impl Searcher {
    pub fn new(name: String) -> Self {
        Searcher { name, table: "users" }
    }

    pub fn table(&self) -> &str {
        self.table
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

pub fn identifier(name: &str) -> Result<i64, std::num::ParseIntError> {
    name.parse::<i64>()
}

const KNOWN: [&str; 2] = ["users", "groups"];

pub fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

pub fn ignore(_name: &str) -> String {
    "users".to_string()
}

pub fn reset(text: &mut String, _name: &str) {
    text.clear();
}

pub fn count(q: &HashMap<String, String>) -> usize {
    q.len()
}

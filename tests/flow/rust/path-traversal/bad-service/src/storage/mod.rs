mod disk;

pub use disk::{Disk, Files};

pub trait Storage: Send + Sync {
    fn remove(&self, name: &str);
}

use std::path::PathBuf;

use super::Storage;

pub struct Files {
    root: PathBuf,
}

impl Files {
    pub async fn read(&self, name: &str) -> std::io::Result<Vec<u8>> {
        let path = self.path(name);
        tokio::fs::read(path).await // expect-miss: path-traversal (files of types that only fields name are not looked up)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

pub struct Disk {
    root: PathBuf,
}

impl Storage for Disk {
    fn remove(&self, name: &str) {
        std::fs::remove_file(self.root.join(name)).ok(); // expect-miss: path-traversal (files of types that only fields name are not looked up)
    }
}

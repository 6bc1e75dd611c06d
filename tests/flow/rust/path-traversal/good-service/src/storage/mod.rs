mod disk;

pub use disk::{Files, load};

pub struct Error;

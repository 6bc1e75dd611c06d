mod handlers;
mod service;
mod store;

fn main() {
    let _ = axum::Router::<()>::new();
}

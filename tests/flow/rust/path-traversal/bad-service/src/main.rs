mod routes;
mod storage;

#[tokio::main]
async fn main() {}
